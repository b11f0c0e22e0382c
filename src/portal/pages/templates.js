/* pages/templates.js: the templates that phones' files are made of: the list, and one of them with editor, check and preview. */

import {h, debounce, fill} from '../dom.js';
import {t, date} from '../text.js';
import {call, post, put, path, all} from '../api.js';
import {head, table, badge, section, facts} from '../bits.js';
import {field, problemBox, showProblem, form} from '../form.js';
import {button, confirm, tell} from '../dialog.js';
import {codeEditor, placeIn} from '../editor.js';
import {saveGuarded} from '../conflict.js';
import {listing} from './phone_files.js';
import {bare} from '../mac.js';

const sourceBadge = source => badge({shipped: 'off', file: 'info', stored: 'good'}[source], t(`template.${source}`));

async function list(root, {signal}) {
    const q = field('q', t('phones.find'), {type: 'search'});
    const items = await all('/templates', {limit: ''}, signal);
    const place = h('div', {});
    const columns = [
        {text: t('template.name'), cell: row => h('a', {href: `#/templates/${encodeURIComponent(row.name)}`, class: 'mono'}, row.name)},
        {text: t('template.vendors'), cell: row => row.vendors.join(', ') || '–'},
        {text: t('template.source'), cell: row => [sourceBadge(row.source), row.problem && h('p', {class: 'warning'}, t('template.passedOver'), ' ', row.problem)]},
        {text: t('template.changed'), cell: row => (row.changed_at ? date(row.changed_at) : '–')},
    ];
    const draw = () => {
        const text = q.value.trim().toLowerCase();
        fill(place, table(t('nav.templates'), columns, items.filter(one => `${one.name} ${one.vendors.join(' ')}`.toLowerCase().includes(text))));
    };
    q.input.addEventListener('input', debounce(draw, 120, signal));
    root.append(head(t('nav.templates'), {text: t('template.text')}), h('form', {class: 'filters', role: 'search', onsubmit: event => event.preventDefault()}, q.node), place);
    draw();
}

function previewBox(name, editor, signal) {
    const place = h('div', {});
    const mac = field('mac', t('template.previewPhone'), {required: true, autocapitalize: 'none', hint: t('template.previewHint')});
    return section(t('template.preview'), form({
        fields: [mac], submit: t('template.previewGo'), kind: '',
        onsubmit: async values => {
            fill(place);
            try {
                const made = await post(path`/templates/${name}/preview`, {text: editor.value, mac: bare(values.mac) || values.mac}, {signal});
                fill(place, h('p', {class: 'hint'}, made.file), listing(made.body.replace(/\n$/, '').split('\n').map(text => ({text})), made.file));
            } catch (error) {
                const at = placeIn(error.message);
                if (error.status === 422 && at.line && error.pointer !== '/mac') editor.mark([at]);
                throw error;
            }
        },
    }).node, place);
}

async function one(root, name, {signal, may, again, guard}) {
    const where = path`/templates/${name}`;
    const {data, etag} = await call('GET', where, {signal});
    const edit = may('admin') && !data.read_only;
    const editor = codeEditor({label: t('template.editor', {name}), value: data.text, readOnly: !edit});
    const box = problemBox();
    const says = h('p', {role: 'status'});
    guard(() => root.isConnected && editor.value !== data.text);

    async function check() {
        fill(box);
        const found = await post(`${where}/check`, {text: editor.value}, {signal});
        editor.mark(found.problems);
        fill(says, found.ok ? badge('good', t('template.ok', {n: found.renderings ?? 0})) : badge('bad', t('template.wrong', {n: found.problems.length})));
        return found.ok;
    }
    const guarded = work => async () => {
        fill(box);
        try {
            await work();
        } catch (error) {
            const at = placeIn(error.message);
            if (error.status === 422 && at.line) editor.mark([at]);
            showProblem(box, error);
        }
    };
    async function save() {
        if (!await check()) return;
        const result = await saveGuarded({
            etag, before: {text: data.text}, mine: {text: editor.value}, labels: {text: name},
            save: tag => put(where, {text: editor.value}, {etag: tag}), load: () => call('GET', where)});
        if (result === 'editing') return;
        if (result === 'saved') tell(t('template.saved'));
        await again();
    }
    async function takeBack() {
        const yes = await confirm({title: t('template.takeBack'), lines: [t('template.takeBackText')], action: t('template.takeBack'), danger: true});
        if (!yes) return;
        await call('DELETE', where, {etag});
        tell(t('setting.tookBack'));
        await again();
    }
    root.append(
        head(name, {back: {href: '#/templates', text: t('nav.templates')}}),
        section(t('template.about'), facts([[t('template.source'), sourceBadge(data.source)], [t('template.vendors'), data.vendors.join(', ') || '–'], data.changed_at && [t('template.changed'), date(data.changed_at)]]),
            data.problem && h('p', {class: 'warning'}, t('template.passedOver'), ' ', data.problem),
            data.read_only && h('p', {class: 'notice'}, t('template.readOnly'), ' ', data.reason)),
        h('section', {class: 'box'}, h('h2', {}, t('template.source_text')), editor.node, box, says,
            h('div', {class: 'buttons'},
                edit && h('button', {type: 'button', class: 'primary', onclick: guarded(save)}, t('template.save')),
                may('operator') && button(t('template.check'), guarded(check)),
                edit && button(t('form.reset'), () => {
                    editor.value = data.text;
                    editor.mark([]);
                    fill(says);
                }),
                edit && data.source === 'stored' && button(t('template.takeBack'), guarded(takeBack), 'danger'))),
        may('operator') && previewBox(name, editor, signal) || '',
        data.shipped !== null && data.source !== 'shipped' ? h('details', {}, h('summary', {}, t('template.shippedText')), listing(data.shipped.split('\n').map(text => ({text})), t('template.shippedText'))) : '');
}

export function show(root, [name], context) {
    return name ? one(root, name, context) : list(root, context);
}
