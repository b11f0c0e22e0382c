/* pages/overview.js: how it goes: fetches and refusals over time, phones by state, open alarms, certificate ends. */

import {h, fill} from '../dom.js';
import {t, number, day, ago, word} from '../text.js';
import {get, post, path, pages, poll} from '../api.js';
import {head, section, facts, progress, badge} from '../bits.js';
import {field, problemBox, showProblem} from '../form.js';
import {button, tell} from '../dialog.js';
import {barChart} from '../chart.js';
import {stateBadge} from '../phone_words.js';
import {bare} from '../mac.js';

function charts(signal) {
    const box = problemBox();
    const place = h('div', {class: 'charts'});
    const hours = field('hours', t('overview.period'), {value: '24', options: ['24', '72', '168'].map(n => [n, t('overview.hours', {n: Number(n)})])});
    async function draw() {
        try {
            const found = await get('/activity', {hours: hours.value}, {signal});
            /* Not while somebody reads the numbers. */
            if (place.querySelector('details[open]')) return;
            fill(box);
            fill(place, barChart({title: t('overview.fetches'), values: found.fetches, from: found.from, step: found.step_s}),
                barChart({title: t('overview.refusals'), values: found.refusals, from: found.from, step: found.step_s, kind: 'bad'}));
        } catch (error) {
            showProblem(box, error);
        }
    }
    hours.input.addEventListener('change', () => {
        fill(place);
        draw();
    });
    poll(draw, 60000, signal);
    return {node: h('section', {class: 'box'}, h('div', {class: 'boxhead'}, h('h2', {}, t('overview.activity')), hours.node), box, place), draw};
}

function states(signal) {
    const list = h('ul', {class: 'states'});
    const bar = h('div', {});
    const box = problemBox();
    const show = (name, n) => h('li', {}, stateBadge(name), h('span', {class: 'n'}, number(n)),
        ['never_fetched', 'fetched', 'disabled'].includes(name) && h('a', {class: 'small-text', href: `#/phones?state=${name}`}, t('overview.list'), h('span', {class: 'sr'}, `: ${t('state.' + name)}`)));
    /* Counted at once; which of the fetched are stale is known only by rendering each. */
    async function quick() {
        try {
            const names = ['fetched', 'never_fetched', 'disabled'];
            const counts = await Promise.all(names.map(state => get('/phones/count', {state}, {signal})));
            fill(list, names.map((name, i) => show(name, counts[i].count)));
            return counts.reduce((sum, one) => sum + one.count, 0);
        } catch (error) {
            showProblem(box, error);
            return 0;
        }
    }
    const look = button(t('overview.look'), async () => {
        look.disabled = true;
        fill(box);
        const total = await quick();
        const line = progress(t('overview.looking', {n: 0, total}));
        fill(bar, line);
        const sum = {};
        let looked = 0;
        try {
            for await (const page of pages('/phone-states', {}, signal)) {
                looked += page.looked_at;
                ['current', 'stale', 'broken', 'never_fetched', 'disabled'].forEach(name => {
                    sum[name] = (sum[name] || 0) + page[name];
                });
                line.set(looked, Math.max(total, looked), t('overview.looking', {n: looked, total: Math.max(total, looked)}));
            }
            fill(list, Object.entries(sum).map(([name, n]) => show(name, n)));
            fill(bar, h('p', {class: 'hint', role: 'status'}, t('overview.looked', {n: looked})));
        } catch (error) {
            fill(bar);
            showProblem(box, error);
        }
        look.disabled = false;
    });
    return {node: h('section', {class: 'box'}, h('div', {class: 'boxhead'}, h('h2', {}, t('overview.states')), look), list, bar, box), quick};
}

function alarms(signal, may) {
    const list = h('ul', {class: 'alarms'});
    const box = problemBox();
    let shown = 5;
    const more = h('button', {type: 'button', hidden: true, onclick: () => {
        shown = 1000;
        draw();
    }}, t('list.more'));
    const isMac = text => bare(text) && /^([0-9a-f]{2}:){5}|^[0-9a-f]{12}$/i.test(text);
    async function draw() {
        try {
            const {items} = await get('/alarms', {open: true, limit: Math.min(1000, shown + 1)}, {signal});
            fill(list, items.slice(0, shown).map(one => h('li', {},
                h('div', {}, h('strong', {}, badge('warn', word('alarm', one.kind))), ' ', isMac(one.subject) ? h('a', {href: `#/phones/${bare(one.subject)}`, class: 'mono'}, one.subject) : h('code', {}, one.subject),
                    h('p', {}, one.detail), h('p', {class: 'hint'}, t('overview.raised', {when: ago(one.raised_at), last: ago(one.last_at), n: one.count}), ' ', word('alarmHint', one.kind) === one.kind ? '' : word('alarmHint', one.kind))),
                may('operator') && button(t('overview.ack'), async () => {
                    try {
                        await post(path`/alarms/${one.seq}/ack`, {});
                        tell(t('overview.acked'));
                        await draw();
                        list.closest('section').querySelector('h2').focus();
                    } catch (error) {
                        showProblem(box, error);
                    }
                }, 'small'))));
            more.hidden = items.length <= shown;
            if (!items.length) fill(list, h('li', {class: 'empty'}, t('overview.noAlarms')));
        } catch (error) {
            showProblem(box, error);
        }
    }
    return {node: h('section', {class: 'box'}, h('h2', {tabindex: '-1'}, t('overview.alarms')), list, h('p', {class: 'more'}, more), box), draw};
}

function certificate(one) {
    const left = Math.floor((one.not_after - Date.now() / 1000) / 86400);
    const kind = left < 0 ? 'bad' : left < 21 ? 'warn' : 'good';
    return [one.listener, [badge(kind, left < 0 ? t('overview.certEnded') : t('overview.certDays', {n: left})), ' ', day(one.not_after), one.subject && h('p', {class: 'small-text'}, one.subject)]];
}

export async function show(root, params, {signal, may}) {
    const activity = charts(signal);
    const phones = states(signal);
    const open = alarms(signal, may);
    const about = h('div', {class: 'stack'});
    const warn = h('div', {});
    const first = h('div', {});
    root.append(head(t('nav.overview')), warn, first, activity.node, h('div', {class: 'boxes'}, h('div', {class: 'stack'}, phones.node, about), open.node));
    await Promise.all([activity.draw(), phones.quick(), open.draw(), (async () => {
        const status = await get('/status', null, {signal});
        if (status.flat_mode) fill(warn, h('p', {class: 'warning'}, t('overview.flat'), ' ', h('a', {href: '#/settings'}, t('nav.settings'))));
        const certificates = status.listeners.filter(one => one.certificate_expires_at).map(one => ({listener: one.name, not_after: one.certificate_expires_at}));
        if (!status.store.phones && may('admin')) fill(first, section(t('overview.first'), h('ol', {class: 'firststeps'},
            h('li', {}, h('a', {href: '#/users'}, t('users.add')), t('overview.firstUser')), h('li', {}, h('a', {href: '#/add-phone'}, t('phones.add')), t('overview.firstPhone'))),
        h('p', {}, t('overview.firstMany'), ' ', h('a', {href: '#/import'}, t('nav.import')))));
        fill(about,
            section(t('overview.certificates'), certificates.length ? facts(certificates.map(certificate)) : h('p', {class: 'muted'}, t('overview.noCertificates'))),
            section(t('overview.server'), facts([
                [t('overview.version'), status.version], [t('overview.uptime'), t('overview.since', {when: ago(Date.now() / 1000 - status.uptime_s)})],
                [t('nav.users'), number(status.store.users)], [t('overview.accounts'), number(status.store.accounts)], [t('nav.phones'), number(status.store.phones)],
                ['PnP', word('pnp', status.pnp)], [t('overview.throttled'), number(status.throttled_sources)]])));
    })()]);
}
