/* pages/user.js: one user: accounts, phones, the folder token with what each act on it means, and invitations to activate a phone. */

import {h, fill} from '../dom.js';
import {t, date} from '../text.js';
import {call, get, post, patch, del, path, all} from '../api.js';
import {head, section, facts, pagedTable, table, badge} from '../bits.js';
import {field, form, changes, problemBox, showProblem} from '../form.js';
import {openDialog, confirm, button, secret, tell} from '../dialog.js';
import {saveGuarded} from '../conflict.js';
import {phoneLink, phoneState} from '../phone_words.js';
import {accountsBox} from '../accounts.js';
import {tokenBox} from '../user_token.js';

/* Names of the machine itself. */
const LOCAL = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

async function editUser(user, etag, again, signal) {
    const sites = await all('/sites', {}, signal).catch(() => []);
    const labels = {display_name: t('user.displayName'), external_id: t('phone.externalId'), site: t('user.site'), networks: t('access.networks')};
    const before = {...user, site: user.site || ''};
    const done = await openDialog({
        title: t('user.edit', {name: user.name}),
        content: close => form({
            fields: [
                field('display_name', labels.display_name, {value: user.display_name, maxlength: 128}),
                field('external_id', labels.external_id, {value: user.external_id || '', hint: t('phone.externalIdHint'), read: input => input.value || null}),
                field('site', labels.site, {value: before.site, options: [['', t('user.noSite')], ...sites.map(one => [one.name, one.name])]}),
                field('networks', labels.networks, {type: 'textarea', rows: 3, value: user.networks.join('\n'), hint: t('access.networksHint'), read: input => input.value.split(/[\s,]+/).filter(Boolean)}),
            ],
            submit: t('form.save'),
            cancel: () => close(),
            onsubmit: async values => {
                const mine = changes(before, values);
                const result = await saveGuarded({etag, before, mine, labels, save: tag => patch(path`/users/${user.name}`, mine, {etag: tag}),
                    load: () => call('GET', path`/users/${user.name}`), pick: data => ({...data, site: data.site || ''})});
                if (result !== 'editing') close(result);
            },
        }).node,
    });
    if (done === 'saved') tell(t('form.saved'));
    if (done) await again();
}

function invitationsBox(name, signal) {
    const list = h('div', {});
    const told = h('div', {class: 'form'});
    const box = problemBox();
    const kind = one => (one.used_at ? badge('good', t('invite.used', {when: date(one.used_at)})) : one.ends_at * 1000 < Date.now() ? badge('off', t('invite.ended')) : badge('info', t('invite.open')));
    async function draw() {
        const items = (await get(path`/users/${name}/invitations`, null, {signal})).items;
        fill(list, items.length ? table(t('invite.title'), [
            {text: t('invite.made'), cell: one => date(one.created_at)}, {text: t('invite.ends'), cell: one => date(one.ends_at)}, {text: t('phone.state'), cell: kind},
            {kind: 'tools', cell: one => h('button', {type: 'button', class: 'small', onclick: async () => {
                try {
                    await del(path`/invitations/${one.id}`);
                    tell(t('invite.takenBack'));
                    await draw();
                } catch (error) {
                    showProblem(box, error);
                }
            }}, t('invite.takeBack'))}], items) : null);
    }
    const node = section(t('invite.title'), h('p', {class: 'hint'}, t('invite.text')), form({
        fields: [field('for', t('invite.for'), {value: '604800', options: [3600, 86400, 259200, 604800].map(n => [String(n), n < 86400 ? t('invite.hours', {n: n / 3600}) : t('invite.days', {n: n / 86400})])})],
        submit: t('invite.make'), kind: '',
        onsubmit: async values => {
            const made = await post(path`/users/${name}/invitations`, {for: Number(values.for)});
            const {hostname} = new URL(made.url);
            fill(told, LOCAL.test(hostname) && h('p', {class: 'warning'}, t('invite.local', {host: hostname})), h('p', {class: 'warning'}, t('invite.once', {until: date(made.ends_at)})), secret(made.url, t('invite.link')));
            await draw();
        },
    }).node, told, box, list);
    return {node, draw: () => draw().catch(error => showProblem(box, error))};
}

async function removeUser(user, etag, go) {
    const yes = await confirm({title: t('user.delete', {name: user.name}), danger: true, action: t('action.delete'),
        lines: [t('user.deleteText', {phones: user.phones, accounts: user.accounts})]});
    if (!yes) return;
    await call('DELETE', path`/users/${user.name}`, {etag});
    tell(t('delete.done', {name: user.name}));
    go('#/users');
}

export async function show(root, [name], {signal, may, again, go}) {
    const {data: user, etag} = await call('GET', path`/users/${name}`, {signal});
    const box = problemBox();
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            showProblem(box, error);
        }
    };
    const phones = pagedTable('/phones', t('nav.phones'), [
        {text: t('phone.mac'), cell: row => phoneLink(row.mac)},
        {text: t('phone.model'), cell: row => [row.vendor, row.model].filter(Boolean).join(' ')},
        {text: t('phone.label'), cell: row => row.label || '–'},
        {text: t('phone.state'), cell: phoneState},
        {text: t('phone.lastFetch'), cell: row => date(row.last_fetch_at)},
    ], {signal, limit: 50, empty: t('user.noPhones')});
    const accounts = accountsBox(user.name, may('admin'), signal);
    const invitations = may('admin') && invitationsBox(user.name, signal);
    root.append(
        head(user.name, {
            back: {href: '#/users', text: t('nav.users')}, text: user.display_name,
            actions: may('admin') && [
                button(t('action.edit'), guarded(() => editUser(user, etag, again, signal))),
                h('a', {class: 'button', href: `#/add-phone?user=${encodeURIComponent(user.name)}`}, t('phones.add')),
                button(t('action.delete'), guarded(() => removeUser(user, etag, go)), 'danger')]}),
        box,
        section(t('user.about'), facts([[t('user.site'), user.site || t('user.noSite')], [t('access.networks'), user.networks.join(', ') || t('access.everywhere')],
            [t('phone.externalId'), user.external_id || '–'], [t('phone.created'), date(user.created_at)]])),
        accounts.node, section(t('nav.phones'), phones.node));
    if (may('admin')) root.append(h('div', {class: 'boxes'}, invitations.node, tokenBox(user.name)));
    await Promise.all([accounts.draw(), phones.load({user: user.name}), invitations && invitations.draw()]);
}
