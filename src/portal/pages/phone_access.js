/* pages/phone_access.js: who gets this phone's files: networks, flat mode, secrets, HTTP credentials, enrolment window. */

import {h, fill} from '../dom.js';
import {t, date} from '../text.js';
import {post} from '../api.js';
import {section, facts} from '../bits.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {button, secret, tell} from '../dialog.js';
import {savePhone} from './phone_details.js';
import {enrolField} from '../bulk.js';
import {colons} from '../mac.js';

export async function show(root, {phone, etag, mac, may, again}) {
    const labels = {flat: t('access.flat'), secrets: t('access.secrets'), networks: t('access.networks'), auth_required: t('access.authRequired'), auth_user: t('access.authUser')};
    const open = phone.enrol_until > Date.now() / 1000;
    const choice = (name, values) => values.map(one => [one, t(`${name}.${one || 'unset'}`)]);
    const enrol = section(t('enrol.title'), h('p', {class: 'hint'}, t('enrol.text')),
        facts([[t('enrol.now'), open ? t('phone.enrolOpen', {until: date(phone.enrol_until)}) : t('enrol.closed')],
            [t('access.firstNetwork'), phone.first_fetch_network || '–'], [t('access.moved'), date(phone.moved_at)]]),
        may('operator') && form({fields: [enrolField()], submit: t('enrol.go'), kind: '', onsubmit: async values => {
            await post('/enrolments', {macs: [mac], for: Number(values.for)});
            tell(t('form.saved'));
            await again();
        }}).node);
    if (!may('admin')) {
        root.append(section(t('phone.part.access'), facts(Object.entries(labels).map(([name, text]) => [text,
            name === 'networks' ? phone.networks.join(', ') || t('access.everywhere') : typeof phone[name] === 'boolean' ? t(phone[name] ? 'answer.yes' : 'answer.no') :
                name === 'auth_user' ? phone[name] : t(`${name}.${phone[name] || 'unset'}`)]))), enrol);
        return;
    }
    const made = form({
        fields: [
            field('networks', labels.networks, {type: 'textarea', rows: 3, value: phone.networks.join('\n'), hint: t('access.networksHint'), read: input => input.value.split(/[\s,]+/).filter(Boolean)}),
            field('flat', labels.flat, {value: phone.flat, hint: t('access.flatHint'), options: choice('flat', ['', 'full', 'bootstrap', 'off'])}),
            field('secrets', labels.secrets, {value: phone.secrets, hint: t('access.secretsHint'), options: choice('secrets', ['', 'always', 'once', 'first_network'])}),
        ],
        submit: t('form.save'),
        onsubmit: mine => savePhone({mac, etag, before: phone, mine, labels, again}),
    });
    const told = h('div', {class: 'form'});
    const box = problemBox();
    const auth = form({
        fields: [
            field('auth_required', labels.auth_required, {type: 'checkbox', value: phone.auth_required, hint: t('access.authRequiredHint')}),
            field('auth_user', labels.auth_user, {value: phone.auth_user, hint: t('access.authUserHint'), autocapitalize: 'none'}),
            field('auth_password', t('access.authPassword'), {type: 'password', autocomplete: 'new-password', hint: t(phone.auth_password_set ? 'access.passwordSet' : 'access.passwordUnset')}),
        ],
        submit: t('form.save'),
        extra: button(t('access.makePassword'), async () => {
            fill(box);
            try {
                const answer = await savePhone({mac, etag, before: {}, mine: {auth_password_make: true}, labels: {auth_required: labels.auth_required}, again: async () => {}});
                if (answer) fill(told, h('p', {class: 'notice'}, t('access.madeText')), secret(answer.auth_password, t('access.authPassword')), button(t('action.done'), again));
            } catch (error) {
                showProblem(box, error);
            }
        }),
        onsubmit: async mine => {
            if (!mine.auth_password) delete mine.auth_password;
            await savePhone({mac, etag, before: phone, mine, labels: {...labels, auth_password: t('access.authPassword')}, again});
        },
    });
    root.append(h('div', {class: 'boxes'}, section(t('access.title'), made.node),
        section(t('access.authTitle'), h('p', {class: 'hint'}, t('access.authText', {mac: colons(mac)})), auth.node, box, told), enrol));
}
