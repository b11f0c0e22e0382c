/* bulk.js: one action for many phones: what is picked is gathered, the action runs a few phones at a
 * time, may be stopped, and ends with a list of what went wrong for which phone. */

import {h, fill} from './dom.js';
import {t} from './text.js';
import {call, get, post, path, pages, poll, inParallel} from './api.js';
import {openDialog, confirm, button} from './dialog.js';
import {field, form, problemBox, showProblem} from './form.js';
import {progress, table as list} from './bits.js';
import {modelFields, userField, phoneLink, outcomeBadge} from './phone_words.js';
import {bare} from './mac.js';
import {problemNodes} from './problem.js';

const AT_ONCE = 1000;  /* MACs in one order of the API */
const WIDTH = 4;       /* calls that are under way */

/* The list is asked anew, so it may be longer than what somebody has said yes to. */
async function gather(picked, filters, signal, say) {
    if (!picked.everything) return [...picked.keys];
    const macs = [];
    for await (const page of pages('/phones', {...filters, limit: 1000}, signal)) {
        macs.push(...page.items.map(one => bare(one.mac)).filter(mac => !picked.keys.has(mac)));
        say(t('bulk.gathering', {n: macs.length}));
    }
    return macs;
}

/* Each phone by a call of its own. */
function eachPhone(work) {
    return async (macs, {signal, step, failed}) => {
        await inParallel(macs, WIDTH, async mac => {
            try {
                await work(mac, signal);
            } catch (error) {
                if (error.name === 'AbortError') return;
                failed(mac, problemNodes(error));
            }
            step(1);
        }, signal);
    };
}

/* A thousand phones by one call. A phone that is gone meanwhile refuses its thousand: these then go one by one. */
function inChunks(work) {
    return async (macs, tools) => {
        for (let at = 0; at < macs.length && !tools.signal.aborted; at += AT_ONCE) {
            const chunk = macs.slice(at, at + AT_ONCE);
            try {
                await work(chunk, tools);
                tools.step(chunk.length);
            } catch (error) {
                if (error.status !== 404) throw error;
                await eachPhone(mac => work([mac], tools))(chunk, tools);
            }
        }
    };
}

/* What became of orders to fetch, until all of them have ended and who has heard has fetched, which is
 * the proof; some never do, so there is an end to it. */
async function follow(orders, node, signal) {
    const end = Date.now() + 15 * 60000;
    const look = async () => {
        const status = await get('/resyncs/status', null, {signal});
        const mine = status.items.filter(one => orders.includes(one.order));
        const sum = {};
        let fetched = 0;
        mine.forEach(one => {
            fetched += one.fetched;
            Object.entries(one.outcomes).forEach(([name, n]) => {
                sum[name] = (sum[name] || 0) + n;
            });
        });
        fill(node, h('h3', {}, t('bulk.live')), h('ul', {class: 'tally'}, Object.entries(sum).filter(([, n]) => n).map(([name, n]) => h('li', {}, outcomeBadge(name), ` ${n}`)),
            h('li', {}, t('bulk.fetched', {n: fetched}))));
        const heard = (sum.accepted || 0) + (sum.challenged || 0);
        return mine.some(one => !one.ended_at) || !mine.length || (fetched < heard && Date.now() < end);
    };
    await look();
    await poll(look, 2500, signal);
}

/* title, n, run(macs, tools); gathers, runs, shows progress and the result. */
function runBulk({title, picked, filters, run, after}) {
    const stop = new AbortController();
    const bar = progress(t('bulk.beginning'));
    const box = problemBox();
    const live = h('div', {});
    const result = h('div', {});
    let done = 0, total = 0, ended = false;
    const failures = [];
    const orders = [];
    return openDialog({
        title, wide: true, closable: false,
        content: () => [bar, box, live, result],
        actions: close => {
            const leave = button(t('bulk.stop'), () => {
                if (ended) {
                    close();
                    return;
                }
                stop.abort();
            });
            (async () => {
                try {
                    const macs = await gather(picked, filters, stop.signal, text => bar.set(0, 0, text));
                    total = macs.length;
                    if (total > picked.n && !await confirm({title: t('bulk.grown'), lines: [t('bulk.grownText', {n: total, before: picked.n})], action: t('bulk.grownGo', {n: total}), danger: true})) stop.abort();
                    else await run(macs, {
                        signal: stop.signal, orders,
                        step: n => {
                            done += n;
                            bar.set(done, total, t('bulk.progress', {n: done, total}));
                        },
                        failed: (mac, text) => failures.push({mac, text}),
                    });
                } catch (error) {
                    showProblem(box, error);
                }
                ended = true;
                bar.set(done, total, t(stop.signal.aborted ? 'bulk.stopped' : 'bulk.done', {good: done - failures.length, bad: failures.length, n: total}));
                if (failures.length) fill(result, h('h3', {}, t('bulk.failures')), list(t('bulk.failures'), [
                    {text: t('phone.mac'), cell: row => phoneLink(row.mac)}, {text: t('bulk.why'), cell: row => row.text}], failures.slice(0, 500)));
                leave.textContent = t('action.close');
                leave.className = 'primary';
                leave.focus();
                if (orders.length) follow(orders, live, stop.signal).catch(() => {});
            })();
            return leave;
        },
        onclose: () => {
            stop.abort();
            after();
        },
    });
}

/* A dialog that asks what the action needs; promises its values or undefined. */
function ask(title, lines, fields, submit, kind) {
    return openDialog({
        title,
        content: close => [lines.map(line => h('p', {}, line)), form({fields, submit, kind, onsubmit: values => close(values), cancel: () => close()}).node],
    });
}

export function bulkBar({table, filters, may, done}) {
    const words = h('span', {class: 'grow', role: 'status'});
    const begin = (picked, title, run) => runBulk({title, picked, filters: filters(), run, after: done});

    async function resync() {
        const {picked} = table;
        const values = await ask(t('bulk.resync', {n: picked.n}), [t('bulk.resyncText')], [
            field('kind', t('resync.kind'), {value: 'resync', options: ['resync', 'reboot', ...(may('admin') ? ['url'] : [])].map(one => [one, t(`resync.${one}`)])}),
            field('rate', t('resync.rate'), {type: 'number', value: 20, min: 1, max: 500}),
        ], t('resync.go'));
        if (!values) return;
        begin(picked, t('bulk.resync', {n: picked.n}), inChunks(async (macs, tools) => {
            tools.orders.push((await post('/resyncs', {macs, ...values}, {signal: tools.signal})).order);
        }));
    }
    async function enrol() {
        const {picked} = table;
        const values = await ask(t('bulk.enrol', {n: picked.n}), [t('enrol.text')], [enrolField()], t('enrol.go'));
        if (values) begin(picked, t('bulk.enrol', {n: picked.n}), inChunks((macs, tools) => post('/enrolments', {macs, for: Number(values.for)}, {signal: tools.signal})));
    }
    async function move() {
        const {picked} = table;
        const values = await ask(t('bulk.move', {n: picked.n}), [t('move.text')], [userField('user', t('move.to'))], t('move.go'));
        if (values) begin(picked, t('bulk.move', {n: picked.n}), eachPhone((mac, signal) => post(path`/phones/${mac}/move`, {user: values.user.trim()}, {signal})));
    }
    async function model() {
        const {picked} = table;
        const kinds = await modelFields({});
        const values = await ask(t('bulk.model', {n: picked.n}), [t('bulk.modelText')], kinds.fields, t('bulk.modelGo'));
        if (values) begin(picked, t('bulk.model', {n: picked.n}), eachPhone((mac, signal) => call('PATCH', path`/phones/${mac}`, {body: values, signal})));
    }
    async function remove() {
        const {picked} = table;
        const sure = field('sure', t('bulk.deleteSure', {n: picked.n}), {type: 'checkbox', required: true});
        const values = await ask(t('bulk.delete', {n: picked.n}), [t('delete.phonesText')], [sure], t('action.delete'), 'danger');
        if (values?.sure) begin(picked, t('bulk.delete', {n: picked.n}), eachPhone((mac, signal) => call('DELETE', path`/phones/${mac}`, {signal})));
    }
    const node = h('div', {class: 'bulk', role: 'region', 'aria-label': t('bulk.region'), hidden: true}, words,
        may('operator') && [button(t('bulk.resyncButton'), resync), button(t('bulk.enrolButton'), enrol)],
        may('admin') && [button(t('bulk.modelButton'), model), button(t('bulk.moveButton'), move), button(t('bulk.deleteButton'), remove, 'danger')],
        button(t('bulk.none'), () => table.pickNone(), 'plain'));
    return {node, picked(count) {
        node.hidden = !count;
        words.textContent = count ? t('bulk.picked', {n: count}) : '';
    }};
}

/* How long an enrolment window is open. */
export function enrolField() {
    return field('for', t('enrol.for'), {value: '900', options: [['900', 900], ['3600', 3600], ['28800', 28800], ['86400', 86400], ['0', 0]].map(([value, n]) =>
        [value, n ? n < 3600 ? t('enrol.minutes', {n: n / 60}) : t('invite.hours', {n: n / 3600}) : t('enrol.close')])});
}
