/* pages/settings.js: the Custom Options of the server, with what each opens, and the settings that phones are given. */

import {h, fill, debounce, hidden} from '../dom.js';
import {t, word} from '../text.js';
import {get, put, del, call} from '../api.js';
import {head, section, pagedTable, badge} from '../bits.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {openDialog, button, tell} from '../dialog.js';
import {codeEditor, placeIn, jsonFault} from '../editor.js';

const FLAT = 'disable_auto_provision_security';

function rails(flat) {
    return h('ul', {class: 'rails'}, flat.map(one => h('li', {}, badge(one.on ? 'good' : 'warn', t(one.on ? 'settings.railOn' : 'settings.railOff')),
        h('div', {}, h('strong', {}, word('rail', one.name)), ' ', h('code', {}, one.value), h('p', {class: 'hint'}, word('railText', one.name))))));
}

/* What opens, before it opens. */
function askFlat(flat) {
    return openDialog({
        title: t('settings.flatTitle'), wide: true,
        content: close => [
            h('p', {class: 'warning'}, t('settings.flatOpens')),
            h('p', {}, t('settings.flatAfter')),
            h('h3', {}, t('settings.rails')), rails(flat),
            form({fields: [field('sure', t('settings.flatSure'), {type: 'checkbox', required: true})], submit: t('settings.flatGo'), kind: 'danger', cancel: () => close(), onsubmit: () => close(true)}).node],
    });
}

function turnsOn(text) {
    try {
        return JSON.parse(text || '{}')[FLAT] === true;
    } catch {
        return false;
    }
}

async function optionsBox({signal, may, again, guard, root}) {
    const found = await get('/options', null, {signal});
    const readOnly = found.read_only;
    const before = found.custom_options || '';
    const edit = may('admin') && !readOnly;
    const editor = codeEditor({label: t('settings.options'), value: before, readOnly: !edit, least: 6, most: 20});
    const box = problemBox();
    const says = h('p', {role: 'status'});
    guard(() => root.isConnected && editor.value !== before);
    const check = () => {
        const fault = jsonFault(editor.value);
        editor.mark(fault ? [fault] : []);
        fill(says, fault || editor.value === before ? '' : badge('info', t('settings.wellFormed')));
        return !fault;
    };
    editor.area.addEventListener('input', debounce(check, 250, signal));
    async function save() {
        fill(box);
        if (!check()) {
            editor.area.focus();
            return;
        }
        const text = editor.value;
        if (turnsOn(text) && !found.effective[FLAT] && !await askFlat(found.flat)) return;
        try {
            if (text.trim()) await put('/options', {custom_options: text});
            else await del('/options');
            tell(t('settings.saved'));
            await again();
        } catch (error) {
            const at = placeIn(error.message);
            if (error.status === 422 && at.line) {
                editor.mark([at]);
                editor.goTo(at.line, at.column);
            } else {
                showProblem(box, error);
            }
        }
    }
    const {known} = found;
    return h('section', {class: 'box'}, h('h2', {}, t('settings.options')), h('p', {class: 'hint'}, t('settings.optionsText')),
        readOnly && h('p', {class: 'notice'}, t('settings.readOnly'), ' ', found.reason),
        editor.node, says, box,
        edit && h('div', {class: 'buttons'}, h('button', {type: 'button', class: 'primary', onclick: save}, t('form.save')), button(t('form.reset'), () => {
            editor.value = before;
            check();
        })),
        h('h3', {}, t('settings.known')),
        h('dl', {class: 'known'}, known.map(one => h('div', {}, h('dt', {}, h('code', {}, one.name), ' ', badge(found.effective[one.name] ? 'warn' : 'off', found.effective[one.name] ? t('settings.on') : t('settings.off')),
            h('span', {class: 'hint'}, ` ${one.type}, ${t('settings.default')} ${JSON.stringify(one.default)}`)),
        h('dd', {}, h('p', {}, word('option', one.name)), h('p', {class: 'warning'}, word('optionRisk', one.name)))))),
        h('h3', {}, t('settings.rails')), rails(found.flat));
}

function settingsBox({signal, may}) {
    const box = problemBox();
    const scopes = ['global', 'vendor', 'model', 'site', 'user', 'phone'];
    const scope = field('scope', t('settings.scope'), {options: [['', t('phones.anyState')], ...scopes.map(one => [one, t(`origin.${one}`)])]});
    const change = row => openDialog({
        title: row ? t('setting.set', {name: row.name}) : t('settings.add'),
        content: close => {
            const where = field('scope', t('settings.scope'), {value: row?.scope || 'global', options: scopes.map(one => [one, t(`origin.${one}`)])});
            const id = field('id', t('settings.of'), {value: row?.id || '', hint: t('settings.ofHint'), autocapitalize: 'none'});
            const sync = () => {
                id.node.hidden = where.value === 'global';
            };
            where.input.addEventListener('change', sync);
            sync();
            return form({
                fields: [where, id, field('name', t('setting.name'), {required: true, value: row?.name || '', hint: t('setting.nameHint'), autocapitalize: 'none'}),
                    field('value', t('setting.value'), {value: row?.value || '', type: row?.secret ? 'password' : 'text'})],
                submit: t('form.save'), cancel: () => close(),
                onsubmit: async values => {
                    if (values.scope === 'global') delete values.id;
                    await put('/settings', values);
                    close(true);
                },
            }).node;
        },
    });
    const list = pagedTable('/settings', t('settings.phones'), [
        {text: t('setting.name'), cell: row => [h('code', {}, row.name), word('settingName', row.name) !== row.name && h('p', {class: 'small-text'}, word('settingName', row.name))]},
        {text: t('setting.value'), cell: row => (row.secret ? '••••••••' : row.value)},
        {text: t('settings.scope'), cell: row => [t(`origin.${row.scope}`), row.id && h('p', {class: 'small-text'}, row.id)]},
        may('admin') && {kind: 'tools', cell: row => [
            h('button', {type: 'button', class: 'small', onclick: async () => {
                if (await change(row)) done();
            }}, t('action.edit'), hidden(` ${row.name}`)),
            h('button', {type: 'button', class: 'small', onclick: async () => {
                try {
                    await call('DELETE', '/settings', {query: {scope: row.scope, id: row.id, name: row.name}});
                    tell(t('setting.tookBack'));
                    await list.load();
                } catch (error) {
                    showProblem(box, error);
                }
            }}, t('setting.takeBack'), hidden(` ${row.name}`))]},
    ].filter(Boolean), {signal, empty: t('settings.noneSet')});
    function done() {
        tell(t('form.saved'));
        list.load();
    }
    scope.input.addEventListener('change', () => list.load({scope: scope.value}));
    return {load: () => list.load({}), node: section(t('settings.phones'), h('p', {class: 'hint'}, t('settings.phonesText')), h('div', {class: 'filters'}, scope.node), box, list.node,
        may('admin') && h('div', {class: 'buttons'}, button(t('settings.add'), async () => {
            if (await change(null)) done();
        })))};
}

export async function show(root, params, context) {
    root.append(head(t('nav.settings')));
    root.append(await optionsBox({...context, root}));
    const settings = settingsBox(context);
    root.append(settings.node);
    await settings.load();
}
