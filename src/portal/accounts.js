/* accounts.js: the SIP accounts of a user: a list, and a dialog to add or change one. */

import {h, fill} from './dom.js';
import {t} from './text.js';
import {all, call, post, patch, path} from './api.js';
import {section, table} from './bits.js';
import {field, form, changes, problemBox, showProblem} from './form.js';
import {openDialog, confirm, button, tell} from './dialog.js';
import {saveGuarded} from './conflict.js';

const nameOf = one => `${one.sip_user}@${one.domain}`;

function accountFields(one, fresh) {
    const number = name => field(name, t(`account.${name}`), {type: 'number', min: 0, value: one[name] ?? (name === 'expires' ? 3600 : 0), hint: t(`account.${name}Hint`)});
    return [
        field('sip_user', t('account.sip_user'), {required: true, value: one.sip_user, hint: t('account.sip_userHint'), autocapitalize: 'none'}),
        field('domain', t('account.domain'), {required: true, value: one.domain, hint: t('account.domainHint'), autocapitalize: 'none'}),
        field('password', t('account.password'), {type: 'password', required: fresh, autocomplete: 'new-password', hint: t(fresh ? 'account.passwordHint' : 'account.passwordKept')}),
        field('display_name', t('account.display_name'), {value: one.display_name}),
        field('auth_user', t('account.auth_user'), {value: one.auth_user, hint: t('account.auth_userHint'), autocapitalize: 'none'}),
        field('transport', t('account.transport'), {value: one.transport || 'udp', options: ['udp', 'tcp', 'tls'].map(name => [name, name.toUpperCase()])}),
        field('registrar_host', t('account.registrar_host'), {value: one.registrar_host, hint: t('account.registrar_hostHint'), autocapitalize: 'none'}),
        number('registrar_port'),
        field('outbound_proxy', t('account.outbound_proxy'), {value: one.outbound_proxy, autocapitalize: 'none'}),
        number('expires'),
    ];
}

function editAccount(user, one, etag) {
    const fresh = !one;
    return openDialog({
        title: fresh ? t('account.add') : t('account.edit', {name: nameOf(one)}), wide: true,
        content: close => {
            const made = form({
                fields: accountFields(one || {}, fresh), submit: t('form.save'), cancel: () => close(),
                onsubmit: async values => {
                    if (!values.password) delete values.password;
                    if (fresh) {
                        await post('/accounts', Object.fromEntries(Object.entries({user, ...values}).filter(([, value]) => value !== '')));
                        close('saved');
                        return;
                    }
                    const mine = changes(one, values);
                    const labels = Object.fromEntries(Object.keys(values).filter(name => name !== 'password').map(name => [name, t(`account.${name}`)]));
                    const where = path`/accounts/${one.id}`;
                    const result = await saveGuarded({etag, before: one, mine, labels, save: tag => patch(where, mine, {etag: tag}), load: () => call('GET', where)});
                    if (result !== 'editing') close(result);
                },
            });
            made.node.classList.add('grid');
            return made.node;
        },
    });
}

export function accountsBox(user, edit, signal) {
    const list = h('div', {});
    const box = problemBox();
    async function work(what) {
        fill(box);
        try {
            if (await what() === 'saved') tell(t('form.saved'));
            await draw();
        } catch (error) {
            showProblem(box, error);
        }
    }
    const change = one => work(async () => {
        const now = await call('GET', path`/accounts/${one.id}`);
        return editAccount(user, now.data, now.etag);
    });
    const remove = one => work(async () => {
        const yes = await confirm({title: t('account.delete', {name: nameOf(one)}), lines: [t('account.deleteText')], action: t('action.delete'), danger: true});
        if (!yes) return;
        await call('DELETE', path`/accounts/${one.id}`);
        tell(t('delete.done', {name: nameOf(one)}));
    });
    async function draw() {
        const items = await all('/accounts', {user}, signal);
        fill(list, table(t('user.accounts'), [
            {text: t('account.name'), cell: one => nameOf(one)},
            {text: t('account.display_name'), cell: one => one.display_name || '–'},
            {text: t('account.registrar'), cell: one => [one.registrar_host || one.domain, one.registrar_port ? `:${one.registrar_port}` : '', ` ${one.transport.toUpperCase()}`].join('')},
            {text: t('account.expires'), kind: 'right', cell: one => t('account.seconds', {n: one.expires})},
            edit && {kind: 'tools', cell: one => [
                h('button', {type: 'button', class: 'small', onclick: () => change(one)}, t('action.edit'), h('span', {class: 'sr'}, ` ${nameOf(one)}`)),
                h('button', {type: 'button', class: 'small', onclick: () => remove(one)}, t('action.delete'), h('span', {class: 'sr'}, ` ${nameOf(one)}`))]},
        ].filter(Boolean), items, {empty: t('account.none')}));
    }
    return {node: section(t('user.accounts'), h('p', {class: 'hint'}, t('account.text')), box, list, edit && h('div', {class: 'buttons'}, button(t('account.add'), () => work(() => editAccount(user, null))))), draw};
}
