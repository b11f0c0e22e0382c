/* keys.js: the keys of a phone as a list that is put in order by drag, by buttons and by the arrow
 * keys, and saved as a whole. A place may be empty, or hold a key of the user, that is of all of the
 * user's phones; a key of the phone's own goes before it. */

import {h, fill, hidden} from './dom.js';
import {t} from './text.js';
import {openDialog, confirm, button} from './dialog.js';
import {field, form} from './form.js';
import {badge} from './bits.js';

const TYPES = ['blf', 'speed_dial', 'line', 'park', 'dtmf'];
const MOST = 512;

/* keys: of the API, with position and of. lines: how many the phone has. Answers {node, list()}. */
export function keyEditor({keys, lines, places, edit}) {
    const own = [];       /* own[position] = {type, value, label, line} */
    const others = [];    /* of the user, by position */
    keys.forEach(({position, of, ...key}) => {
        (of === 'phone' ? own : others)[position] = key;
    });
    const rows = h('ol', {class: 'order keys', 'aria-label': t('phone.part.keys')});
    const says = h('p', {class: 'sr', role: 'status'});
    let dragged = 0;

    const last = () => Math.max(0, own.length - 1, others.length - 1);
    const name = key => (key.label || key.value || t(`keytype.${key.type}`));

    /* One step is a swap with the place beside it; a longer way is many steps, so what lies between moves up. */
    function move(from, to) {
        if (to < 1 || to > MOST || !own[from]) return;
        const step = from < to ? 1 : -1;
        for (let i = from; i !== to; i += step) [own[i], own[i + step]] = [own[i + step], own[i]];
        trim();
        draw();
        rows.querySelector(`[data-place="${to}"] .handle`)?.focus();
        says.textContent = t('keys.moved', {name: name(own[to]), n: to});
    }
    function trim() {
        while (own.length > 1 && !own[own.length - 1]) own.length -= 1;
    }

    async function change(position) {
        const key = own[position] || others[position] || {type: 'blf', value: '', label: '', line: 1};
        const answer = await openDialog({
            title: own[position] ? t('keys.change', {n: position}) : t('keys.addAt', {n: position}),
            content: close => {
                const type = field('type', t('keys.type'), {value: key.type, options: TYPES.map(one => [one, t(`keytype.${one}`)])});
                const value = field('value', t('keys.value'), {value: key.value, maxlength: 128});
                const hint = () => fill(value.said, t(`keyhint.${type.value}`));
                type.input.addEventListener('change', hint);
                hint();
                return form({
                    fields: [type, value,
                        field('label', t('keys.label'), {value: key.label, maxlength: 128}),
                        field('line', t('keys.line'), {type: 'number', min: 0, max: 64, value: key.line ?? 1, hint: t('keys.lineHint', {n: lines})}),
                        field('position', t('keys.place'), {type: 'number', min: 1, max: MOST, value: position})],
                    submit: t('keys.take'),
                    cancel: () => close(),
                    onsubmit: values => {
                        if (!(values.position >= 1 && values.position <= MOST)) {
                            const error = new Error(t('keys.placeWrong', {n: MOST}));
                            error.pointer = '/position';
                            throw error;
                        }
                        close(values);
                    },
                }).node;
            },
        });
        if (!answer) return;
        const {position: place, ...rest} = answer;
        if (place !== position) {
            if (own[place] && !await confirm({title: t('keys.taken', {n: place}), lines: [t('keys.takenText', {name: name(own[place])})], action: t('keys.take')})) return;
            delete own[position];
        }
        own[place] = rest;
        trim();
        draw();
        rows.querySelector(`[data-place="${place}"] .handle`)?.focus();
    }

    function remove(position) {
        says.textContent = t('keys.removed', {n: position});
        delete own[position];
        trim();
        draw();
        (rows.querySelector(`[data-place="${position}"] button`) || add).focus();
    }

    function drop(node, place) {
        node.addEventListener('dragover', event => {
            if (!dragged) return;
            event.preventDefault();
            node.classList.add('target');
        });
        node.addEventListener('dragleave', () => node.classList.remove('target'));
        node.addEventListener('drop', event => {
            event.preventDefault();
            node.classList.remove('target');
            if (dragged && dragged !== place) move(dragged, place);
            dragged = 0;
        });
    }

    /* A finger has no drag of the browser's: the handle follows the pointer, and the row below it is the target. */
    function touch(handle, place) {
        handle.addEventListener('pointerdown', event => {
            if (event.pointerType === 'mouse') return;
            handle.setPointerCapture(event.pointerId);
            let over = null;
            const follow = at => {
                const row = document.elementFromPoint(at.clientX, at.clientY)?.closest('.keys > li');
                if (row === over) return;
                over?.classList.remove('target');
                over = row;
                over?.classList.add('target');
            };
            handle.addEventListener('pointermove', follow);
            handle.addEventListener('pointerup', () => {
                handle.removeEventListener('pointermove', follow);
                over?.classList.remove('target');
                const to = Number(over?.dataset.place);
                if (to && to !== place) move(place, to);
            }, {once: true});
        });
    }

    function row(place) {
        const key = own[place] || others[place];
        const mine = Boolean(own[place]);
        const node = h('li', {'data-place': place, class: mine ? null : 'notmine', draggable: mine && edit ? 'true' : null},
            h('span', {class: 'place'}, hidden(t('keys.key')), ` ${place}`),
            key ? h('span', {class: 'what'}, h('strong', {}, name(key)), ' ',
                h('span', {class: 'muted'}, [t(`keytype.${key.type}`), key.label ? key.value : '', key.line ? t('keys.ofLine', {n: key.line}) : ''].filter(Boolean).join(' · ')),
                !mine && badge('info', t('keys.ofUser'))) : h('span', {class: 'what muted'}, t('keys.empty')));
        if (edit) {
            const handle = mine && h('button', {type: 'button', class: 'handle small icon plain', 'aria-label': t('keys.handle', {name: name(key), n: place}),
                onkeydown: event => {
                    const by = {ArrowUp: -1, ArrowDown: 1}[event.key];
                    if (!by) return;
                    event.preventDefault();
                    move(place, place + by);
                }}, '⠿');
            if (handle) touch(handle, place);
            node.append(h('span', {class: 'tools'}, mine ? [handle,
                h('button', {type: 'button', class: 'small icon', 'aria-label': t('order.up', {name: name(key)}), 'aria-disabled': place === 1 ? 'true' : null, onclick: () => move(place, place - 1)}, '↑'),
                h('button', {type: 'button', class: 'small icon', 'aria-label': t('order.down', {name: name(key)}), onclick: () => move(place, place + 1)}, '↓'),
                h('button', {type: 'button', class: 'small', onclick: () => change(place)}, t('action.edit'), hidden(` ${name(key)}`)),
                h('button', {type: 'button', class: 'small icon', 'aria-label': t('order.remove', {name: name(key)}), onclick: () => remove(place)}, '✕'),
            ] : h('button', {type: 'button', class: 'small', onclick: () => change(place)}, t(key ? 'keys.override' : 'keys.addHere'), hidden(`: ${place}`))));
            if (mine) {
                node.addEventListener('dragstart', event => {
                    dragged = place;
                    event.dataTransfer.effectAllowed = 'move';
                    event.dataTransfer.setData('text/plain', String(place));
                    node.classList.add('dragged');
                });
                node.addEventListener('dragend', () => {
                    dragged = 0;
                    node.classList.remove('dragged');
                });
            }
            drop(node, place);
        }
        return node;
    }

    const add = button(t('keys.add'), () => {
        let place = 1;
        while (own[place] || others[place]) place += 1;
        change(place);
    });

    function draw() {
        const shown = Math.min(MOST, Math.max(last(), Math.min(places || 0, 6)));
        fill(rows, Array.from({length: shown}, (_, i) => row(i + 1)));
        if (!shown) fill(rows, h('li', {class: 'empty'}, t('keys.none')));
    }
    draw();
    return {
        node: h('div', {class: 'form'}, rows, says, edit && h('div', {class: 'buttons'}, add)),
        list: () => own.map((key, position) => key && {position, ...key}).filter(Boolean),
    };
}
