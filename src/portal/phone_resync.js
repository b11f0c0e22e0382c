/* phone_resync.js: tells one phone to fetch, and shows what becomes of it: what the phone says, and
 * then its fetch, which is the proof. */

import {h, fill} from './dom.js';
import {t, ago, word} from './text.js';
import {get, post, poll} from './api.js';
import {outcomeBadge} from './phone_words.js';

const over = ['no_target', 'failed', 'cancelled', 'refused', 'unreachable'];

export function resyncBox(mac, signal) {
    const words = h('div', {role: 'status', 'aria-live': 'polite'});
    const node = h('section', {class: 'box', 'aria-label': t('resync.title'), hidden: true}, h('h2', {}, t('resync.title')), words);
    let said = '';
    let turn = 0;

    function draw(row) {
        const now = row ? `${row.outcome} ${row.status} ${row.fetched_at}` : '';
        if (now === said && now) return;
        said = now;
        if (!row) fill(words, h('p', {}, t('resync.waiting')));
        else fill(words, h('ol', {class: 'trail'},
            h('li', {}, t('resync.told', {when: ago(row.asked_at), via: word('via', row.via)}), row.target && [' ', h('code', {}, row.target)]),
            h('li', {}, outcomeBadge(row.outcome), ' ', row.status ? t('resync.status', {n: String(row.status)}) : '', h('p', {class: 'hint'}, t(`outcomeText.${row.outcome}`))),
            h('li', {}, row.fetched_at ? t('resync.fetched', {when: ago(row.fetched_at)}) : over.includes(row.outcome) ? t('resync.notFetched') : t('resync.fetchAwaited'))));
    }

    return {node, async order(kind) {
        turn += 1;
        const mine = turn;
        const {order} = await post('/resyncs', {macs: [mac], kind}, {signal});
        node.hidden = false;
        said = '';
        draw(null);
        const end = Date.now() + 15 * 60000;
        const look = async () => {
            if (mine !== turn) return false;
            const row = (await get('/resyncs', {mac}, {signal})).items[0];
            if (!row || row.order < order) return Date.now() < end;
            draw(row);
            return !(row.fetched_at || over.includes(row.outcome)) && Date.now() < end;
        };
        if (await look()) poll(look, 2000, signal);
    }};
}
