/* mac.js: MAC addresses as people and labels write them. */

/* 12 lower-case hex digits of any usual form, or '' */
export function bare(text) {
    const digits = String(text).trim().toLowerCase().replace(/[\s:.-]/g, '');
    return /^[0-9a-f]{12}$/.test(digits) ? digits : '';
}

export function colons(text) {
    const digits = bare(text);
    return digits ? digits.match(/../g).join(':') : String(text);
}

/* What is wrong with it: '', 'short', 'long', 'letters', 'group' (not of one device). */
export function fault(text) {
    const digits = String(text).trim().toLowerCase().replace(/[\s:.-]/g, '');
    if (/[^0-9a-f]/.test(digits)) return 'letters';
    if (digits.length < 12) return 'short';
    if (digits.length > 12) return 'long';
    return parseInt(digits.slice(0, 2), 16) & 1 || digits === '000000000000' ? 'group' : '';
}
