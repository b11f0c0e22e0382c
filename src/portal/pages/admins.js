/* pages/admins.js: who may sign in here, and with which role. */

import {h, fill, hidden} from '../dom.js';
import {t, date} from '../text.js';
import {post, patch, call, path} from '../api.js';
import {head, pagedTable, badge} from '../bits.js';
import {field, form, changes, problemBox, showProblem} from '../form.js';
import {openDialog, confirm, button, tell} from '../dialog.js';
import {saveGuarded} from '../conflict.js';
import {newPassword} from './setup.js';

const roles = () => ['viewer', 'operator', 'admin'].map(one => [one, `${t('role.' + one)}: ${t('roleText.' + one)}`]);

function addAdmin() {
    const password = newPassword();
    return openDialog({
        title: t('admins.add'),
        content: close => form({
            fields: [field('name', t('signin.name'), {required: true, hint: t('setup.nameHint'), autocapitalize: 'none'}), field('role', t('admins.role'), {value: 'operator', options: roles()}), ...password.fields],
            submit: t('admins.add'), cancel: () => close(),
            onsubmit: async values => {
                password.twin(values);
                delete values.again;
                close(await post('/admins', values));
            },
        }).node,
    });
}

async function editAdmin(name) {
    const {data: before, etag} = await call('GET', path`/admins/${name}`);
    const labels = {role: t('admins.role'), enabled: t('admins.enabled')};
    return openDialog({
        title: t('admins.edit', {name}),
        content: close => form({
            fields: [
                field('role', labels.role, {value: before.role, options: roles()}),
                field('enabled', labels.enabled, {type: 'checkbox', value: before.enabled}),
                field('password', t('password.new'), {type: 'password', autocomplete: 'new-password', hint: t('admins.passwordHint')}),
            ],
            submit: t('form.save'), cancel: () => close(),
            onsubmit: async values => {
                if (!values.password) delete values.password;
                const mine = changes(before, values);
                const result = await saveGuarded({etag, before, mine, labels, save: tag => patch(path`/admins/${name}`, mine, {etag: tag}), load: () => call('GET', path`/admins/${name}`)});
                if (result !== 'editing') close(result);
            },
        }).node,
    });
}

export async function show(root, params, {signal, session}) {
    const box = problemBox();
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            showProblem(box, error);
        }
    };
    const list = pagedTable('/admins', t('nav.admins'), [
        {text: t('signin.name'), cell: row => [row.name, row.name === session.name && h('span', {class: 'muted'}, ` (${t('admins.you')})`)]},
        {text: t('admins.role'), cell: row => t(`role.${row.role}`)},
        {text: t('phone.state'), cell: row => badge(row.enabled ? 'good' : 'off', t(row.enabled ? 'admins.on' : 'admins.off'))},
        {text: t('admins.last'), cell: row => date(row.last_sign_in_at)},
        {text: t('invite.made'), cell: row => date(row.created_at)},
        {kind: 'tools', cell: row => [
            h('button', {type: 'button', class: 'small', onclick: guarded(async () => {
                if (await editAdmin(row.name) === 'saved') tell(t('form.saved'));
                await list.load();
            })}, t('action.edit'), hidden(` ${row.name}`)),
            h('button', {type: 'button', class: 'small', onclick: guarded(async () => {
                const yes = await confirm({title: t('admins.delete', {name: row.name}), lines: [t('admins.deleteText')], action: t('action.delete'), danger: true});
                if (!yes) return;
                await call('DELETE', path`/admins/${row.name}`);
                tell(t('delete.done', {name: row.name}));
                await list.load();
            })}, t('action.delete'), hidden(` ${row.name}`))]},
    ], {signal});
    root.append(head(t('nav.admins'), {text: t('admins.text'), actions: button(t('admins.add'), guarded(async () => {
        if (!await addAdmin()) return;
        tell(t('form.saved'));
        await list.load();
    }), 'primary')}), box, list.node);
    await list.load({});
}
