/* problem.js: what went wrong, in the language of the page. The API speaks English; what people meet
 * usually has a text of its own here, and the API's own words stand small below the rest. */

import {h} from './dom.js';
import {t, language} from './text.js';
import {Problem} from './api.js';

/* [call, kind, pointer, text, whole]: the first that fits; null fits all. whole: the text leaves nothing of the detail out. */
const TABLE = [
    [/^POST \/my\/phones$/, 'exists', '/mac', 'problem.taken', true],
    [/^POST \/my\/phones$/, 'conflict', '', 'problem.invitationFull', true],
    [/^POST \/activation$/, 'unauthenticated', null, 'activate.endedText', true],
    [/^POST \/setup$/, 'unauthenticated', null, 'problem.setupToken', true],
    [/^POST \/setup$/, 'conflict', null, 'problem.setupClosed', true],
    [/^POST \/session$/, 'unauthenticated', null, 'signin.wrong', true],
    [/^POST \/session/, 'throttled', null, 'signin.throttled', true],
    [/^\w+ \/(setup|admins|session)/, 'invalid', '/password', 'problem.password'],
    [null, 'invalid', '/current', 'problem.current', true],
    [/^\w+ \/(setup|users|admins|sites|api-keys)/, 'invalid', '/name', 'problem.name'],
    [null, 'invalid', '/mac', 'problem.mac'],
    [null, 'exists', '/mac', 'problem.existsMac'],
    [null, 'exists', '/name', 'problem.existsName'],
    [null, 'exists', '/sip_user', 'problem.existsAccount'],
    [null, 'not_found', '/user', 'problem.noUser'],
];
/* These say it all; the others are general. */
const WHOLE = ['throttled', 'busy', 'stale'];
const KINDS = {400: 'malformed', 401: 'unauthenticated', 403: 'not_permitted', 404: 'not_found', 412: 'stale', 413: 'large', 422: 'invalid', 429: 'throttled', 507: 'full'};

function kindOf(error) {
    if (error.status === 409) return error.type === 'exists' ? 'exists' : 'conflict';
    if (error.status === 503) return error.type === 'read_only' ? 'read_only' : 'busy';
    return KINDS[error.status] || 'failed';
}

/* {text, detail}: detail is what the API said, in English, where text does not say all of it. */
export function explained(error) {
    const before = error.before || '';
    if (!(error instanceof Problem) || error.own) return {text: before + error.message, detail: ''};
    const kind = kindOf(error);
    const [, , , key, whole] = TABLE.find(([call, one, pointer]) => (!call || call.test(error.call)) && one === kind && (pointer === null || pointer === error.pointer)) ||
        [null, null, null, `problem.kind.${kind}`, WHOLE.includes(kind)];
    if (!whole && language === 'en') return {text: before + error.message, detail: ''};
    const wait = error.retryAfter ? ' ' + t('problem.retry', {n: error.retryAfter}) : '';
    return {text: before + t(key, {n: Number(/\d+/.exec(error.message)?.[0])}) + wait, detail: whole ? '' : error.message};
}

/* The same as nodes. */
export function problemNodes(error) {
    const {text, detail} = explained(error);
    return [text, detail && h('span', {class: 'detail', lang: 'en'}, detail)];
}
