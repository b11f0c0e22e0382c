/* editor.js: a textarea with line numbers, whose faults are marked at their line and listed below it. */

import {h, fill, uid} from './dom.js';
import {t} from './text.js';

export function codeEditor({label, value, readOnly = false, least = 12, most = 32}) {
    const id = uid('editor');
    const gutter = h('ol', {class: 'gutter', 'aria-hidden': 'true'});
    const area = h('textarea', {id, 'aria-label': label, wrap: 'off', spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off', readonly: readOnly, 'aria-describedby': `${id}-wrongs`, value,
        rows: Math.min(most, Math.max(least, value.split('\n').length + 1))});
    const wrongs = h('ul', {class: 'wrongs', id: `${id}-wrongs`, 'aria-live': 'polite'});
    let marked = new Set();

    function numbers() {
        const n = area.value.split('\n').length;
        while (gutter.children.length > n) gutter.lastChild.remove();
        while (gutter.children.length < n) gutter.append(h('li', {}, gutter.children.length + 1));
        [...gutter.children].forEach((one, i) => one.classList.toggle('wrong', marked.has(i + 1)));
    }
    function goTo(line, column) {
        const lines = area.value.split('\n');
        const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
        area.focus();
        area.setSelectionRange(at + Math.max(0, (column || 1) - 1), at + (lines[line - 1] || '').length);
        area.scrollTop = Math.max(0, (line - 4) * (area.scrollHeight / Math.max(1, lines.length)));
    }
    area.addEventListener('scroll', () => {
        gutter.scrollTop = area.scrollTop;
    });
    area.addEventListener('input', numbers);
    numbers();
    return {
        node: h('div', {class: 'form'}, h('div', {class: 'editor'}, gutter, area), wrongs),
        area, goTo,
        get value() {
            return area.value;
        },
        set value(text) {
            area.value = text;
            numbers();
        },
        /* problems: [{line, column, text}] */
        mark(problems) {
            marked = new Set(problems.map(one => one.line));
            numbers();
            if (problems.length) area.setAttribute('aria-invalid', 'true');
            else area.removeAttribute('aria-invalid');
            fill(wrongs, problems.map(one => h('li', {}, h('button', {type: 'button', class: 'plain small error', onclick: () => goTo(one.line, one.column)},
                one.line ? t('editor.at', {line: one.line, column: one.column || 1}) : '', h('span', {lang: one.own ? null : 'en'}, one.text)))));
        },
    };
}

/* Line and column of a message of the API, such as "line 3, column 7: unknown option 'x'". */
export function placeIn(message) {
    const found = /line (\d+)(?:, column (\d+))?:?\s*/.exec(message);
    if (!found) return {line: 0, column: 0, text: message};
    return {line: Number(found[1]), column: Number(found[2] || 1), text: message.slice(found.index + found[0].length) || message};
}

/* What is wrong with a JSON text: null or {line, column, text}. Browsers do not agree on telling the
 * place, so the text is walked through here: each token has to be one that may follow. */
export function jsonFault(text) {
    if (!text.trim()) return null;
    try {
        JSON.parse(text);
        return null;
    } catch { /* where? */ }
    const token = /\s*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;
    const open = [];
    let want = 'value', at = 0;
    for (;;) {
        token.lastIndex = at;
        const found = token.exec(text);
        const [sign, string] = found ? [found[1], found[2]] : [];
        const start = found ? token.lastIndex - found[0].trimStart().length : at + /^\s*/.exec(text.slice(at))[0].length;
        const inside = open[open.length - 1];
        let next = '';
        if (!found) next = '';
        else if (sign === '{' || sign === '[') {
            if (want.includes('value')) {
                open.push(sign);
                next = sign === '{' ? 'name or }' : 'value or ]';
            }
        } else if (sign === '}' || sign === ']') {
            if ((want.includes(sign) || want === 'comma') && inside === (sign === '}' ? '{' : '[')) {
                open.pop();
                next = open.length ? 'comma' : 'end';
            }
        } else if (sign === ',') next = want === 'comma' ? (inside === '{' ? 'name' : 'value') : '';
        else if (sign === ':') next = want === 'colon' ? 'value' : '';
        else if (want.includes('name')) next = string ? 'colon' : '';
        else if (want.includes('value')) next = open.length ? 'comma' : 'end';
        if (!next || (want === 'end' && found)) {
            const before = text.slice(0, start).split('\n');
            return {line: before.length, column: before[before.length - 1].length + 1, text: t('editor.noJson'), own: true};
        }
        want = next;
        at = token.lastIndex;
    }
}
