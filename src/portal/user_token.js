/* user_token.js: the folder token of a user: show it, give a new one in peace (rotate), or at once after a leak (burn). */

import {h, fill} from './dom.js';
import {t, date} from './text.js';
import {post, path} from './api.js';
import {section} from './bits.js';
import {field, form, problemBox, showProblem} from './form.js';
import {openDialog, button, secret} from './dialog.js';
import {phoneLink} from './phone_words.js';

const graces = [0, 3600, 86400, 604800];

function rotate(name) {
    return openDialog({
        title: `${t('token.rotate')}: ${name}`,
        content: close => [h('p', {}, t('token.rotateText')), form({
            fields: [field('grace', t('token.grace'), {value: '86400', options: graces.map(n => [String(n), n === 0 ? t('token.atOnce') : n < 86400 ? t('invite.hours', {n: n / 3600}) : t('invite.days', {n: n / 86400})])})],
            submit: t('token.rotate'), cancel: () => close(),
            onsubmit: async values => close(await post(path`/users/${name}/token/rotate`, {grace: Number(values.grace)})),
        }).node],
    });
}

function burn(name) {
    return openDialog({
        title: `${t('token.burn')}: ${name}`, wide: true,
        content: close => [
            h('p', {}, t('token.burnText1')), h('p', {}, t('token.burnText2')),
            form({
                fields: [field('hard', t('token.hard'), {type: 'checkbox', hint: t('token.hardHint')}), field('sure', t('token.sure', {name}), {type: 'checkbox', required: true})],
                submit: t('token.burn'), kind: 'danger', cancel: () => close(),
                onsubmit: async values => close(await post(path`/users/${name}/burn`, {hard: values.hard})),
            }).node],
    });
}

export function tokenBox(name) {
    const told = h('div', {class: 'form', 'aria-live': 'polite'});
    const box = problemBox();
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            showProblem(box, error);
        }
    };
    const folder = url => secret(url, t('token.folder'));
    return section(t('token.title'), h('p', {class: 'hint'}, t('token.text')), h('div', {class: 'buttons'},
        button(t('token.show'), guarded(async () => {
            const found = await post(path`/users/${name}/token`, {});
            fill(told, h('p', {class: 'warning'}, t('url.text')), folder(found.provisioning_base_url));
        })),
        button(t('token.rotate'), guarded(async () => {
            const made = await rotate(name);
            if (!made) return;
            fill(told, h('p', {class: 'notice'}, made.previous_ends_at * 1000 > Date.now() ? t('token.rotated', {until: date(made.previous_ends_at)}) : t('token.rotatedNow'), ' ',
                made.ended_one_before && t('token.endedOneBefore')), folder(made.provisioning_base_url));
        })),
        button(t('token.burn'), guarded(async () => {
            const made = await burn(name);
            if (!made) return;
            const passwords = Object.entries(made.passwords || {});
            fill(told, h('p', {class: 'warning'}, t('token.burnt', {n: made.phones.length, told: made.resync})), folder(made.provisioning_base_url),
                passwords.map(([account, password]) => secret(password, t('token.newPassword', {account}))),
                made.phones.length > 0 && h('p', {}, t('token.mustFetch'), ' ', made.phones.map((mac, i) => [i ? ', ' : '', phoneLink(mac)])),
                made.auth_passwords_kept.length > 0 && h('p', {}, t('token.kept'), ' ', made.auth_passwords_kept.map((mac, i) => [i ? ', ' : '', phoneLink(mac)])));
        }), 'danger')), box, told);
}
