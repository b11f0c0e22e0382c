/* bits.js: small pieces that several pages show: a page's head, states, facts, lists and tables of moderate length. */

import {h, fill} from './dom.js';
import {t} from './text.js';
import {get} from './api.js';
import {showProblem, problemBox} from './form.js';

/* The head of a page; h1 gets the focus when the page is shown, so that it is read out. */
export function head(title, {text, actions, back} = {}) {
    return h('header', {class: 'head'},
        back && h('a', {class: 'back', href: back.href}, '← ', back.text),
        h('div', {class: 'row'}, h('h1', {tabindex: '-1'}, title), actions && h('div', {class: 'actions'}, actions)),
        text && h('p', {class: 'lead'}, text));
}

const signs = {good: '●', info: '◐', off: '○', warn: '▲', bad: '■'};

/* A state: a sign of its own shape and a word; the colour only adds to it. */
export function badge(kind, text) {
    return h('span', {class: `badge ${kind}`}, h('span', {class: 'sign', 'aria-hidden': 'true'}, signs[kind] || '●'), text);
}

export function facts(rows) {
    return h('dl', {class: 'facts'}, rows.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

export function section(title, ...children) {
    return h('section', {class: 'box'}, h('h2', {}, title), children);
}

/* columns: [{name, text, cell(row), kind}]; below 700 px each row is a card. */
export function table(caption, columns, rows, {empty = t('list.empty')} = {}) {
    const body = h('tbody', {});
    const node = h('table', {class: 'cards'}, h('caption', {class: 'sr'}, caption),
        h('thead', {}, h('tr', {}, columns.map(one => h('th', {scope: 'col', class: one.kind}, one.text || h('span', {class: 'sr'}, t('list.actions')))))), body);
    const nothing = h('p', {class: 'empty'}, empty);
    const holder = h('div', {class: 'list'});
    function add(more) {
        more.forEach(row => body.append(h('tr', {}, columns.map((one, i) => h(i === 0 ? 'th' : 'td',
            {scope: i === 0 ? 'row' : null, 'data-label': one.text || null, class: one.kind}, h('div', {}, one.cell(row)))))));
        fill(holder, body.children.length ? node : nothing);
        holder.classList.toggle('nothing', !body.children.length);
    }
    /* What is wider than the screen is scrolled by the arrow keys too, so it has to take the focus. */
    new ResizeObserver(() => {
        if (holder.scrollWidth > holder.clientWidth) Object.entries({tabindex: '0', role: 'region', 'aria-label': caption}).forEach(one => holder.setAttribute(...one));
        else ['tabindex', 'role', 'aria-label'].forEach(one => holder.removeAttribute(one));
    }).observe(holder);
    holder.rows = body;
    holder.add = add;
    holder.empty = () => {
        body.replaceChildren();
        fill(holder, nothing);
        holder.classList.add('nothing');
    };
    add(rows);
    return holder;
}

/* A list of the API page by page: a table, and a button for more. load() begins anew with another query. */
export function pagedTable(where, caption, columns, {signal, limit = 100, empty, keep = row => row} = {}) {
    const list = table(caption, columns, [], {empty});
    const box = problemBox();
    const more = h('button', {type: 'button', hidden: true}, t('list.more'));
    const node = h('div', {'aria-busy': 'true'}, list, box, h('p', {class: 'more'}, more));
    let query = {};
    let after = '';
    let turn = 0;
    async function next() {
        const mine = turn;
        node.setAttribute('aria-busy', 'true');
        busy(true);
        try {
            fill(box);
            const page = await get(where, {...query, limit, after}, {signal});
            if (mine !== turn) return;
            list.add(page.items.filter(keep));
            after = page.next;
            more.hidden = !after;
        } catch (error) {
            if (mine !== turn) return;
            showProblem(box, error);
        }
        busy(false);
        node.removeAttribute('aria-busy');
    }
    /* Not disabled: it would lose the focus. */
    function busy(yes) {
        more.setAttribute('aria-disabled', String(yes));
    }
    more.addEventListener('click', () => {
        if (more.getAttribute('aria-disabled') !== 'true') next();
    });
    return {node, load(wanted = query) {
        turn += 1;
        query = wanted;
        after = '';
        list.empty();
        fill(box);
        return next();
    }};
}

/* A bar of progress with words. */
export function progress(text) {
    const bar = h('progress', {max: 1, 'aria-label': text});
    const words = h('span', {role: 'status'}, text);
    const node = h('div', {class: 'progress'}, bar, words);
    node.set = (done, total, said) => {
        if (total) {
            bar.max = total;
            bar.value = done;
        }
        words.textContent = said;
    };
    return node;
}
