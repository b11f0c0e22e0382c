/* pages/import.js: many users and phones from a CSV: upload in pieces, look at what would change, then apply it, all or nothing. */

import {h, fill} from '../dom.js';
import {t, word, number, bytes} from '../text.js';
import {call, get, post, del, path, sleep} from '../api.js';
import {head, section, pagedTable, progress, table, badge} from '../bits.js';
import {field, problemBox, showProblem} from '../form.js';
import {button} from '../dialog.js';

const PIECE = 512 * 1024;
const MOST = 256 * 1024 * 1024;

/* Words for one thing that is added or changed; what stands in the file is shown as it is. */
function named(row) {
    if (row.kind === 'line') {
        const [mac, line] = row.name.split('/');
        return t('import.lineOf', {line, mac});
    }
    return row.user ? t('import.nameOf', {name: row.name, user: row.user}) : row.name;
}

const signs = {added: 'good', changed: 'info', removed: 'warn'};

/* Of a secret the API tells no values. */
function fields(row) {
    const value = text => (text === '' ? t('import.empty') : text);
    return row.fields.length ? row.fields.map(one => h('div', {}, word('importField', one.name),
        ': ', one.before === null ? t('import.secret') : [value(one.before), ' → ', h('strong', {}, value(one.after))])) : '–';
}

export async function show(root, params, {signal, guard}) {
    let file = null;
    let current = '';    /* id of the import that the server has of us */
    let busy = false;
    const box = problemBox();
    const place = h('div', {class: 'form'});
    const update = field('update', t('import.update'), {type: 'checkbox', hint: t('import.updateHint')});
    const input = h('input', {type: 'file', accept: '.csv,text/csv', 'aria-label': t('import.file')});
    const chosen = h('p', {role: 'status'}, t('import.noFile'));
    const look = h('button', {type: 'button', class: 'primary', disabled: true, onclick: () => run(true)}, t('import.look'));
    const drop = h('div', {class: 'drop'}, h('p', {}, t('import.drop')), input, chosen);

    function take(one) {
        if (!one || busy) return;
        file = one;
        fill(box);
        fill(place);
        const large = one.size > MOST;
        fill(chosen, h('strong', {}, one.name), ` (${bytes(one.size)})`);
        if (large) showProblem(box, Object.assign(new Error(t('import.large', {most: bytes(MOST)})), {status: 413}));
        look.disabled = large || !one.size;
    }
    input.addEventListener('change', () => take(input.files[0]));
    drop.addEventListener('dragover', event => {
        event.preventDefault();
        drop.classList.add('over');
    });
    drop.addEventListener('dragleave', () => drop.classList.remove('over'));
    drop.addEventListener('drop', event => {
        event.preventDefault();
        drop.classList.remove('over');
        take(event.dataTransfer.files[0]);
    });

    async function forget() {
        const id = current;
        current = '';
        if (id) await del(path`/imports/${id}`).catch(() => {});
    }
    signal.addEventListener('abort', forget);
    guard(() => busy && root.isConnected);

    /* Sends the file and lets the server look at it (dry) or write it; promises the import as it ended. */
    async function work(dry, bar) {
        await forget();
        const started = await post('/imports', {}, {key: crypto.randomUUID(), signal});
        current = started.id;
        for (let at = 0, n = 0; at < file.size; at += PIECE, n += 1) {
            await call('PUT', path`/imports/${current}/chunks/${n}`, {csv: file.slice(at, at + PIECE), signal});
            bar.set(Math.min(at + PIECE, file.size), file.size, t('import.sending', {n: bytes(Math.min(at + PIECE, file.size)), total: bytes(file.size)}));
        }
        await post(path`/imports/${current}/apply`, {update: update.value, dry_run: dry}, {key: crypto.randomUUID(), signal});
        for (;;) {
            const now = await get(path`/imports/${current}`, null, {signal});
            bar.set(now.read, now.total || file.size, t(dry ? 'import.looking' : 'import.writing', {n: now.rows}));
            if (now.state === 'done' || now.state === 'failed') return now;
            await sleep(700, signal);
            if (signal.aborted) return now;
        }
    }

    async function run(dry) {
        if (!file || busy) return;
        busy = true;
        look.disabled = true;
        fill(box);
        const bar = progress(t('bulk.beginning'));
        const stop = button(t('bulk.stop'), forget, 'small');
        fill(place, section(t(dry ? 'import.dry' : 'import.real'), bar, stop));
        try {
            result(await work(dry, bar), dry);
        } catch (error) {
            fill(place);
            if (error.status === 404 && !current) fill(place, h('p', {role: 'status'}, t('import.stopped')));
            else showProblem(box, error);
        }
        busy = false;
        look.disabled = false;
    }

    function result(done, dry) {
        const kinds = ['users', 'accounts', 'phones'];
        const changesAny = kinds.some(kind => done[kind].added || done[kind].changed);
        const good = done.state === 'done' && !done.problems;
        const title = h('h2', {tabindex: '-1'}, t(dry ? 'import.dry' : 'import.real'));
        const words = !good ? badge('bad', done.problems ? t('import.problems', {n: done.problems}) : t('import.failed')) :
            dry ? badge('info', changesAny ? t('import.would') : t('import.nothing')) : badge('good', t('import.done'));
        const node = h('section', {class: 'box'}, title, h('p', {role: 'status'}, words, ' ', t('import.rows', {n: done.rows})),
            done.error && h('p', {class: 'problem'}, h('p', {lang: 'en'}, done.error)),
            table(t('import.changes'), [
                {text: t('import.what'), cell: kind => t(kind === 'users' ? 'nav.users' : kind === 'phones' ? 'nav.phones' : 'user.accounts')},
                ...['added', 'changed', 'unchanged'].map(name => ({text: t(`import.${name}`), kind: 'right', cell: kind => number(done[kind][name])})),
            ], kinds));
        fill(place, node);
        title.focus();
        if (done.problems) {
            const list = pagedTable(path`/imports/${done.id}/problems`, t('import.problemList'), [
                {text: t('import.line'), kind: 'right', cell: row => number(row.line)},
                {text: t('import.column'), cell: row => (row.column ? h('code', {}, row.column) : '–')},
                {text: t('log.why'), cell: row => h('span', {lang: 'en'}, row.reason)},
            ], {signal});
            node.append(h('h3', {}, t('import.problemList')), h('p', {class: 'hint'}, t('import.mend')), list.node);
            list.load();
        } else if (good && dry && changesAny) {
            const list = pagedTable(path`/imports/${done.id}/changes`, t('import.changeList'), [
                {text: t('import.line'), kind: 'right', cell: row => number(row.line)},
                {text: t('import.what'), cell: row => word('importKind', row.kind)},
                {text: t('import.name'), cell: named},
                {text: t('import.change'), cell: row => badge(signs[row.change], word('import', row.change))},
                {text: t('import.fields'), cell: fields},
            ], {signal});
            /* Above the list, which may be long. */
            node.append(h('p', {class: 'hint'}, t('import.applyText')), h('div', {class: 'buttons'}, h('button', {type: 'button', class: 'primary', onclick: () => run(false)}, t('import.apply'))),
                h('h3', {}, t('import.changeList')),
                h('p', {class: 'hint'}, done.changes_listed < done.changes ? t('import.first', {n: done.changes_listed, total: done.changes}) : t('import.all', {n: done.changes})), list.node);
            list.load();
        } else if (good && !dry) {
            node.append(h('div', {class: 'buttons'}, h('a', {class: 'button primary', href: '#/phones?state=never_fetched'}, t('import.toPhones'))));
        }
    }

    root.append(head(t('nav.import'), {text: t('import.text')}),
        section(t('import.file'), drop, update.node, h('div', {class: 'buttons'}, look),
            h('details', {}, h('summary', {}, t('import.columns')), h('p', {}, t('import.columnsText')), h('p', {}, h('code', {}, 'user,user_display_name,account_user,sip_user,domain,password,account_display_name,mac,vendor,model,label,line')))),
        box, place);
}
