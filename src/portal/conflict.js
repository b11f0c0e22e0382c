/* conflict.js: two admins changed the same object. The API refuses the second with 412; here the
 * second sees what the first changed beside what he wants himself, and decides. Nothing is lost. */

import {h} from './dom.js';
import {t} from './text.js';
import {openDialog, button} from './dialog.js';

function plain(value) {
    if (value === true) return t('answer.yes');
    if (value === false) return t('answer.no');
    if (value === null || value === undefined || value === '') return '–';
    if (Array.isArray(value)) return value.map(plain).join('\n') || '–';
    return typeof value === 'object' ? Object.values(value).filter(one => one !== '').join(' · ') : String(value);
}

/* rows: [{label, before, theirs, mine}]. Promises 'mine', 'theirs' or undefined (go on editing). */
function ask(rows) {
    return openDialog({
        title: t('conflict.title'),
        wide: true,
        content: () => [
            h('p', {}, t('conflict.text')),
            h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('conflict.title')}, h('table', {class: 'cards conflict'},
                h('thead', {}, h('tr', {}, ['field', 'before', 'theirs', 'mine'].map(name =>
                    h('th', {scope: 'col'}, t(`conflict.${name}`))))),
                h('tbody', {}, rows.map(row => h('tr', {},
                    h('th', {scope: 'row'}, row.label),
                    ['before', 'theirs', 'mine'].map(name => h('td', {'data-label': t(`conflict.${name}`),
                        class: name !== 'before' && plain(row[name]) !== plain(row.before) ? 'differs' : null},
                    h('span', {class: 'pre'}, plain(row[name]))))))))),
        ],
        actions: close => [
            button(t('conflict.goOn'), () => close()),
            button(t('conflict.takeTheirs'), () => close('theirs')),
            button(t('conflict.saveMine'), () => close('mine'), 'primary'),
        ],
    });
}

/* save(etag) writes mine; load() gets {data, etag} of now. before and mine: {name: value} of the
 * members in question, labels: {name: text}. Promises 'saved', 'theirs' or 'editing'. */
export async function saveGuarded({save, load, etag, before, mine, labels, pick = data => data}) {
    for (;;) {
        try {
            await save(etag);
            return 'saved';
        } catch (error) {
            if (error.status !== 412) throw error;
        }
        const now = await load();
        const theirs = pick(now.data);
        const rows = Object.keys(labels).filter(name => plain(theirs[name]) !== plain(before[name]) ||
            (name in mine && plain(mine[name]) !== plain(before[name]))).map(name => ({
            label: labels[name], before: before[name], theirs: theirs[name], mine: name in mine ? mine[name] : before[name]}));
        const choice = await ask(rows.length ? rows : [{label: t('conflict.other'), before: '', theirs: t('conflict.elsewhere'), mine: ''}]);
        if (choice === 'theirs') return 'theirs';
        if (choice !== 'mine') return 'editing';
        etag = now.etag;
    }
}
