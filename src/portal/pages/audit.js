/* pages/audit.js: what was changed and by whom, newest first; and the proof that no row of it was changed or taken out. */

import {h, fill} from '../dom.js';
import {t, date, number} from '../text.js';
import {get} from '../api.js';
import {head, pagedTable, badge} from '../bits.js';
import {button} from '../dialog.js';
import {problemBox, showProblem} from '../form.js';

export async function show(root, params, {signal}) {
    const box = problemBox();
    const proof = h('div', {role: 'status'});
    const list = pagedTable('/audit', t('nav.audit'), [
        {text: t('audit.row'), kind: 'right', cell: row => number(row.row)},
        {text: t('log.at'), kind: 'nowrap', cell: row => date(row.at)},
        {text: t('log.who'), cell: row => row.actor},
        {text: t('audit.action'), cell: row => h('code', {}, row.action)},
        {text: t('audit.object'), kind: 'any', cell: row => row.object || '–'},
        {text: t('audit.detail'), kind: 'any', cell: row => row.detail || '–'},
    ], {signal});
    const verify = button(t('audit.verify'), async () => {
        fill(box);
        fill(proof, t('audit.verifying'));
        verify.disabled = true;
        try {
            const found = await get('/audit/verify', null, {signal});
            fill(proof, found.unbroken ? badge('good', t('audit.unbroken', {n: found.rows})) : [badge('bad', t('audit.broken', {n: found.problem_count})), h('ul', {}, found.problems.map(one => h('li', {}, one)))]);
        } catch (error) {
            fill(proof);
            showProblem(box, error);
        }
        verify.disabled = false;
    });
    root.append(head(t('nav.audit'), {text: t('audit.text'), actions: [verify, button(t('list.again'), () => list.load())]}), proof, box, list.node);
    await list.load({});
}
