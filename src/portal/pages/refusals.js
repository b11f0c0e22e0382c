/* pages/refusals.js: who was refused, from where and why, newest first; and what would happen now. */

import {h, debounce} from '../dom.js';
import {t, date, word} from '../text.js';
import {head, pagedTable} from '../bits.js';
import {field} from '../form.js';
import {button} from '../dialog.js';
import {phoneLink} from '../phone_words.js';
import {explainDialog, explainButton} from '../explain.js';
import {bare} from '../mac.js';
import texts from '../texts/en.js';

const periods = [3600, 86400, 604800, 0];

export async function show(root, params, {query, signal, may}) {
    const reasons = Object.keys(texts.reason).filter(one => one && one !== 'served').map(one => [one, word('reason', one)]);
    const reason = field('reason', t('log.why'), {value: query.get('reason') || '', options: [['', t('phones.anyState')], ...reasons.sort((a, b) => a[1].localeCompare(b[1]))]});
    const from = field('from', t('log.from'), {value: query.get('from') || '', placeholder: '192.0.2.0/24'});
    const phone = field('phone', t('phone.mac'), {value: query.get('phone') || ''});
    const since = field('since', t('refusals.since'), {value: '86400', options: periods.map(n => [String(n), n ? t(`refusals.last_${n}`) : t('refusals.ever')])});
    const list = pagedTable('/refusals', t('nav.refusals'), [
        {text: t('log.at'), kind: 'nowrap', cell: row => date(row.at)},
        {text: t('log.who'), cell: row => (row.mac ? phoneLink(row.mac) : h('span', {class: 'muted'}, t('refusals.nobody')))},
        {text: t('log.from'), cell: row => row.source},
        {text: t('log.why'), cell: row => [word('reason', row.reason), h('p', {class: 'small-text mono'}, [row.reason, row.role && word('role_of_file', row.role), row.token].filter(Boolean).join(' · '))]},
        {text: t('log.count'), kind: 'right', cell: row => row.count},
        may('operator') && {kind: 'tools', cell: row => h('button', {type: 'button', class: 'small', onclick: () => explainDialog({mac: row.mac ? bare(row.mac) : '', from: row.source, pnp: row.reason.startsWith('pnp_') || undefined})},
            t('explain.button'), h('span', {class: 'sr'}, ` ${row.mac || row.source}`))},
    ].filter(Boolean), {signal, empty: t('refusals.none')});
    const load = () => list.load({reason: reason.value, from: from.value.trim(), phone: bare(phone.value), since: Number(since.value) ? Math.floor(Date.now() / 1000) - Number(since.value) : ''});
    root.append(head(t('nav.refusals'), {text: t('refusals.text'), actions: [may('operator') && explainButton({}), button(t('list.again'), load)]}),
        h('form', {class: 'filters', role: 'search', onsubmit: event => event.preventDefault()}, since.node, reason.node, from.node, phone.node), list.node);
    [reason, since].forEach(one => one.input.addEventListener('change', load));
    [from, phone].forEach(one => one.input.addEventListener('input', debounce(load, 350, signal)));
    await load();
}
