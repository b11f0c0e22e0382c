/* pages/phones.js: all phones: find, sort, pick, and do something to many at once. */

import {h, debounce, fill} from '../dom.js';
import {t, ago, date} from '../text.js';
import {get, all} from '../api.js';
import {head} from '../bits.js';
import {field, problemBox, showProblem} from '../form.js';
import {longTable} from '../table.js';
import {phoneLink, phoneState, userLink} from '../phone_words.js';
import {bulkBar} from '../bulk.js';
import {bare} from '../mac.js';

/* What of a phone the list shows; a hundred thousand of them stay in memory. */
const slim = one => ({mac: one.mac, user: one.user, vendor: one.vendor, model: one.model, label: one.label, enabled: one.enabled, last_fetch_at: one.last_fetch_at});

export async function show(root, params, {query, signal, may}) {
    const q = field('q', t('phones.find'), {type: 'search', value: query.get('q') || '', placeholder: t('phones.findHint')});
    q.node.classList.add('grow');
    const state = field('state', t('phones.state'), {value: query.get('state') || '', options: [['', t('phones.anyState')],
        ...['fetched', 'never_fetched', 'disabled'].map(one => [one, t(`state.${one}`)])]});
    const vendor = field('vendor', t('phone.vendor'), {options: [['', t('phones.anyVendor')]]});
    const site = field('site', t('user.site'), {options: [['', t('phones.anySite')]]});
    site.node.hidden = true;
    const counted = h('p', {class: 'count', role: 'status'});
    const box = problemBox();
    const filters = () => ({q: q.value.trim(), state: state.value, vendor: vendor.value, site: site.value});

    let bar = null;
    const table = longTable({
        caption: t('nav.phones'), signal, key: row => bare(row.mac), sort: query.get('sort') || 'mac', order: query.get('order') || 'asc',
        columns: [
            {text: t('phone.mac'), width: '172px', kind: 'first', sort: 'mac', cell: row => phoneLink(row.mac)},
            {text: t('phone.user'), width: 'minmax(0, 1.2fr)', kind: 'c2', sort: 'user', cell: row => userLink(row.user), title: row => row.user},
            {text: t('phone.model'), width: 'minmax(0, 1fr)', kind: 'c3', sort: 'model', cell: row => [row.vendor, row.model].filter(Boolean).join(' ')},
            {text: t('phone.label'), width: 'minmax(0, 1.2fr)', kind: 'c4', cell: row => row.label, title: row => row.label},
            {text: t('phones.state'), width: '148px', kind: 'corner', cell: phoneState},
            {text: t('phone.lastFetch'), width: '150px', kind: 'c5', sort: 'last_fetch', cell: row => ago(row.last_fetch_at), title: row => date(row.last_fetch_at)},
        ],
        load: async (after, limit, sort, order) => {
            const page = await get('/phones', {...filters(), after, limit, sort, order}, {signal});
            return {items: page.items.map(slim), next: page.next};
        },
        count: async () => (await get('/phones/count', filters(), {signal})).count,
        onpick: may('operator') ? n => bar?.picked(n) : null,
        onstate: (text, error) => {
            fill(box);
            if (error) showProblem(box, error);
            else counted.textContent = text;
        },
    });
    bar = bulkBar({table, filters, may, done: () => table.begin()});

    let shown = null;
    async function anew() {
        if (signal.aborted || JSON.stringify(filters()) === shown) return;
        shown = JSON.stringify(filters());
        const kept = new URLSearchParams(Object.entries(filters()).filter(([, value]) => value));
        history.replaceState(null, '', `#/phones${kept.size ? '?' + kept : ''}`);
        await table.begin();
    }
    q.input.addEventListener('input', debounce(anew, 200, signal));
    [state, vendor, site].forEach(one => one.input.addEventListener('change', anew));
    /* Down leads from the filter into the list. */
    q.input.addEventListener('keydown', event => {
        if (event.key !== 'ArrowDown') return;
        event.preventDefault();
        table.node.querySelector('tbody a')?.focus();
    });

    root.append(
        head(t('nav.phones'), {actions: may('admin') && [
            h('a', {class: 'button', href: '#/import'}, t('nav.import')),
            h('a', {class: 'button primary', href: '#/add-phone'}, t('phones.add'))]}),
        h('form', {class: 'filters', role: 'search', onsubmit: event => event.preventDefault()}, q.node, state.node, vendor.node, site.node, counted),
        box, table.node, bar.node);

    shown = JSON.stringify(filters());
    const first = table.begin();
    const add = (one, items) => items.forEach(([value, text]) => one.input.append(h('option', {value}, text)));
    all('/vendors', {limit: ''}, signal).then(items => {
        add(vendor, items.map(one => [one.name, one.title]));
        if (query.get('vendor')) {
            vendor.input.value = query.get('vendor');
            anew();
        }
    }, () => {});
    get('/sites', {limit: 1000}, {signal}).then(page => {
        add(site, page.items.map(one => [one.name, one.name]));
        site.node.hidden = !page.items.length;
    }, () => {});
    await first;
}
