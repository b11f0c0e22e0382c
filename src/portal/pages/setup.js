/* pages/setup.js: the first admin. The token comes from the shell of the machine, which proves that whoever has it may. */

import {h} from '../dom.js';
import {t} from '../text.js';
import {post, Problem} from '../api.js';
import {field, form} from '../form.js';
import {copyButton} from '../dialog.js';
import {languageChoice} from '../frame.js';

/* Two fields for a new password; twin() throws when they differ or are too short. */
export function newPassword(name = 'password') {
    const first = field(name, t('password.new'), {type: 'password', required: true, autocomplete: 'new-password', hint: t('password.hint')});
    const again = field('again', t('password.again'), {type: 'password', required: true, autocomplete: 'new-password'});
    return {fields: [first, again], twin: values => {
        if (new TextEncoder().encode(values[name]).length < 12) throw new Problem(0, {detail: t('password.short'), pointer: `/${name}`});
        if (values[name] !== values.again) throw new Problem(0, {detail: t('password.differ'), pointer: '/again'});
    }};
}

export async function show(root, params, {signedIn}) {
    const command = 'autoprovctl admin setup-token';
    const password = newPassword();
    const made = form({
        fields: [
            field('token', t('setup.token'), {required: true, autocapitalize: 'none', hint: t('setup.tokenHint')}),
            field('name', t('setup.name'), {required: true, autocomplete: 'username', autocapitalize: 'none', hint: t('setup.nameHint')}),
            ...password.fields,
        ],
        submit: t('setup.submit'),
        onsubmit: async values => {
            password.twin(values);
            const {token, name} = values;
            await signedIn(await post('/setup', {token: token.trim(), name, password: values.password}, {open: true}));
        },
    });
    root.append(h('div', {class: 'card'},
        h('img', {src: '/icon.svg', alt: '', width: 40, height: 40}),
        h('h1', {}, t('setup.title')),
        h('p', {}, t('setup.text')),
        h('ol', {}, h('li', {}, t('setup.step1'), h('div', {class: 'secret'}, h('code', {class: 'value'}, command), copyButton(command))),
            h('li', {}, t('setup.step2'))),
        made.node), languageChoice());
    root.querySelector('input').focus();
}
