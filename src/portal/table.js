/* table.js: a table of any length. Only the rows on the screen are in the document; each is placed by
 * its number. Rows come page by page (a cursor knows only the page after it), so a jump far down loads
 * what lies between, in large pages, while the table says so.
 *
 * Keys: up, down, page up, page down, home, end move from row to row; space selects; Enter opens. */

import {h, fill, clear} from './dom.js';
import {t, number} from './text.js';

const AROUND = 5;      /* rows kept ready above and below the screen */
const FIRST = 100;     /* rows of the first page: it has to be there at once */
const LARGE = 1000;

/* columns: [{name, text, width, cell(row), sort, kind, title}], the first one's cell holds the row's link.
 * load(after, limit, sort, order) gets a page {items, next}; count() the number of all. onpick(n, all) is told of a
 * changed selection; without it there is none. */
export function longTable({caption, columns, key, load, count, onpick, onstate, signal, sort = '', order = 'asc'}) {
    let rows = [], next = '', total = 0, turn = 0, wanted = 0, busy = false, current = 0, high = 42;
    let everything = false, counted = false;
    const picked = new Set();  /* of everything: those that are not */
    const drawn = new Map();   /* number -> tr */
    const heads = new Map();

    const all = h('input', {type: 'checkbox', 'aria-label': t('list.pickAll'), onchange: () => pickAll(all.checked)});
    const body = h('tbody', {role: 'rowgroup'});
    const headRow = h('tr', {role: 'row', 'aria-rowindex': 1},
        onpick && h('th', {role: 'columnheader', class: 'tick'}, h('label', {}, all)),
        columns.map(one => {
            const th = h('th', {role: 'columnheader', scope: 'col', class: one.kind});
            if (one.sort) {
                const arrow = h('span', {class: 'arrow', 'aria-hidden': 'true'});
                th.append(h('button', {type: 'button', onclick: () => sortBy(one.sort)}, one.text, arrow));
                heads.set(one.sort, {th, arrow});
            } else {
                th.append(h('span', {}, one.text));
                th.classList.add('plainhead');
            }
            return th;
        }));
    const table = h('table', {class: 'long', role: 'table', 'aria-label': caption}, h('thead', {role: 'rowgroup'}, headRow), body);
    table.style.setProperty('--columns', (onpick ? '44px ' : '') + columns.map(one => one.width || 'minmax(0, 1fr)').join(' '));
    const nothing = h('p', {class: 'empty', hidden: true}, t('list.empty'));
    const node = h('div', {class: 'longlist'}, table, nothing);

    const isPicked = row => picked.has(key(row)) !== everything;

    function told() {
        const n = everything ? total - picked.size : picked.size;
        all.checked = n > 0 && n >= total;
        all.indeterminate = n > 0 && n < total;
        onpick?.(n, everything);
    }
    function pickAll(yes) {
        everything = yes;
        picked.clear();
        drawn.forEach((tr, i) => mark(tr, rows[i]));
        told();
    }
    function pick(row, yes) {
        if (yes !== everything) picked.add(key(row));
        else picked.delete(key(row));
        told();
    }
    function mark(tr, row) {
        if (!onpick || !row) return;
        const yes = isPicked(row);
        tr.querySelector('.tick input').checked = yes;
        tr.classList.toggle('picked', yes);
    }

    function draw(i) {
        const row = rows[i];
        const tr = h('tr', {role: 'row', 'aria-rowindex': i + 2, class: row ? null : 'wait'});
        tr.style.top = `${i * high}px`;
        if (!row) {
            tr.append(h('td', {role: 'cell'}), h('td', {role: 'cell'}, t('list.loading')));
            return tr;
        }
        if (onpick) {
            const box = h('input', {type: 'checkbox', tabindex: '-1', 'aria-label': t('list.pick', {name: key(row)}), onchange: () => {
                pick(row, box.checked);
                mark(tr, row);
            }});
            tr.append(h('td', {role: 'cell', class: 'tick'}, h('label', {}, box)));
        }
        columns.forEach((one, at) => tr.append(h(at ? 'td' : 'th', {role: at ? 'cell' : 'rowheader', class: one.kind,
            title: one.title ? one.title(row) || null : null}, one.cell(row))));
        tr.querySelector('a')?.setAttribute('tabindex', '-1');
        mark(tr, row);
        return tr;
    }

    /* One row at a time is in the order of Tab. */
    function setCurrent(i) {
        drawn.get(current)?.querySelectorAll('a, input').forEach(one => one.setAttribute('tabindex', '-1'));
        current = i;
        drawn.get(i)?.querySelectorAll('a, input').forEach(one => one.setAttribute('tabindex', '0'));
    }

    function render() {
        if (signal?.aborted || !table.isConnected) return;
        const top = -body.getBoundingClientRect().top;
        const first = Math.max(0, Math.floor(top / high) - AROUND);
        const last = Math.min(total, Math.ceil((top + innerHeight) / high) + AROUND);
        const inside = body.contains(document.activeElement);
        if (!inside && (current < first + AROUND || current >= last - AROUND)) current = Math.min(Math.max(0, total - 1), first ? first + AROUND : 0);
        for (const [i, tr] of drawn) {
            const stale = tr.classList.contains('wait') && rows[i];
            if (((i < first || i >= last) && !(inside && i === current)) || stale) {
                tr.remove();
                drawn.delete(i);
            }
        }
        for (let i = first; i < last; i++) {
            if (drawn.has(i)) continue;
            const tr = draw(i);
            let after = i + 1;
            while (after < last && !drawn.has(after)) after += 1;
            body.insertBefore(tr, drawn.get(after) || null);
            drawn.set(i, tr);
        }
        setCurrent(current);
        wanted = last;
        more();
    }

    async function more() {
        if (busy || next === null || rows.length >= wanted) return;
        busy = true;
        const mine = turn;
        try {
            while (mine === turn && next !== null && rows.length < wanted) {
                const far = wanted - rows.length > LARGE / 2;
                const page = await load(next, rows.length === 0 ? FIRST : far ? LARGE : 200, sort, order);
                if (mine !== turn || signal?.aborted) return;
                rows.push(...page.items);
                next = page.next;
                if (next === null) total = rows.length;
                else total = Math.max(total, rows.length);
                if (wanted - rows.length > LARGE) onstate?.(t('list.loaded', {n: rows.length, total}));
                else size();
            }
            size();
        } catch (error) {
            if (mine === turn) onstate?.(error.message, error);
        } finally {
            if (mine === turn) busy = false;
        }
    }

    function size() {
        body.style.height = `${total * high}px`;
        table.setAttribute('aria-rowcount', total + 1);
        table.hidden = total === 0;
        nothing.hidden = total !== 0 || next !== null;
        onstate?.(counted || next === null ? t('list.count', {n: total}) : t('list.loading'));
        told();
        render();
    }

    function measure() {
        const now = parseInt(getComputedStyle(table).getPropertyValue('--high'), 10) || 42;
        if (now !== high) {
            high = now;
            redraw();
        } else {
            render();
        }
    }
    function redraw() {
        drawn.clear();
        clear(body);
        size();
    }

    function sortBy(name) {
        order = sort === name && order === 'asc' ? 'desc' : 'asc';
        sort = name;
        begin();
    }

    /* Anew from the first row: another filter or another order. */
    async function begin() {
        turn += 1;
        const mine = turn;
        rows = [];
        next = '';
        busy = false;
        current = 0;
        everything = false;
        counted = false;
        picked.clear();
        /* What is picked while the rows are on their way would be lost. */
        all.disabled = true;
        heads.forEach(({th, arrow}, name) => {
            const on = name === sort;
            th.setAttribute('aria-sort', on ? (order === 'asc' ? 'ascending' : 'descending') : 'none');
            fill(arrow, on ? (order === 'asc' ? ' ▲' : ' ▼') : '');
        });
        wanted = Math.ceil(innerHeight / high) + AROUND;
        table.setAttribute('aria-busy', 'true');
        total = 0;
        drawn.clear();
        clear(body);
        told();
        onstate?.(t('list.loading'));
        const first = more();
        const n = await count().catch(() => 0);
        await first;
        table.removeAttribute('aria-busy');
        if (mine !== turn || signal?.aborted) return;
        counted = true;
        all.disabled = false;
        if (next !== null) total = Math.max(n, rows.length);
        size();
    }

    function step(to) {
        const i = Math.min(Math.max(0, to), total - 1);
        const at = body.getBoundingClientRect().top + i * high;
        const above = table.tHead.getBoundingClientRect().height + 60;
        if (at < above) scrollBy(0, at - above);
        else if (at + high > innerHeight - 70) scrollBy(0, at + high - innerHeight + 70);
        setCurrent(i);
        render();
        (drawn.get(i)?.querySelector('a') || drawn.get(i))?.focus({preventScroll: true});
    }
    body.addEventListener('focusin', event => {
        const tr = event.target.closest('tr');
        if (tr) setCurrent(Number(tr.getAttribute('aria-rowindex')) - 2);
    });
    body.addEventListener('keydown', event => {
        const page = Math.max(1, Math.floor(innerHeight / high) - 3);
        const to = {ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: total - 1}[event.key];
        if (to !== undefined) {
            event.preventDefault();
            step(to);
        } else if (event.key === ' ' && event.target.tagName === 'A' && onpick && rows[current]) {
            event.preventDefault();
            pick(rows[current], !isPicked(rows[current]));
            mark(drawn.get(current), rows[current]);
        }
    });

    let frame = 0;
    const soon = () => {
        frame ||= requestAnimationFrame(() => {
            frame = 0;
            render();
        });
    };
    addEventListener('scroll', soon, {passive: true, signal});
    addEventListener('resize', measure, {signal});
    high = 42;
    requestAnimationFrame(measure);

    return {
        node, begin,
        get total() {
            return total;
        },
        get picked() {
            return {everything, keys: new Set(picked), n: everything ? total - picked.size : picked.size};
        },
        pickNone: () => pickAll(false),
        get order() {
            return {sort, order};
        },
        summary: () => number(total),
    };
}
