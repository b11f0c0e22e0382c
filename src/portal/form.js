/* form.js: fields with label, hint and error line, and a form that shows a problem of the API at the
 * field that its pointer names. */

import {h, fill, clear, uid} from './dom.js';
import {t} from './text.js';
import {Problem} from './api.js';
import {problemNodes} from './problem.js';

/* A field: {name, node, input, value, say(error)}. props go to the input; options: [[value, text]]. */
export function field(name, label, props = {}) {
    const {hint, options, type = 'text', value, read, ...rest} = props;
    const id = uid(`f-${name}`);
    const attributes = {id, name, 'aria-describedby': `${id}-hint ${id}-error`, ...rest};
    let input;
    if (options) input = h('select', {...attributes, value: value ?? options[0]?.[0]},
        options.map(([one, text]) => h('option', {value: one}, text)));
    else if (type === 'textarea') input = h('textarea', {...attributes, value: value ?? ''});
    else if (type === 'checkbox') input = h('input', {...attributes, type, checked: Boolean(value)});
    else input = h('input', {...attributes, type, value: value ?? '', autocomplete: rest.autocomplete ?? 'off'});
    if (!options && type !== 'password' && type !== 'checkbox') input.spellcheck = false;
    const error = h('p', {class: 'error', id: `${id}-error`, 'aria-live': 'polite'});
    const said = h('p', {class: 'hint', id: `${id}-hint`}, hint);
    const caption = h('label', {for: id}, label);
    const node = h('div', {class: type === 'checkbox' ? 'field check' : 'field'},
        type === 'checkbox' ? [input, caption] : [caption, input], said, error);
    return {
        name, node, input, said,
        get value() {
            if (read) return read(input);
            if (type === 'checkbox') return input.checked;
            return type === 'number' ? Number(input.value) : input.value;
        },
        say(text) {
            fill(error, text);
            if (text) input.setAttribute('aria-invalid', 'true');
            else input.removeAttribute('aria-invalid');
        },
    };
}

/* A box for what went wrong as a whole. */
export function problemBox() {
    return h('div', {class: 'problem', role: 'alert'});
}

export function showProblem(box, error) {
    if (error.name === 'AbortError') return;
    if (!(error instanceof Problem)) console.error(error);
    fill(box, h('p', {}, problemNodes(error)));
}

/* fields: of field(), or nodes. onsubmit(values, form) does the work; what it throws is shown. */
export function form({fields, submit, onsubmit, cancel, kind = 'primary', extra}) {
    const own = fields.filter(one => one && one.input);
    const box = problemBox();
    const send = h('button', {type: 'submit', class: kind}, submit);
    const node = h('form', {novalidate: true, class: 'form'},
        fields.map(one => (one && one.node) || one), box,
        h('div', {class: 'buttons'}, send, extra, cancel && h('button', {type: 'button', onclick: cancel}, t('action.cancel'))));
    const result = {
        node, box, send,
        get values() {
            return Object.fromEntries(own.map(one => [one.name, one.value]));
        },
        /* At the field that the pointer names, else above the buttons. */
        fail(error) {
            const [, name = '', place] = (error.pointer || '').split('/');
            const at = own.find(one => one.name === name);
            if (at) {
                at.say(problemNodes(error));
                at.input.focus();
            } else {
                if (name === 'lines' && place) error.before = `${t('lines.line')} ${Number(place) + 1}: `;
                showProblem(box, error);
            }
        },
    };
    node.addEventListener('submit', async event => {
        event.preventDefault();
        if (send.disabled) return;
        clear(box);
        own.forEach(one => one.say(''));
        const missing = own.find(one => one.input.required && (one.input.type === 'checkbox' ? !one.input.checked : !one.input.value.trim()));
        if (missing) {
            missing.say(t('form.required'));
            missing.input.focus();
            return;
        }
        send.disabled = true;
        node.setAttribute('aria-busy', 'true');
        try {
            await onsubmit(result.values, result);
        } catch (error) {
            result.fail(error);
        }
        send.disabled = false;
        node.removeAttribute('aria-busy');
    });
    return result;
}

/* The members of now that differ from before. */
export function changes(before, now) {
    return Object.fromEntries(Object.entries(now).filter(([name, value]) =>
        JSON.stringify(before[name] ?? null) !== JSON.stringify(value ?? null)));
}
