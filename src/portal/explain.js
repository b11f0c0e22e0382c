/* explain.js: why a phone is served or refused: the steps of the decision, in a dialog. */

import {h, fill} from './dom.js';
import {t, word} from './text.js';
import {post} from './api.js';
import {openDialog, button} from './dialog.js';
import {problemBox, showProblem, field, form} from './form.js';
import {badge} from './bits.js';

function steps(found) {
    return [
        h('p', {}, badge(found.served ? 'good' : 'bad', found.served ? t('explain.served') : t('explain.refused')), ' ',
            found.served ? '' : word('reason', found.reason)),
        h('ol', {class: 'trail'}, found.steps.map(one => h('li', {class: one.ok ? 'ok' : 'failed'},
            h('strong', {}, h('span', {'aria-hidden': 'true'}, one.ok ? '✓ ' : '✕ '), h('span', {class: 'sr'}, t(one.ok ? 'explain.ok' : 'explain.failed'), ' '), word('step', one.step)), h('p', {lang: 'en'}, one.detail)))),
        found.next && h('p', {class: 'notice'}, h('strong', {}, t('explain.next')), ' ', h('span', {lang: 'en'}, found.next))];
}

/* question: mac, from, agent, file, pnp … as POST /explain takes them; the first two may be changed. */
export function explainDialog(question) {
    return openDialog({
        title: t('explain.title'), wide: true,
        content: () => {
            const box = problemBox();
            const result = h('div', {class: 'form', 'aria-live': 'polite'});
            const ask = async values => {
                fill(box);
                fill(result);
                try {
                    const body = Object.fromEntries(Object.entries({...question, ...values}).filter(([, value]) => value));
                    fill(result, steps(await post('/explain', body)));
                } catch (error) {
                    showProblem(box, error);
                }
            };
            const made = form({
                fields: [field('mac', t('phone.mac'), {value: question.mac || '', required: true, autocapitalize: 'none'}), field('from', t('log.from'), {value: question.from || '', hint: t('explain.fromHint')})],
                submit: t('explain.go'), kind: '', onsubmit: ask,
            });
            made.node.classList.add('grid');
            if (question.mac) ask(made.values);
            return h('div', {class: 'form'}, h('p', {class: 'hint'}, t('explain.text')), made.node, box, result);
        },
        actions: close => button(t('action.close'), () => close()),
    });
}

export function explainButton(question, kind = '') {
    return button(t('explain.button'), () => explainDialog(question), kind);
}
