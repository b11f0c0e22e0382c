/* chart.js: small bar charts as SVG, with a sum and a table of the same numbers for whoever cannot or will not see bars. */

import {h, s} from './dom.js';
import {t, number, clock, date} from './text.js';

const WIDE = 600, HIGH = 130, LOW = 1;

/* The next number of 1, 2, 5, 10, 20, … */
function round(n) {
    let size = 1;
    while (size * 10 <= n) size *= 10;
    return [1, 2, 5, 10].map(one => one * size).find(one => one >= n) || 1;
}

/* values: one number for each step_s seconds from `from` on. */
export function barChart({title, values, from, step, kind = ''}) {
    const top = round(Math.max(1, ...values));
    const sum = values.reduce((all, one) => all + one, 0);
    const wide = WIDE / Math.max(1, values.length);
    const y = n => HIGH - LOW - (n / top) * (HIGH - LOW - 8);
    const days = step * values.length > 2 * 86400;
    const when = i => clock(from + i * step, days);
    const bars = values.map((n, i) => s('g', {},
        s('title', {}, `${when(i)}: ${number(n)}`),
        s('rect', {class: 'hit', x: i * wide, y: 0, width: wide, height: HIGH - LOW}),
        n > 0 && s('rect', {class: 'bar', x: i * wide + wide * 0.12, y: y(n), width: wide * 0.76, height: HIGH - LOW - y(n)})));
    const lines = [0, top / 2, top].map(n => s('line', {x1: 0, x2: WIDE, y1: y(n), y2: y(n)}));
    const most = values.indexOf(Math.max(...values));
    const words = t('chart.words', {title, n: sum, from: date(from), most: sum ? values[most] : 0, when: sum ? when(most) : '–'});
    return h('figure', {class: 'chart'},
        h('figcaption', {}, h('h3', {}, title), h('p', {class: 'sum'}, number(sum))),
        h('div', {class: 'plot'}, h('div', {class: 'scale hint', 'aria-hidden': 'true'}, h('span', {}, number(top)), h('span', {}, '0')),
            s('svg', {class: kind, viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': words}, lines, bars),
            h('p', {class: 'days hint', 'aria-hidden': 'true'}, h('span', {}, when(0)), h('span', {}, t('chart.now')))),
        h('details', {}, h('summary', {}, t('chart.numbers'), h('span', {class: 'sr'}, `: ${title}`)),
            h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title}, h('table', {}, h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('log.at')), h('th', {scope: 'col', class: 'right'}, title))),
                h('tbody', {}, values.map((n, i) => n > 0 && h('tr', {}, h('th', {scope: 'row'}, date(from + i * step)), h('td', {class: 'right'}, number(n)))))))));
}
