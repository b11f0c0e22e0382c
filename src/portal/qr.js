/* qr.js: a QR code as SVG, from the rows of 0 and 1 that the API makes; one path, dark on white in both themes, since cameras want that. */

import {s} from './dom.js';

const QUIET = 4; /* modules of white around it, as the standard wants */

export function qr(rows, label) {
    const size = rows.length + 2 * QUIET;
    let d = '';
    rows.forEach((row, y) => {
        for (const run of row.matchAll(/1+/g)) d += `M${run.index + QUIET} ${y + QUIET}h${run[0].length}v1h-${run[0].length}z`;
    });
    return s('svg', {class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges'},
        s('rect', {class: 'light', width: size, height: size}), s('path', {class: 'dark', d}));
}
