/* phone_words.js: how a phone, a user and their choices are shown and picked on several pages. */

import {h, uid, debounce, fill} from './dom.js';
import {t} from './text.js';
import {get, all} from './api.js';
import {badge} from './bits.js';
import {field} from './form.js';
import {bare, colons} from './mac.js';

export function phoneLink(mac, text) {
    return h('a', {href: `#/phones/${bare(mac)}`, class: 'mono'}, text || colons(mac));
}

export function userLink(name) {
    return h('a', {href: `#/users/${encodeURIComponent(name)}`}, name);
}

export function phoneState(phone) {
    if (!phone.enabled) return badge('off', t('state.disabled'));
    return phone.last_fetch_at ? badge('good', t('state.fetched')) : badge('info', t('state.never_fetched'));
}

const kinds = {current: 'good', stale: 'warn', broken: 'bad', never_fetched: 'info', disabled: 'off', fetched: 'good'};
export function stateBadge(state) {
    return badge(kinds[state] || 'off', t(`state.${state}`));
}

const outcomes = {waiting: 'info', accepted: 'good', challenged: 'good', refused: 'bad', unreachable: 'bad', no_target: 'warn', failed: 'bad', cancelled: 'off'};
export function outcomeBadge(outcome) {
    return badge(outcomes[outcome] || 'off', t(`outcome.${outcome}`));
}

/* Vendor and model: a model's choices follow from the vendor. Promises {fields, values()}. */
export async function modelFields({vendor = '', model = '', anyVendor = '', signal}) {
    const [vendors, models] = await Promise.all([all('/vendors', {limit: ''}, signal), all('/models', {limit: ''}, signal)]);
    const which = field('vendor', t('phone.vendor'), {value: vendor, options: [...(anyVendor ? [['', anyVendor]] : []),
        ...vendors.map(one => [one.name, one.title])]});
    const kind = field('model', t('phone.model'), {options: []});
    function offer(kept) {
        const fit = models.filter(one => one.vendor === which.input.value);
        /* One that has left the catalogue may stay. */
        const gone = kept && !fit.some(one => one.model === kept) ? [[kept, `${kept} – ${t('phone.notInCatalogue')}`]] : [];
        fill(kind.input, [['', t('phone.noModel')], ...gone, ...fit.map(one => [one.model, one.model])].map(([value, text]) => h('option', {value}, text)));
        kind.input.value = kept || '';
        kind.input.disabled = !which.input.value;
    }
    which.input.addEventListener('change', () => offer(''));
    offer(model);
    return {fields: [which, kind], vendors, models, set(newVendor, newModel) {
        which.input.value = newVendor;
        offer(newModel || '');
    }};
}

/* Users whose name begins with what is typed. The list has no search, but its cursor is a name: those
 * after the typed piece are asked for. */
export async function findUsers(text, signal) {
    if (!text) return (await get('/users', {limit: 12}, {signal})).items;
    const before = text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) - 1) + '~~~~';
    const items = (await get('/users', {after: before, limit: 12}, {signal})).items;
    return items.filter(one => one.name.toLowerCase().startsWith(text.toLowerCase()));
}

/* A field that finds a user while one types (the ARIA combobox). */
export function userField(name, label, {value = '', hint, required = true, signal} = {}) {
    const made = field(name, label, {value, hint, required, role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', autocapitalize: 'none'});
    const id = uid('users');
    const list = h('ul', {class: 'choices', role: 'listbox', id, 'aria-label': label, hidden: true});
    const {input} = made;
    input.setAttribute('aria-controls', id);
    const holder = h('div', {class: 'combo'});
    input.replaceWith(holder);
    holder.append(input, list);
    let at = -1;
    function close() {
        list.hidden = true;
        input.setAttribute('aria-expanded', 'false');
        input.removeAttribute('aria-activedescendant');
        at = -1;
    }
    function point(i) {
        const items = [...list.children];
        items.forEach((one, n) => one.setAttribute('aria-selected', String(n === i)));
        at = i;
        if (items[i]) {
            input.setAttribute('aria-activedescendant', items[i].id);
            items[i].scrollIntoView({block: 'nearest'});
        }
    }
    function choose(text) {
        input.value = text;
        close();
        input.dispatchEvent(new Event('change'));
    }
    const look = debounce(async () => {
        const typed = input.value.trim();
        const found = await findUsers(typed, signal).catch(() => []);
        if (input.value.trim() !== typed || document.activeElement !== input) return;
        fill(list, found.map(one => h('li', {role: 'option', id: uid('user'), 'aria-selected': 'false', onmousedown: event => {
            event.preventDefault();
            choose(one.name);
        }}, h('span', {}, one.name), one.display_name && h('span', {class: 'muted'}, one.display_name))));
        list.hidden = !found.length;
        input.setAttribute('aria-expanded', String(found.length > 0));
        at = -1;
    }, 180, signal);
    input.addEventListener('input', look);
    input.addEventListener('blur', close);
    input.addEventListener('keydown', event => {
        const n = list.children.length;
        if (event.key === 'ArrowDown' && list.hidden) look();
        else if (event.key === 'ArrowDown') point((at + 1) % n);
        else if (event.key === 'ArrowUp' && !list.hidden) point((at - 1 + n) % n);
        else if (event.key === 'Enter' && !list.hidden && at >= 0) choose(list.children[at].firstChild.textContent);
        else if (event.key === 'Escape' && !list.hidden) {
            event.stopPropagation();
            close();
        } else return;
        event.preventDefault();
    });
    return made;
}
