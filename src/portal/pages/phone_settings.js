/* pages/phone_settings.js: every setting that holds for a phone and where it comes from; one of the phone's own may be set or taken back. */

import {h, hidden} from '../dom.js';
import {t, word} from '../text.js';
import {get, put, del, path} from '../api.js';
import {section, table, badge} from '../bits.js';
import {field, form} from '../form.js';
import {explained} from '../problem.js';
import {openDialog, button, tell} from '../dialog.js';

/* A dialog for one setting of a scope; promises whether it was set. */
export function settingDialog(scope, id, row) {
    return openDialog({
        title: t('setting.set', {name: row.name || t('setting.one')}),
        content: close => {
            const name = field('name', t('setting.name'), {required: true, value: '', autocapitalize: 'none', hint: t('setting.nameHint')});
            const value = field('value', t('setting.value'), {value: row.secret ? '' : row.value || '', type: row.secret ? 'password' : 'text', autocomplete: 'off', hint: word('settingHint', row.name || '')});
            return [form({
                fields: row.name ? [value] : [name, value], submit: t('form.save'), cancel: () => close(),
                onsubmit: async values => {
                    await put('/settings', {scope, ...(id ? {id} : {}), name: row.name || values.name.trim(), value: values.value});
                    tell(t('form.saved'));
                    close(true);
                },
            }).node];
        },
    });
}

export async function show(root, {phone, mac, may, again, signal}) {
    const {items} = await get(path`/phones/${mac}/settings`, null, {signal});
    const edit = may('admin');
    const rows = table(t('phone.part.settings'), [
        {text: t('setting.name'), cell: row => [h('code', {}, row.name), h('p', {class: 'small-text'}, word('settingName', row.name) === row.name ? '' : word('settingName', row.name))]},
        {text: t('setting.value'), cell: row => (row.value === null ? h('span', {class: 'muted'}, t('setting.unset')) : row.secret ? '••••••••' : row.value)},
        {text: t('setting.from'), cell: row => badge(row.from === 'phone' ? 'good' : row.from === 'default' || row.from === 'nowhere' ? 'off' : 'info', t(`origin.${row.from}`))},
        edit && {kind: 'tools', cell: row => [
            h('button', {type: 'button', class: 'small', onclick: async () => {
                if (await settingDialog('phone', mac, row)) again();
            }}, t('setting.setHere'), hidden(`: ${row.name}`)),
            row.from === 'phone' && h('button', {type: 'button', class: 'small', onclick: async () => {
                try {
                    await del('/settings', {query: {scope: 'phone', id: mac, name: row.name}});
                    tell(t('setting.tookBack'));
                } catch (error) {
                    tell(explained(error).text, 'bad');
                }
                again();
            }}, t('setting.takeBack'), hidden(`: ${row.name}`))]},
    ].filter(Boolean), items);
    root.append(section(t('phone.part.settings'), h('p', {class: 'hint'}, t('setting.text', {user: phone.user})), rows,
        edit && h('div', {class: 'buttons'}, button(t('setting.addOther'), async () => {
            if (await settingDialog('phone', mac, {})) again();
        }))));
}
