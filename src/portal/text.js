/* text.js: the language, texts by key, dates and numbers as people of that language write them. */

import english from './texts/en.js';

export const languages = {en: 'English', de: 'Deutsch'};

let texts = english;
let locale = 'en';    /* the same, as people of the browser's country write dates and numbers */
let plural = new Intl.PluralRules('en');
export let language = 'en';

function wanted() {
    try {
        const kept = localStorage.getItem('lang');
        if (kept && Object.hasOwn(languages, kept)) return kept;
    } catch { /* storage may be switched off: then the browser's language it is */ }
    const short = (navigator.language || 'en').slice(0, 2).toLowerCase();
    return Object.hasOwn(languages, short) ? short : 'en';
}

/* en-GB where the browser says so and English is spoken; some browsers say what is no language. */
function localeOf(name) {
    const full = navigator.language || '';
    try {
        return new Intl.Locale(full).language === name && Intl.DateTimeFormat.supportedLocalesOf(full)[0] || name;
    } catch {
        return name;
    }
}

/* Loads the language; a further one is one more file in texts/ and one more name above. */
export async function loadLanguage(name = wanted()) {
    const file = await import(`./texts/${name}.js`);
    texts = file.default;
    language = name;
    locale = localeOf(name);
    plural = new Intl.PluralRules(name);
    document.documentElement.lang = name;
}

export function keepLanguage(name) {
    try {
        localStorage.setItem('lang', name);
    } catch { /* then it holds until the page is loaded anew */ }
}

function find(from, key) {
    return key.split('.').reduce((at, part) => (at && Object.hasOwn(at, part) ? at[part] : undefined), from);
}

/* The text of a key; {name} is replaced by values.name. A text of several forms is chosen by values.n. */
export function t(key, values = {}) {
    let text = find(texts, key) ?? find(english, key);
    if (text && typeof text === 'object') text = text[plural.select(values.n)] ?? text.other;
    if (typeof text !== 'string') return key;
    return text.replace(/\{(\w+)\}/g, (all, name) => {
        const value = values[name];
        if (value === undefined) return all;
        return typeof value === 'number' ? number(value) : String(value);
    });
}

/* Words for a name of the API, such as a reason; the name itself where there are none. */
export function word(group, name) {
    return find(texts, `${group}.${name}`) ?? find(english, `${group}.${name}`) ?? name;
}

/* A formatter of Intl takes long to make, and a long list wants it for each row: each is made once. */
const made = new Map();
function format(kind, options = {}) {
    const key = `${kind} ${locale} ${JSON.stringify(options)}`;
    if (!made.has(key)) made.set(key, new Intl[kind](locale, options));
    return made.get(key);
}

export function number(n) {
    return format('NumberFormat').format(n);
}

export function bytes(n) {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
    let at = 0;
    for (; n >= 1000 && at < 3; at++) n /= 1000;
    return format('NumberFormat', {style: 'unit', unit: units[at], unitDisplay: at ? 'short' : 'long', maximumFractionDigits: n < 10 && at ? 1 : 0}).format(n);
}

/* UTC seconds of the API; 0 is never. */
export function date(seconds) {
    if (!seconds) return t('time.never');
    return format('DateTimeFormat', {dateStyle: 'medium', timeStyle: 'short'}).format(new Date(seconds * 1000));
}

export function day(seconds) {
    if (!seconds) return t('time.never');
    return format('DateTimeFormat', {dateStyle: 'medium'}).format(new Date(seconds * 1000));
}

export function clock(seconds, withDay) {
    const how = withDay ? {weekday: 'short', hour: '2-digit', minute: '2-digit'} : {hour: '2-digit', minute: '2-digit'};
    return format('DateTimeFormat', how).format(new Date(seconds * 1000));
}

const steps = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];

export function ago(seconds) {
    if (!seconds) return t('time.never');
    const distance = seconds - Date.now() / 1000;
    const [unit, size] = steps.find(([, length]) => Math.abs(distance) >= length) || steps[3];
    return format('RelativeTimeFormat', {numeric: 'auto'}).format(Math.trunc(distance / size), unit);
}
