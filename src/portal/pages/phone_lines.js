/* pages/phone_lines.js: which accounts are lines 1, 2, … of a phone; saved as one list. */

import {h, fill, hidden} from '../dom.js';
import {t} from '../text.js';
import {all} from '../api.js';
import {section} from '../bits.js';
import {button} from '../dialog.js';
import {field, form, problemBox} from '../form.js';
import {savePhone} from './phone_details.js';

export async function show(root, {phone, etag, mac, may, again, signal, guard}) {
    const before = phone.lines.map(one => one.account);
    let lines = [...before];
    const accounts = (await all('/accounts', {user: phone.user}, signal)).map(one => `${one.sip_user}@${one.domain}`);
    const list = h('ol', {class: 'order', 'aria-label': t('phone.lines')});
    const says = h('p', {class: 'sr', role: 'status'});
    const edit = may('admin');

    function move(from, to) {
        lines.splice(to, 0, lines.splice(from, 1)[0]);
        draw();
        list.children[to]?.querySelector(from < to ? '.down' : '.up')?.focus();
        says.textContent = t('lines.moved', {account: lines[to], n: to + 1});
    }
    function draw() {
        fill(list, lines.map((account, i) => h('li', {},
            h('span', {class: 'place'}, hidden(t('lines.line')), ` ${i + 1}`), h('span', {class: 'what'}, account,
                !accounts.includes(account) && h('span', {class: 'muted'}, ` (${t('lines.other')})`)),
            edit && h('span', {class: 'tools'},
                h('button', {type: 'button', class: 'small icon up', 'aria-label': t('order.up', {name: account}), 'aria-disabled': i === 0 ? 'true' : null, onclick: () => i > 0 && move(i, i - 1)}, '↑'),
                h('button', {type: 'button', class: 'small icon down', 'aria-label': t('order.down', {name: account}), 'aria-disabled': i === lines.length - 1 ? 'true' : null, onclick: () => i < lines.length - 1 && move(i, i + 1)}, '↓'),
                h('button', {type: 'button', class: 'small icon', 'aria-label': t('order.remove', {name: account}), onclick: () => {
                    lines.splice(i, 1);
                    draw();
                    offer();
                    (list.children[Math.min(i, lines.length - 1)]?.querySelector('button') || account_.input).focus();
                }}, '✕')))));
        if (!lines.length) fill(list, h('li', {class: 'empty'}, t('phone.noLines')));
    }
    const account_ = field('account', t('lines.add'), {hint: t('lines.addHint'), list: 'own-accounts', autocapitalize: 'none', placeholder: '1001@pbx.example.com'});
    const known = h('datalist', {id: 'own-accounts'});
    const offer = () => fill(known, accounts.filter(one => !lines.includes(one)).map(one => h('option', {value: one})));
    draw();
    offer();
    const box = problemBox();
    root.append(section(t('phone.lines'), h('p', {class: 'hint'}, t('lines.text')), list, says, box));
    if (!edit) return;
    const add = form({fields: [account_], submit: t('lines.addGo'), kind: '', onsubmit: async ({account}) => {
        if (!account.trim()) return;
        lines.push(account.trim());
        account_.input.value = '';
        draw();
        offer();
    }});
    const save = form({
        fields: [], submit: t('form.save'),
        extra: button(t('form.reset'), () => {
            lines = [...before];
            draw();
            offer();
        }),
        onsubmit: () => savePhone({mac, etag, before: {lines: before}, mine: {lines}, labels: {lines: t('phone.lines')}, again}),
    });
    guard(() => root.isConnected && JSON.stringify(lines) !== JSON.stringify(before));
    root.firstChild.append(known, add.node, save.node);
}
