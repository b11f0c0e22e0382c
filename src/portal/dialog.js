/* dialog.js: modal dialogs (the browser's own <dialog>: focus stays inside and Escape closes it; the
 * focus goes back to where it was), short messages that are also read out, and copying. */

import {h, fill, uid} from './dom.js';
import {t} from './text.js';

let region = null;

/* Where messages appear: once, before the first page. */
export function messageRegion() {
    region = h('div', {class: 'toasts', role: 'status', 'aria-live': 'polite'});
    return region;
}

export function tell(text, kind = 'good') {
    const line = h('p', {class: `toast ${kind}`}, text);
    /* What is outside of an open dialog is neither seen nor read out. */
    ([...document.querySelectorAll('dialog[open] > .toasts')].pop() || region).append(line);
    setTimeout(() => line.remove(), kind === 'bad' ? 12000 : 6000);
}

/* content(close) makes what stands in the dialog, whose buttons are in actions(close). Promises what
 * close was called with; undefined when it was closed by Escape or the cross. */
export function openDialog({title, content, actions, wide = false, closable = true, onclose}) {
    return new Promise(done => {
        const before = document.activeElement;
        const id = uid('dialog');
        let result;
        let closing = closable;
        const watch = new AbortController();
        const close = value => {
            result = value;
            closing = true;
            dialog.close();
        };
        const cross = closable && h('button', {type: 'button', class: 'plain icon', 'aria-label': t('action.close'),
            onclick: () => close()}, '✕');
        const messages = h('div', {class: 'toasts', role: 'status', 'aria-live': 'polite'});
        const dialog = h('dialog', {class: wide ? 'wide' : null, 'aria-labelledby': id},
            h('header', {}, h('h2', {id}, title), cross),
            h('div', {class: 'body'}, content(close)),
            actions && h('footer', {}, actions(close)),
            messages);
        if (!closable) {
            dialog.addEventListener('cancel', event => event.preventDefault());
            /* A second Escape closes without asking: it has to end before the browser sees it. */
            document.addEventListener('keydown', event => {
                if (event.key === 'Escape' && [...document.querySelectorAll('dialog[open]')].pop() === dialog) event.preventDefault();
            }, {capture: true, signal: watch.signal});
        }
        dialog.addEventListener('close', () => {
            if (!closing) {
                dialog.showModal();
                return;
            }
            watch.abort();
            region.append(...messages.children);
            dialog.remove();
            onclose?.();
            if (before?.isConnected) before.focus();
            else document.querySelector('main h1')?.focus();
            done(result);
        });
        /* The choices of a combobox may hang out of it. */
        if (dialog.querySelector('.combo')) dialog.classList.add('open');
        document.body.append(dialog);
        dialog.showModal();
        (dialog.querySelector('[autofocus]') || dialog.querySelector('input:not([type=checkbox]), select, textarea'))?.focus();
    });
}

export function button(text, onclick, kind = '') {
    return h('button', {type: 'button', class: kind || null, onclick}, text);
}

/* Promises true when the person says so. lines: what happens, one paragraph each. */
export function confirm({title, lines, action, danger = false}) {
    return openDialog({
        title,
        content: () => lines.map(line => h('p', {}, line)),
        actions: close => [
            button(t('action.cancel'), () => close(false)),
            button(action, () => close(true), danger ? 'danger' : 'primary'),
        ],
    }).then(Boolean);
}

/* A button that copies, and says that it did. */
export function copyButton(text, what = t('action.copy')) {
    const node = h('button', {type: 'button', class: 'small'}, what);
    node.addEventListener('click', async () => {
        try {
            await navigator.clipboard.writeText(text);
            tell(t('action.copied'));
        } catch {
            tell(t('action.copyFailed'), 'bad');
        }
    });
    return node;
}

/* A secret that somebody asked for by a click: shown with a copy button, gone after two minutes or by a click. */
export function secret(text, label) {
    const node = h('div', {class: 'secret'});
    const hide = () => fill(node, h('p', {class: 'muted'}, t('secret.hidden')));
    const timer = setTimeout(hide, 120000);
    fill(node, label && h('span', {class: 'label'}, label),
        h('code', {class: 'value', tabindex: '0'}, text), copyButton(text),
        h('button', {type: 'button', class: 'small plain', onclick: () => {
            clearTimeout(timer);
            hide();
        }}, t('secret.hide')));
    return node;
}
