/* pages/api_keys.js: keys of programs: who may what, from where; a new key is shown once. */

import {h, fill, hidden} from '../dom.js';
import {t, date} from '../text.js';
import {post, call, path, all} from '../api.js';
import {head, pagedTable} from '../bits.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {openDialog, confirm, button, secret, tell} from '../dialog.js';

async function addKey(signal) {
    const sites = await all('/sites', {}, signal).catch(() => []);
    return openDialog({
        title: t('keys_api.add'),
        content: close => form({
            fields: [
                field('name', t('user.name'), {required: true, hint: t('user.nameHint'), autocapitalize: 'none'}),
                field('role', t('admins.role'), {value: 'viewer', options: ['viewer', 'operator', 'admin'].map(one => [one, `${t('role.' + one)}: ${t('roleText.' + one)}`])}),
                sites.length ? field('site', t('user.site'), {hint: t('keys_api.siteHint'), options: [['', t('keys_api.allSites')], ...sites.map(one => [one.name, one.name])]}) : null,
                field('networks', t('access.networks'), {type: 'textarea', rows: 3, hint: t('access.networksHint'), read: input => input.value.split(/[\s,]+/).filter(Boolean)}),
            ].filter(Boolean),
            submit: t('keys_api.add'), cancel: () => close(),
            onsubmit: async values => {
                if (!values.site) delete values.site;
                close(await post('/api-keys', values));
            },
        }).node,
    });
}

export async function show(root, params, {signal}) {
    const told = h('div', {'aria-live': 'polite', class: 'form'});
    const box = problemBox();
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            showProblem(box, error);
        }
    };
    const list = pagedTable('/api-keys', t('nav.api-keys'), [
        {text: t('user.name'), cell: row => row.name},
        {text: t('admins.role'), cell: row => t(`role.${row.role}`)},
        {text: t('user.site'), cell: row => row.site || t('keys_api.allSites')},
        {text: t('access.networks'), cell: row => row.networks.join(', ') || t('access.everywhere')},
        {text: t('invite.made'), cell: row => date(row.created_at)},
        {kind: 'tools', cell: row => h('button', {type: 'button', class: 'small', onclick: guarded(async () => {
            const yes = await confirm({title: t('keys_api.delete', {name: row.name}), lines: [t('keys_api.deleteText')], action: t('action.delete'), danger: true});
            if (!yes) return;
            await call('DELETE', path`/api-keys/${row.name}`);
            tell(t('delete.done', {name: row.name}));
            await list.load();
        })}, t('action.delete'), hidden(` ${row.name}`))},
    ], {signal, empty: t('keys_api.none')});
    root.append(head(t('nav.api-keys'), {text: t('keys_api.text'), actions: button(t('keys_api.add'), guarded(async () => {
        const made = await addKey(signal);
        if (!made) return;
        fill(told, h('p', {class: 'warning'}, t('keys_api.once')), secret(made.key, t('keys_api.key', {name: made.name})));
        await list.load();
    }), 'primary')}), told, box, list.node);
    await list.load({});
}
