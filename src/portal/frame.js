/* frame.js: what surrounds every page of an admin: skip link, navigation by role, who is signed in. */

import {h, fill} from './dom.js';
import {t, language, languages} from './text.js';

export const ranks = {user: 0, viewer: 1, operator: 2, admin: 3};

/* Groups of [page, role]. */
const groups = [
    [['overview', 'viewer'], ['phones', 'viewer'], ['users', 'viewer'], ['discovered', 'viewer'], ['refusals', 'viewer']],
    [['templates', 'viewer'], ['import', 'admin'], ['settings', 'viewer']],
    [['audit', 'admin'], ['api-keys', 'admin'], ['admins', 'admin'], ['sessions', 'viewer']],
];
const parents = {phone: 'phones', 'add-phone': 'phones', user: 'users'};

let choose = null;

/* chosen(name) draws everything anew in that language, and promises false where it does not. Set by app.js. */
export function onLanguage(chosen) {
    choose = chosen;
}

export function languageChoice() {
    return h('label', {class: 'language'}, h('span', {class: 'sr'}, t('frame.language')),
        h('select', {value: language, onchange: async event => {
            const {target} = event;
            if (!await choose(target.value)) target.value = language;
        }}, Object.entries(languages).map(([name, text]) => h('option', {value: name, lang: name}, text))));
}

function brand() {
    return h('a', {class: 'brand', href: '#/'}, h('img', {src: '/icon.svg', alt: '', width: 24, height: 24}), 'autoprovd');
}

export function frame(session, messages, signOut) {
    const main = h('main', {id: 'main', tabindex: '-1'});
    const links = {};
    const list = groups.map(group => h('ul', {}, group.filter(([, role]) => ranks[session.role] >= ranks[role]).map(([name]) => {
        links[name] = h('a', {href: `#/${name === 'overview' ? '' : name}`}, t(`nav.${name}`));
        return h('li', {}, links[name]);
    })));
    const nav = h('nav', {id: 'nav', 'aria-label': t('frame.pages')}, list);
    const menu = h('button', {type: 'button', class: 'menu', 'aria-expanded': 'false', 'aria-controls': 'side', onclick: () => open(menu.getAttribute('aria-expanded') !== 'true')},
        h('span', {'aria-hidden': 'true'}, '☰ '), t('frame.menu'));
    const side = h('div', {class: 'side', id: 'side'}, nav,
        h('section', {class: 'who', 'aria-label': t('frame.account')},
            h('p', {}, h('strong', {}, session.name), h('span', {class: 'muted'}, t(`role.${session.role}`))),
            h('div', {class: 'row'}, languageChoice(), h('button', {type: 'button', class: 'small', onclick: signOut}, t('frame.signOut')))));
    function open(yes) {
        menu.setAttribute('aria-expanded', String(yes));
        side.classList.toggle('open', yes);
    }
    side.addEventListener('keydown', event => {
        if (event.key === 'Escape' && menu.getAttribute('aria-expanded') === 'true') {
            open(false);
            menu.focus();
        }
    });
    fill(document.body,
        h('a', {class: 'skip', href: '#main', onclick: event => {
            event.preventDefault();
            (main.querySelector('h1') || main).focus();
        }}, t('frame.skip')),
        h('header', {class: 'top'}, brand(), menu),
        side, main, messages);
    return {main, mark(name) {
        const here = Object.hasOwn(parents, name) ? parents[name] : name;
        Object.entries(links).forEach(([one, link]) => {
            if (one === here) link.setAttribute('aria-current', 'page');
            else link.removeAttribute('aria-current');
        });
        open(false);
    }};
}
