/* pages/phone_keys.js: the keys of a phone; one save for the whole list, guarded by the phone's ETag. */

import {h} from '../dom.js';
import {t} from '../text.js';
import {all, call, get, put, path} from '../api.js';
import {section} from '../bits.js';
import {form} from '../form.js';
import {button, tell} from '../dialog.js';
import {saveGuarded} from '../conflict.js';
import {keyEditor} from '../keys.js';

const own = items => items.filter(one => one.of === 'phone').map(({of, ...key}) => key);
/* As one line for the conflict dialog. */
const words = list => list.map(key => [`${key.position}: ${t(`keytype.${key.type}`)}`, key.value, key.label,
    key.line ? t('keys.ofLine', {n: key.line}) : ''].filter(Boolean).join(' · '));

export async function show(root, {phone, etag, mac, may, again, signal, guard}) {
    const where = path`/phones/${mac}/keys`;
    const keys = await all(where, {limit: ''}, signal);
    const model = phone.model ? await get(path`/models/${phone.vendor}/${phone.model}`, null, {signal}).catch(() => null) : null;
    const editor = keyEditor({keys, lines: phone.lines.length, places: model?.keys, edit: may('admin')});
    const before = own(keys);
    root.append(section(t('phone.part.keys'), h('p', {class: 'hint'}, t('keys.text'), ' ', model ? t('keys.places', {n: model.keys}) : ''), editor.node));
    if (!may('admin')) return;
    const whole = list => JSON.stringify(list.map(key => [key.position, key.type, key.value, key.label, key.line]));
    const changed = () => whole(editor.list()) !== whole(before);
    guard(() => root.isConnected && changed());
    root.firstChild.append(form({
        fields: [], submit: t('form.save'), extra: button(t('form.reset'), again),
        onsubmit: async () => {
            const mine = editor.list();
            const result = await saveGuarded({
                etag, before: {keys: words(before)}, mine: {keys: words(mine)}, labels: {keys: t('phone.part.keys')},
                save: async tag => {
                    try {
                        await put(where, {keys: mine}, {etag: tag});
                    } catch (error) {
                        const at = /^\/keys\/(\d+)/.exec(error.pointer || '');
                        if (at && mine[at[1]]) error.before = `${t('keys.addAt', {n: mine[at[1]].position})}: `;
                        throw error;
                    }
                },
                load: async () => ({data: {keys: words(own(await all(where, {limit: ''})))}, etag: (await call('GET', path`/phones/${mac}`)).etag}),
            });
            if (result === 'editing') return;
            if (result === 'saved') tell(t('form.saved'));
            await again();
        },
    }).node);
}
