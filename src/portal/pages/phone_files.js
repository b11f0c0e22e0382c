/* pages/phone_files.js: what a phone would get now, and what of it is new since the last delivery.
 * Secrets are masked; a click shows them (POST, audited) for two minutes. */

import {h, fill} from '../dom.js';
import {t, date} from '../text.js';
import {all, get, post, path} from '../api.js';
import {section} from '../bits.js';
import {field, problemBox, showProblem} from '../form.js';
import {copyButton, button} from '../dialog.js';
import {stateBadge} from '../phone_words.js';

/* Text with line numbers; new lines have a sign and words for readers of screens, not the colour alone. */
export function listing(lines, label) {
    return h('div', {class: 'listing', tabindex: '0', role: 'region', 'aria-label': label}, h('ol', {}, lines.map(one =>
        h('li', {class: one.is_new ? 'new' : null}, one.is_new && h('span', {class: 'sr'}, t('file.isNew'), ' '), h('code', {}, one.text || ' ')))));
}

const rows = text => text.replace(/\n$/, '').split('\n').map(one => ({text: one}));

export async function show(root, {mac, may, signal}) {
    const files = (await all(path`/phones/${mac}/files`, {limit: ''}, signal)).filter(one => one.template);
    const which = field('file', t('file.which'), {options: files.map(one => [one.file, one.file])});
    const box = problemBox();
    const head = h('p', {role: 'status'});
    const body = h('div', {});
    let timer = 0;

    async function draw() {
        clearTimeout(timer);
        fill(box);
        const query = {file: which.value};
        try {
            const found = await get(path`/phones/${mac}/difference`, query, {signal});
            const fresh = found.lines.filter(one => one.is_new).length;
            fill(head, stateBadge(found.state), ' ', found.delivered_at ? t('file.since', {when: date(found.delivered_at)}) : t('file.never'), ' ',
                found.gone !== null && t('file.newLines', {n: fresh}), ' ', found.gone > 0 && t('file.gone', {n: found.gone}), ' ', found.error);
            fill(body, listing(found.lines, which.value));
        } catch (error) {
            if (error.name === 'AbortError') return;
            /* A file that is delivered under many names has no last delivery; it can be looked at all the same. */
            fill(head);
            try {
                fill(body, listing(rows((await get(path`/phones/${mac}/preview`, query, {signal})).body), which.value));
            } catch (second) {
                fill(body);
                showProblem(box, second);
            }
        }
    }
    const reveal = may('admin') && button(t('file.secrets'), async () => {
        try {
            const {body: text} = await post(path`/phones/${mac}/preview/secrets?file=${which.value}`, {}, {signal});
            fill(head, h('span', {class: 'warning'}, t('file.secretsText')), ' ', copyButton(text), ' ', button(t('secret.hide'), draw, 'small'));
            fill(body, listing(rows(text), which.value));
            timer = setTimeout(draw, 120000);
        } catch (error) {
            showProblem(box, error);
        }
    });
    signal.addEventListener('abort', () => clearTimeout(timer));
    which.input.addEventListener('change', draw);
    root.append(section(t('phone.part.files'), h('p', {class: 'hint'}, t('file.text')),
        files.length ? [h('div', {class: 'filters'}, which.node, reveal), box, head, body] : h('p', {class: 'empty'}, t('file.none'))));
    if (files.length) await draw();
}
