/* pages/phone_history.js: fetches and refusals of a phone, and when it was told to fetch. */

import {h} from '../dom.js';
import {t, date, bytes, word} from '../text.js';
import {get} from '../api.js';
import {section, table, pagedTable, badge} from '../bits.js';
import {outcomeBadge} from '../phone_words.js';
import {explainButton} from '../explain.js';

const served = {200: 'good', 304: 'off'};

export async function show(root, {mac, may, signal}) {
    const fetches = pagedTable('/fetches', t('history.fetches'), [
        {text: t('log.at'), kind: 'nowrap', cell: row => date(row.at)},
        {text: t('log.status'), cell: row => badge(served[row.status] || 'bad', word('http', String(row.status)))},
        {text: t('log.file'), cell: row => (row.role ? t(`role_of_file.${row.role}`) : '–')},
        {text: t('log.from'), cell: row => row.source},
        {text: t('log.agent'), kind: 'any', cell: row => row.agent || '–'},
        {text: t('log.bytes'), kind: 'right', cell: row => bytes(row.bytes)},
    ], {signal, limit: 25, empty: t('history.noFetches')});
    const refusals = pagedTable('/refusals', t('history.refusals'), [
        {text: t('log.at'), kind: 'nowrap', cell: row => date(row.at)},
        {text: t('log.why'), cell: row => [word('reason', row.reason), h('p', {class: 'small-text mono'}, row.reason)]},
        {text: t('log.from'), cell: row => row.source},
        {text: t('log.count'), kind: 'right', cell: row => row.count},
    ], {signal, limit: 25, empty: t('history.noRefusals')});
    root.append(
        section(t('history.refusals'), refusals.node, may('operator') && h('div', {class: 'buttons'}, explainButton({mac}))),
        section(t('history.fetches'), fetches.node));
    await Promise.all([fetches.load({phone: mac}), refusals.load({phone: mac})]);
    const told = (await get('/resyncs', {mac}, {signal})).items;
    root.append(section(t('history.told'), table(t('history.told'), [
        {text: t('log.at'), kind: 'nowrap', cell: row => date(row.asked_at)},
        {text: t('resync.kind'), cell: row => t(`resync.${row.kind}`)},
        {text: t('resync.outcome'), cell: row => [outcomeBadge(row.outcome), row.status ? ` ${row.status}` : '']},
        {text: t('resync.target'), cell: row => row.target || '–'},
        {text: t('resync.fetchedAt'), cell: row => date(row.fetched_at)},
    ], told, {empty: t('history.notTold')})));
}
