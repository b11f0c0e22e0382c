/* phone_url.js: where a phone gets its configuration, after somebody asked for it by a click: each form
 * with a copy button, and the QR code. They are secrets: the API writes each showing into the audit log. */

import {h} from './dom.js';
import {t} from './text.js';
import {secret, button} from './dialog.js';
import {qr} from './qr.js';

export function urlBox(urls) {
    const node = h('section', {class: 'box', 'aria-label': t('url.title')},
        h('div', {class: 'boxhead'}, h('h2', {}, t('url.title')), button(t('secret.hide'), () => node.remove(), 'small')),
        h('p', {class: 'warning'}, t('url.text')),
        h('div', {class: 'urls'},
            h('div', {class: 'form'},
                urls.phone_url && secret(urls.phone_url, t('url.typed')),
                urls.url !== urls.phone_url && secret(urls.url, t('url.file')),
                urls.provisioning_base_url !== urls.phone_url && secret(urls.provisioning_base_url, t('url.folder'))),
            urls.qr && h('figure', {}, qr(urls.qr, t('url.qr')), h('figcaption', {class: 'hint'}, t('url.qr')))));
    setTimeout(() => node.remove(), 120000);
    return node;
}
