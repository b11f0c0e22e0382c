/* pages/users.js: all users, in the order of their names; found by the beginning of the name. */

import {h, debounce, fill} from '../dom.js';
import {t, number} from '../text.js';
import {get, post, all} from '../api.js';
import {head, pagedTable} from '../bits.js';
import {field, form} from '../form.js';
import {openDialog, button} from '../dialog.js';
import {userLink, findUsers} from '../phone_words.js';
import {table} from '../bits.js';

/* Promises the name of the user that was added. */
export async function addUser(signal) {
    const sites = await all('/sites', {}, signal).catch(() => []);
    return openDialog({
        title: t('users.add'),
        content: close => form({
            fields: [
                field('name', t('user.name'), {required: true, hint: t('user.nameHint'), autocapitalize: 'none', maxlength: 64}),
                field('display_name', t('user.displayName'), {maxlength: 128}),
                sites.length ? field('site', t('user.site'), {options: [['', t('user.noSite')], ...sites.map(one => [one.name, one.name])]}) : null,
            ].filter(Boolean),
            submit: t('users.add'),
            cancel: () => close(),
            onsubmit: async values => {
                const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
                close((await post('/users', body)).name);
            },
        }).node,
    });
}

export async function show(root, params, {signal, may, go}) {
    const q = field('q', t('users.find'), {type: 'search', hint: ''});
    q.node.classList.add('grow');
    const count = h('p', {class: 'count', role: 'status'});
    const columns = [
        {text: t('user.name'), cell: row => userLink(row.name)},
        {text: t('user.displayName'), cell: row => row.display_name || '–'},
        {text: t('user.accounts'), kind: 'right', cell: row => number(row.accounts)},
        {text: t('nav.phones'), kind: 'right', cell: row => number(row.phones)},
        {text: t('user.site'), cell: row => row.site || '–'},
    ];
    const list = pagedTable('/users', t('nav.users'), columns, {signal, empty: t('users.none')});
    const found = h('div', {});
    root.append(head(t('nav.users'), {actions: may('admin') && button(t('users.add'), async () => {
        const name = await addUser(signal);
        if (name) go(`#/users/${encodeURIComponent(name)}`);
    }, 'primary')}),
    h('form', {class: 'filters', role: 'search', onsubmit: event => event.preventDefault()}, q.node, count), found, list.node);
    q.input.addEventListener('input', debounce(async () => {
        const text = q.value.trim();
        list.node.hidden = Boolean(text);
        const items = text ? await findUsers(text, signal).catch(() => []) : [];
        if (text !== q.value.trim()) return;
        fill(found, text ? table(t('nav.users'), columns, items, {empty: t('users.none')}) : null);
    }, 200, signal));
    get('/status', null, {signal}).then(status => fill(count, t('list.count', {n: status.store.users})), () => {});
    await list.load({});
}
