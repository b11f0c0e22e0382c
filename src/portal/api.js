/* api.js: calls of /api/v1. The cookie goes along by itself; what is refused is thrown as a Problem
 * (RFC 9457). Who is signed out meanwhile is asked to sign in, and the call is made again. */

import {t} from './text.js';

const BASE = '/api/v1';
let signInAgain = null;

/* ask: shows the sign-in and promises whether somebody signed in. Set by app.js. */
export function onSignedOut(ask) {
    signInAgain = ask;
}

export class Problem extends Error {
    constructor(status, body = {}, retryAfter = 0, what = '') {
        super(body.detail || body.title || t('problem.status', {status}));
        this.status = status;
        this.type = String(body.type || '').split(':').pop();
        this.pointer = body.pointer || '';
        this.body = body;
        this.retryAfter = retryAfter;
        this.call = what;
        this.own = !body.type || !status; /* the words are ours, in the language of the page */
    }
}

/* path`/phones/${mac}`: values as one piece of a path each. */
export function path(pieces, ...values) {
    return pieces.reduce((all, piece, i) => all + encodeURIComponent(values[i - 1]) + piece);
}

function address(where, query) {
    const wanted = Object.entries(query || {}).filter(([, value]) => value !== '' && value !== null && value !== undefined);
    return BASE + where + (wanted.length ? '?' + new URLSearchParams(wanted) : '');
}

async function content(response) {
    const text = await response.text();
    if (!text) return {};
    try {
        return JSON.parse(text);
    } catch {
        return {detail: t('problem.noJson')};
    }
}

/* what: query, body (an object), csv (text), etag (If-Match), key (Idempotency-Key), signal,
 * open (a 401 is an answer and no sign-out). Answers {status, data, etag}. */
export async function call(method, where, what = {}) {
    const headers = {Accept: 'application/json'};
    let body;
    if (what.csv !== undefined) {
        headers['Content-Type'] = 'text/csv';
        body = what.csv;
    } else if (method !== 'GET' && method !== 'DELETE') {
        headers['Content-Type'] = 'application/json';
        body = JSON.stringify(what.body ?? {});
    }
    if (what.etag) headers['If-Match'] = what.etag;
    if (what.key) headers['Idempotency-Key'] = what.key;
    let response;
    try {
        response = await fetch(address(where, what.query), {
            method, headers, body, signal: what.signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
        });
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new Problem(0, {type: 'unreachable', detail: t('problem.unreachable')});
    }
    if (response.status === 401 && !what.open && signInAgain && await signInAgain())
        return call(method, where, what);
    const data = await content(response);
    if (!response.ok) throw new Problem(response.status, data, Number(response.headers.get('Retry-After')) || 0, `${method} ${where}`);
    return {status: response.status, data, etag: response.headers.get('ETag') || ''};
}

export async function get(where, query, what) {
    return (await call('GET', where, {...what, query})).data;
}

export async function post(where, body, what) {
    return (await call('POST', where, {...what, body})).data;
}

export async function put(where, body, what) {
    return (await call('PUT', where, {...what, body})).data;
}

export async function patch(where, body, what) {
    return (await call('PATCH', where, {...what, body})).data;
}

export async function del(where, what) {
    return (await call('DELETE', where, what)).data;
}

/* Signs out; who is signed out already is, too. */
export async function endSession() {
    try {
        await call('DELETE', '/session', {open: true});
    } catch (error) {
        if (error.status !== 401) throw error;
    }
}

/* All pages of a list, one after the other. */
export async function* pages(where, query = {}, signal) {
    let after = '';
    do {
        const page = await get(where, {...query, after}, {signal});
        yield page;
        after = page.next;
    } while (after && !signal?.aborted);
}

/* All items of a list that is short by nature. */
export async function all(where, query, signal) {
    const items = [];
    for await (const page of pages(where, {limit: 1000, ...query}, signal)) items.push(...page.items);
    return items;
}

export function sleep(ms, signal) {
    return new Promise(done => {
        const timer = setTimeout(done, ms);
        signal?.addEventListener('abort', () => {
            clearTimeout(timer);
            done();
        }, {once: true});
    });
}

/* When somebody last did something: a page that looks by itself must not keep a session alive that nobody uses. */
const QUIET_MS = 10 * 60000;
let touched = Date.now();
['pointerdown', 'keydown', 'wheel'].forEach(name => addEventListener(name, () => {
    touched = Date.now();
}, {passive: true}));

/* Calls look every ms until it answers false or the page is left; not while nobody can see it, or nobody seems to be there. */
export async function poll(look, ms, signal) {
    while (!signal?.aborted) {
        await sleep(ms, signal);
        if (signal?.aborted) return;
        if (document.hidden || Date.now() - touched > QUIET_MS) continue;
        try {
            if (await look() === false) return;
        } catch (error) {
            /* A restart of the daemon takes a moment; what is refused for good ends it. */
            if (error.name === 'AbortError' || (error.status >= 400 && error.status < 500)) return;
        }
    }
}

/* work for each item, a few at a time. */
export async function inParallel(items, width, work, signal) {
    let at = 0;
    async function worker() {
        while (at < items.length && !signal?.aborted) {
            const mine = at;
            at += 1;
            await work(items[mine], mine);
        }
    }
    await Promise.all(Array.from({length: Math.min(width, items.length)}, worker));
}
