/* pages/phone.js: one phone: its head, what can be done with it at once, and its parts, each in a file
 * of its own (phone_*.js) with an address of its own. */

import {h, fill} from '../dom.js';
import {t, date, ago, word} from '../text.js';
import {call, post, path, all} from '../api.js';
import {head, facts, section, badge, table} from '../bits.js';
import {confirm, button, tell} from '../dialog.js';
import {problemBox, showProblem} from '../form.js';
import {phoneState, stateBadge, userLink} from '../phone_words.js';
import {urlBox} from '../phone_url.js';
import {resyncBox} from '../phone_resync.js';
import {bare, colons} from '../mac.js';

/* part: [file, role that it takes to see it] */
const parts = {
    '': [null, 'viewer'], details: ['phone_details', 'viewer'], lines: ['phone_lines', 'viewer'], keys: ['phone_keys', 'viewer'],
    settings: ['phone_settings', 'viewer'], access: ['phone_access', 'viewer'], files: ['phone_files', 'operator'], history: ['phone_history', 'viewer'],
};

async function removePhone(mac, etag, go) {
    const yes = await confirm({title: t('delete.phone', {mac: colons(mac)}), lines: [t('delete.phoneText')], action: t('action.delete'), danger: true});
    if (!yes) return;
    await call('DELETE', path`/phones/${mac}`, {etag});
    tell(t('delete.done', {name: colons(mac)}));
    go('#/phones');
}

export async function show(root, [given, part = ''], context) {
    const {signal, may, go} = context;
    const mac = bare(given) || given;
    const {data: phone, etag} = await call('GET', path`/phones/${mac}`, {signal});
    const box = problemBox();
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            showProblem(box, error);
        }
    };
    const resync = resyncBox(mac, signal);
    const shownUrl = h('div', {});
    const actions = [
        may('operator') && button(t('resync.now'), guarded(() => resync.order('resync'))),
        may('admin') && button(t('url.show'), guarded(async () => fill(shownUrl, urlBox(await post(path`/phones/${mac}/url`, {}, {signal}))))),
        may('admin') && button(t('action.delete'), guarded(() => removePhone(mac, etag, go)), 'danger'),
    ];
    const tabs = h('nav', {class: 'tabs', 'aria-label': t('phone.parts')}, h('ul', {}, Object.entries(parts).filter(([, [, role]]) => may(role)).map(([name]) =>
        h('li', {}, h('a', {href: `#/phones/${mac}${name ? '/' + name : ''}`, 'aria-current': name === part ? 'page' : null}, t(`phone.part.${name || 'overview'}`))))));
    root.append(
        head(colons(mac), {
            back: {href: '#/phones', text: t('nav.phones')}, actions,
            text: [phone.label, [phone.vendor, phone.model].filter(Boolean).join(' '), phone.user].filter(Boolean).join(' · ')}),
        box, shownUrl, resync.node, tabs);
    tabs.querySelector('[aria-current]')?.scrollIntoView({inline: 'center', block: 'nearest'});
    const body = h('div', {class: 'part'});
    root.append(body);
    const [file, role] = parts[part] || [null, 'viewer'];
    if (!may(role)) fill(body, h('p', {}, t('frame.notAllowed')));
    else if (file) await (await import(`./${file}.js`)).show(body, {phone, etag, mac, ...context});
    else await overview(body, phone, mac, signal);
}

async function overview(body, phone, mac, signal) {
    const files = h('div', {}, h('p', {class: 'muted'}, t('list.loading')));
    const open = phone.enrol_until > Date.now() / 1000;
    body.append(h('div', {class: 'boxes'},
        section(t('phone.state'), h('p', {}, phoneState(phone), ' ', open && badge('info', t('phone.enrolOpen', {until: date(phone.enrol_until)}))),
            facts([
                [t('phone.user'), userLink(phone.user)],
                [t('phone.model'), [phone.vendor, phone.model].filter(Boolean).join(' ')],
                [t('phone.lines'), phone.lines.length ? h('ul', {}, phone.lines.map(one => h('li', {}, `${one.position}: ${one.account}`))) : t('phone.noLines')],
                [t('phone.created'), date(phone.created_at)],
            ])),
        section(t('phone.came'), facts([
            [t('phone.lastFetch'), phone.last_fetch_at ? `${ago(phone.last_fetch_at)} (${date(phone.last_fetch_at)})` : t('time.never')],
            phone.last_fetch_at && [t('phone.fetchFrom'), phone.last_fetch_address],
            phone.last_fetch_at && [t('phone.fetchAgent'), phone.last_fetch_agent || '–'],
            phone.last_fetch_file && [t('phone.fetchFile'), h('code', {}, phone.last_fetch_file)],
            [t('phone.fetches'), t('phone.fetchCount', {n: phone.fetches})],
            [t('phone.lastRefusal'), phone.last_refusal_at ? `${ago(phone.last_refusal_at)}: ${word('reason', phone.last_refusal_reason)}` : t('time.never')],
        ])),
    ), section(t('phone.files'), h('p', {class: 'hint'}, t('phone.filesText')), files));
    try {
        const items = await all(path`/phones/${mac}/files`, {limit: ''}, signal);
        fill(files, table(t('phone.files'), [
            {text: t('file.name'), cell: one => h('code', {}, one.file)},
            {text: t('file.role'), cell: one => t(`role_of_file.${one.role}`)},
            {text: t('file.state'), cell: one => [stateBadge(one.state), one.error && h('p', {class: 'small-text'}, one.error)]},
            {text: t('file.delivered'), cell: one => date(one.delivered_at)},
        ], items));
    } catch (error) {
        showProblem(fill(files, problemBox()).firstChild, error);
    }
}

