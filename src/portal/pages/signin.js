/* pages/signin.js: sign-in of an admin; the form also stands in the dialog when a session has ended. */

import {h} from '../dom.js';
import {t} from '../text.js';
import {post} from '../api.js';
import {field, form} from '../form.js';
import {languageChoice} from '../frame.js';

export function signInForm(name, done) {
    const who = field('name', t('signin.name'), {required: true, value: name || '', autocomplete: 'username', autocapitalize: 'none', autofocus: !name});
    const password = field('password', t('signin.password'), {type: 'password', required: true, autocomplete: 'current-password', autofocus: Boolean(name)});
    return form({
        fields: [who, password],
        submit: t('signin.submit'),
        onsubmit: async values => {
            try {
                await done(await post('/session', values, {open: true}));
            } catch (error) {
                password.input.value = '';
                throw error;
            }
        },
    }).node;
}

export async function show(root, params, {signedIn}) {
    root.append(h('div', {class: 'card'},
        h('img', {src: '/icon.svg', alt: '', width: 40, height: 40}),
        h('h1', {}, t('signin.title')),
        signInForm('', signedIn),
        h('p', {class: 'hint'}, t('signin.forgotten'), ' ', h('code', {}, 'autoprovctl admin set NAME --password-file -'))), languageChoice());
    root.querySelector('input').focus();
}
