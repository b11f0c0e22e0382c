/* pages/phone_details.js: vendor, model, label and the like of a phone; moving it to another user. */

import {h} from '../dom.js';
import {t} from '../text.js';
import {call, patch, post, path} from '../api.js';
import {section, facts} from '../bits.js';
import {field, form, changes} from '../form.js';
import {confirm, tell, button, openDialog} from '../dialog.js';
import {saveGuarded} from '../conflict.js';
import {modelFields, userField} from '../phone_words.js';

/* Saves these members of the phone, with the conflict dialog; used by other parts of the page too. */
export async function savePhone({mac, etag, before, mine, labels, again}) {
    const changed = changes(before, mine);
    if (!Object.keys(changed).length) {
        tell(t('form.unchanged'));
        return null;
    }
    let answer = null;
    const result = await saveGuarded({
        etag, before, mine: changed, labels,
        save: async tag => {
            answer = await patch(path`/phones/${mac}`, changed, {etag: tag});
        },
        load: () => call('GET', path`/phones/${mac}`),
        pick: data => ({...data, lines: data.lines.map(one => one.account)}),
    });
    if (result === 'editing') return null;
    if (result === 'saved') tell(answer.unused_lines ? t('phone.unusedLines', {n: answer.unused_lines}) : t('form.saved'));
    await again();
    return answer;
}

export async function show(root, {phone, etag, mac, may, again, signal, guard, go}) {
    const labels = {vendor: t('phone.vendor'), model: t('phone.model'), label: t('phone.label'), enabled: t('phone.enabled'), sip_contact: t('phone.contact'), external_id: t('phone.externalId')};
    if (!may('admin')) {
        root.append(section(t('phone.part.details'), facts(Object.entries(labels).map(([name, text]) =>
            [text, name === 'enabled' ? t(phone.enabled ? 'answer.yes' : 'answer.no') : phone[name] || '–']))));
        return;
    }
    const kinds = await modelFields({vendor: phone.vendor, model: phone.model, signal});
    const made = form({
        fields: [...kinds.fields,
            field('label', labels.label, {value: phone.label, maxlength: 128, hint: t('phone.labelHint')}),
            field('sip_contact', labels.sip_contact, {value: phone.sip_contact, hint: t('phone.contactHint'), placeholder: 'sip:1001@192.0.2.7:5060'}),
            field('external_id', labels.external_id, {value: phone.external_id || '', hint: t('phone.externalIdHint'), read: input => input.value || null}),
            field('enabled', labels.enabled, {type: 'checkbox', value: phone.enabled, hint: t('phone.enabledHint')})],
        submit: t('form.save'),
        onsubmit: mine => savePhone({mac, etag, before: phone, mine, labels, again}),
    });
    made.node.classList.add('grid');
    made.node.addEventListener('input', () => guard(() => made.node.isConnected && Object.keys(changes(phone, made.values)).length > 0));
    root.append(section(t('phone.part.details'), made.node),
        section(t('move.title'), h('p', {class: 'hint'}, t('move.text')), h('div', {class: 'buttons'}, button(t('move.button'), async () => {
            const moved = await openDialog({title: t('move.title'), content: close => form({
                fields: [userField('user', t('move.to'), {signal})],
                submit: t('move.go'),
                cancel: () => close(),
                onsubmit: async ({user}) => {
                    const yes = await confirm({title: t('move.title'), lines: [t('move.sure', {from: phone.user, to: user})], action: t('move.go')});
                    if (yes) {
                        await post(path`/phones/${mac}/move`, {user: user.trim()}, {etag});
                        close(true);
                    }
                },
            }).node});
            if (!moved) return;
            tell(t('move.done'));
            go(`#/phones/${mac}`);
        }))));
}
