/* pages/add_phone.js: a new phone in one screen, and then the three ways to get it its URL, with the moment at which it comes. */

import {h, fill, debounce} from '../dom.js';
import {t, ago} from '../text.js';
import {get, post, patch, path, poll} from '../api.js';
import {head, section, badge} from '../bits.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {button, tell} from '../dialog.js';
import {addUser} from './users.js';
import {modelFields, userField, phoneLink, userLink} from '../phone_words.js';
import {urlBox} from '../phone_url.js';
import {resyncBox} from '../phone_resync.js';
import {enrolField} from '../bulk.js';
import {bare, colons, fault} from '../mac.js';

/* What the server knows of a MAC that is no phone yet: what it said by multicast, else whose block it is of. */
async function guess(mac, signal) {
    try {
        const heard = await get(path`/pnp/${mac}`, null, {signal});
        if (heard.vendor) return {vendor: heard.vendor, model: heard.model, by: 'pnp'};
    } catch (error) {
        if (error.status !== 404) throw error;
    }
    const [fit] = (await get('/vendors', {mac}, {signal})).items;
    return fit ? {vendor: fit.name, model: '', by: 'mac'} : null;
}

export async function show(root, params, {query, signal, again}) {
    const mac = field('mac', t('phone.mac'), {required: true, value: query.get('mac') || '', hint: t('activate.macHint'), autocapitalize: 'none', placeholder: 'cc:5e:f6:41:b7:94', autofocus: true});
    const state = h('p', {class: 'check', role: 'status'});
    mac.said.after(state);
    const kinds = await modelFields({anyVendor: t('add.vendorByMac'), signal});
    const guessed = kinds.fields[0].said;
    let chosen = false;
    kinds.fields[0].input.addEventListener('change', () => {
        chosen = true;
        fill(guessed);
    });
    const user = userField('user', t('phone.user'), {value: query.get('user') || '', hint: t('add.userHint'), signal});
    user.input.closest('.field').append(h('p', {}, button(t('users.add'), async () => {
        const name = await addUser(signal);
        if (name) user.input.value = name;
    }, 'small')));
    const made = form({
        fields: [mac, user, ...kinds.fields, field('label', t('phone.label'), {maxlength: 128, hint: t('phone.labelHint')})],
        submit: t('phones.add'),
        onsubmit: async values => {
            const wrong = fault(values.mac);
            if (wrong) {
                mac.say(t(`mac.${wrong}`));
                mac.input.focus();
                return;
            }
            const body = Object.fromEntries(Object.entries({...values, mac: bare(values.mac), user: values.user.trim()}).filter(([, value]) => value));
            ways(await post('/phones', body));
        },
    });
    made.node.classList.add('grid');
    const place = h('div', {class: 'form'});
    root.append(head(t('phones.add'), {back: {href: '#/phones', text: t('nav.phones')}}), place);
    fill(place, section(t('add.what'), made.node));

    const check = debounce(async () => {
        const typed = mac.input.value;
        mac.say('');
        if (!typed.trim()) {
            fill(state);
            return;
        }
        const wrong = fault(typed);
        if (wrong) {
            fill(state, wrong === 'short' ? t('mac.short') : badge('bad', t(`mac.${wrong}`)));
            return;
        }
        fill(state, badge('good', t('mac.good', {mac: colons(typed)})));
        const there = await get(path`/phones/${bare(typed)}`, null, {signal}).catch(error => (error.status === 404 ? null : undefined));
        if (mac.input.value !== typed || signal.aborted) return;
        if (there) fill(state, badge('warn', t('add.exists')), ' ', phoneLink(there.mac), ' ', there.user);
        const found = await guess(bare(typed), signal).catch(() => null);
        if (mac.input.value !== typed || chosen) return;
        kinds.set(found?.vendor || '', found?.model);
        fill(guessed, found ? t(`add.guess_${found.by}`) : t('add.noGuess'));
    }, 150, signal);
    mac.input.addEventListener('input', check);
    if (mac.input.value) check();
    (mac.input.value ? user : mac).input.focus();

    function ways(phone) {
        const now = bare(phone.mac);
        const came = h('p', {role: 'status'}, badge('info', t('add.waiting')), ' ', t('add.waitingText'));
        const urls = h('div', {});
        const box = problemBox();
        const guarded = work => async () => {
            fill(box);
            try {
                await work();
            } catch (error) {
                showProblem(box, error);
            }
        };
        const hints = h('p', {class: 'hint'});
        const contact = field('sip_contact', t('phone.contact'), {hint: t('phone.contactHint'), placeholder: 'sip:1001@192.0.2.7:5060'});
        const resync = resyncBox(now, signal);
        const title = h('h2', {tabindex: '-1'}, t('add.added', {mac: colons(now)}));
        fill(place,
            h('section', {class: 'box'}, title,
                h('p', {}, t('add.addedText'), ' ', userLink(phone.user), ' · ', [phone.vendor, phone.model].filter(Boolean).join(' ')),
                phone.lines.length ? h('p', {}, t('add.lines', {n: phone.lines.length})) : h('p', {class: 'warning'}, t('add.noLines'), ' ', userLink(phone.user)),
                phone.unused_lines > 0 && h('p', {class: 'warning'}, t('phone.unusedLines', {n: phone.unused_lines})), came,
                h('div', {class: 'buttons'}, h('a', {class: 'button', href: `#/phones/${now}`}, t('add.open')), button(t('add.another'), again))),
            h('h2', {}, t('add.ways')), box,
            h('div', {class: 'boxes three'},
                section(t('add.byHand'), h('p', {class: 'hint'}, t('add.byHandText')),
                    h('div', {class: 'buttons'}, button(t('url.show'), guarded(async () => fill(urls, urlBox(await post(path`/phones/${now}/url`, {}, {signal})))), 'primary'))),
                section(t('add.byLan'), h('p', {class: 'hint'}, t('add.byLanText')), hints, form({
                    fields: [enrolField()], submit: t('enrol.go'), kind: '', onsubmit: async values => {
                        await post('/enrolments', {macs: [now], for: Number(values.for)});
                        tell(t('enrol.opened'));
                    }}).node),
                section(t('add.byPbx'), h('p', {class: 'hint'}, t('add.byPbxText')), form({
                    fields: [contact], submit: t('resync.tellUrl'), kind: '', onsubmit: async values => {
                        if (values.sip_contact) await patch(path`/phones/${now}`, {sip_contact: values.sip_contact.trim()});
                        await resync.order('url');
                    }}).node, resync.node)),
            urls);
        title.focus();
        get('/status', null, {signal}).then(status => fill(hints, t(`add.pnp_${status.pnp}`), ' ', t(status.flat_mode ? 'add.flatOn' : 'add.flatOff')), () => {});
        poll(async () => {
            const seen = await get(path`/phones/${now}`, null, {signal});
            if (!seen.last_fetch_at) return true;
            fill(came, badge('good', t('add.came')), ' ', t('add.cameText', {when: ago(seen.last_fetch_at), from: seen.last_fetch_address}));
            return false;
        }, 3000, signal);
    }
}
