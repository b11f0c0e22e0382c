/* pages/discovered.js: phones that asked by multicast (PnP): adopt one for a user, or forget it. */

import {h, fill} from '../dom.js';
import {t, ago, word} from '../text.js';
import {get, post, del, path} from '../api.js';
import {head, pagedTable, badge} from '../bits.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {openDialog, tell, button} from '../dialog.js';
import {modelFields, userField, phoneLink} from '../phone_words.js';
import {enrolField} from '../bulk.js';
import {explainDialog} from '../explain.js';
import {bare, colons} from '../mac.js';

async function adopt(row, signal) {
    const kinds = await modelFields({vendor: row.vendor, model: row.model, anyVendor: t('add.vendorByMac'), signal});
    fill(kinds.fields[0].said, t('discovered.guess'));
    return openDialog({
        title: t('discovered.adoptTitle', {mac: colons(row.mac)}),
        content: close => [h('p', {}, t('discovered.adoptText')), form({
            fields: [userField('user', t('phone.user'), {hint: t('add.userHint'), signal}), ...kinds.fields, field('label', t('phone.label'), {hint: t('phone.labelHint')}), enrolField()],
            submit: t('discovered.adopt'), cancel: () => close(),
            onsubmit: async values => {
                const {for: seconds, ...rest} = values;
                const body = Object.fromEntries(Object.entries({...rest, user: rest.user.trim()}).filter(([, value]) => value));
                close(await post(path`/pnp/${bare(row.mac)}/adopt`, {...body, for: Number(seconds)}));
            },
        }).node],
    });
}

export async function show(root, params, {signal, may, go}) {
    const known = field('known', t('discovered.which'), {value: 'no', options: [['no', t('discovered.unknown')], ['yes', t('discovered.known')], ['', t('phones.anyState')]]});
    const mode = h('p', {class: 'lead'});
    const box = problemBox();
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            showProblem(box, error);
        }
    };
    const list = pagedTable('/pnp', t('nav.discovered'), [
        {text: t('phone.mac'), cell: row => (row.known ? phoneLink(row.mac) : h('span', {class: 'mono'}, colons(row.mac)))},
        {text: t('phone.model'), cell: row => [[row.vendor, row.model].filter(Boolean).join(' ') || '–', h('p', {class: 'small-text'}, [row.said_vendor, row.said_model, row.firmware].filter(Boolean).join(' '))]},
        {text: t('log.from'), cell: row => [row.source, h('p', {class: 'small-text'}, row.interface)]},
        {text: t('discovered.last'), cell: row => [ago(row.last_at), h('p', {class: 'small-text'}, t('discovered.count', {n: row.count}))]},
        {text: t('phone.state'), cell: row => [badge(row.known ? 'good' : 'info', t(row.known ? 'discovered.isKnown' : 'discovered.isUnknown')), row.told_at > 0 && h('p', {class: 'small-text'}, t('discovered.told', {when: ago(row.told_at), outcome: word('outcome', row.outcome)}))]},
        may('operator') && {kind: 'tools', cell: row => [
            may('admin') && !row.known && h('button', {type: 'button', class: 'small primary', onclick: guarded(async () => {
                const made = await adopt(row, signal);
                if (!made) return;
                tell(t('discovered.adopted'));
                go(`#/phones/${bare(made.mac)}`);
            })}, t('discovered.adopt'), h('span', {class: 'sr'}, ` ${row.mac}`)),
            h('button', {type: 'button', class: 'small', onclick: () => explainDialog({mac: bare(row.mac), from: row.source.replace(/:\d+$/, ''), pnp: true})}, t('explain.button'), h('span', {class: 'sr'}, ` ${row.mac}`)),
            h('button', {type: 'button', class: 'small', onclick: guarded(async () => {
                await del(path`/pnp/${bare(row.mac)}`);
                tell(t('discovered.forgotten'));
                await list.load();
            })}, t('discovered.forget'), h('span', {class: 'sr'}, ` ${row.mac}`))]},
    ].filter(Boolean), {signal, empty: t('discovered.none')});
    root.append(head(t('nav.discovered'), {text: t('discovered.text'), actions: button(t('list.again'), () => list.load())}), mode, h('div', {class: 'filters'}, known.node), box, list.node);
    known.input.addEventListener('change', () => list.load({known: known.value}));
    get('/status', null, {signal}).then(status => fill(mode, t(`add.pnp_${status.pnp}`)), () => {});
    await list.load({known: known.value});
}
