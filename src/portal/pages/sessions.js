/* pages/sessions.js: one's own password, and who is signed in: each may be ended. */

import {h, fill, hidden} from '../dom.js';
import {t, date, ago} from '../text.js';
import {post, del, path} from '../api.js';
import {head, section, pagedTable, badge} from '../bits.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {tell} from '../dialog.js';
import {newPassword} from './setup.js';

export async function show(root, params, {signal, session, may, again}) {
    const box = problemBox();
    const password = newPassword();
    const list = pagedTable('/sessions', t('sessions.title'), [
        {text: t('log.who'), cell: row => [row.name, ' ', h('span', {class: 'muted'}, t(row.kind === 'user' ? 'sessions.byInvitation' : 'sessions.byPassword')), row.current && badge('good', t('sessions.this'))]},
        {text: t('log.from'), cell: row => row.address},
        {text: t('sessions.agent'), kind: 'any', cell: row => h('span', {class: 'small-text'}, row.agent || '–')},
        {text: t('sessions.begun'), cell: row => date(row.created_at)},
        {text: t('sessions.seen'), cell: row => ago(row.last_at)},
        {text: t('invite.ends'), cell: row => date(row.ends_at)},
        {kind: 'tools', cell: row => !row.current && h('button', {type: 'button', class: 'small', onclick: async () => {
            fill(box);
            try {
                await del(path`/sessions/${row.id}`);
                tell(t('sessions.endedOne'));
                await list.load();
            } catch (error) {
                showProblem(box, error);
            }
        }}, t('sessions.end'), hidden(` ${row.name}, ${row.address}`))},
    ], {signal});
    root.append(head(t('nav.sessions'), {text: t('sessions.text', {name: session.name, role: t(`role.${session.role}`)})}),
        section(t('sessions.title'), h('p', {class: 'hint'}, t(may('admin') ? 'sessions.all' : 'sessions.own')), box, list.node),
        section(t('sessions.password'), h('p', {class: 'hint'}, t('sessions.passwordText')), form({
            fields: [field('current', t('sessions.current'), {type: 'password', required: true, autocomplete: 'current-password'}), ...password.fields],
            submit: t('sessions.change'),
            onsubmit: async values => {
                password.twin(values);
                await post('/session/password', {current: values.current, password: values.password}, {open: true});
                tell(t('sessions.changed'));
                await again();
            },
        }).node));
    await list.load({});
}
