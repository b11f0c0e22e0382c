/* pages/activate.js: the user's own screen. A link of an invitation opens it once; then the user adds
 * phones and is shown where each gets its configuration. No SIP password is ever here. */

import {h, fill} from '../dom.js';
import {t, ago} from '../text.js';
import {all, get, post, endSession, path} from '../api.js';
import {field, form, problemBox, showProblem} from '../form.js';
import {button, copyButton} from '../dialog.js';
import {languageChoice} from '../frame.js';
import {colons, fault, bare} from '../mac.js';
import {qr} from '../qr.js';

const SHOWN_MS = 10 * 60000; /* how long a URL stands on the screen */

function steps(now) {
    return h('ol', {class: 'steps'}, ['welcome', 'phone', 'done'].map((name, i) => h('li', {'aria-current': i === now ? 'step' : null,
        class: i < now ? 'past' : null}, h('span', {class: 'count', 'aria-hidden': 'true'}, i < now ? '✓' : i + 1), t(`activate.step.${name}`))));
}

export async function show(root, params, {invitation, session, signal, signedIn}) {
    const screen = h('div', {class: 'card user'});
    root.append(screen, languageChoice());
    const draw = (...children) => {
        fill(screen, h('img', {src: '/icon.svg', alt: '', width: 40, height: 40}), children);
        screen.querySelector('h1').focus({preventScroll: true});
        scrollTo(0, 0);
    };
    const title = text => h('h1', {tabindex: '-1'}, text);

    function ended() {
        invitation.ended = true;
        draw(title(t('activate.ended')), h('p', {}, t('activate.endedText')));
    }

    /* Without a token nothing is known of the link: it may be as good as ever. */
    function openAgain() {
        draw(title(t('activate.again')), h('p', {}, t('activate.againText')), signedInAs());
    }

    /* Whose session a browser has already: an admin may have opened the link, or the user once more. */
    function signedInAs(text = 'activate.signedIn') {
        return session && h('p', {class: 'notice'}, t(text, {name: session.name}), ' ',
            session.kind === 'user' ? button(t('activate.toMine'), list, 'small') : h('a', {href: '#/'}, t('activate.toPortal')));
    }

    function welcome() {
        const box = problemBox();
        const start = h('button', {type: 'button', class: 'primary big', onclick: async () => {
            start.disabled = true;
            try {
                await signedIn(await post('/activation', {token: invitation.token}, {open: true}));
            } catch (error) {
                start.disabled = false;
                if (error.status === 401) ended();
                else showProblem(box, error);
            }
        }}, t('activate.start'));
        draw(steps(0), title(t('activate.welcome')), h('p', {}, t('activate.text')), h('p', {class: 'muted'}, t('activate.once')), signedInAs('activate.signedInEnds'), box, start);
    }

    async function reveal(mac, box) {
        try {
            done(await post(path`/my/phones/${mac}/url`, {}), mac);
        } catch (error) {
            showProblem(box, error);
        }
    }

    async function list() {
        const mine = await all('/my/phones', {limit: ''}, signal);
        if (!mine.length) return add(false);
        const box = problemBox();
        return draw(title(t('activate.mine', {name: session.name})),
            h('ul', {class: 'mine'}, mine.map(one => h('li', {},
                h('div', {}, h('strong', {}, one.label || one.model || one.vendor), h('code', {}, colons(one.mac)),
                    h('span', {class: 'muted'}, one.last_fetch_at ? t('activate.came', {when: ago(one.last_fetch_at)}) : t('activate.notYet'))),
                h('button', {type: 'button', onclick: () => reveal(bare(one.mac), box)}, t('activate.showUrl'))))),
            box,
            h('div', {class: 'buttons'}, h('button', {type: 'button', class: 'primary', onclick: () => add(true)}, t('activate.addAnother')),
                h('button', {type: 'button', onclick: async () => {
                    try {
                        await endSession();
                    } catch (error) {
                        showProblem(box, error);
                        return;
                    }
                    draw(title(t('activate.bye')), h('p', {}, t('activate.byeText')));
                }}, t('activate.finish'))));
    }

    async function add(back) {
        const models = (await get('/my/models', null, {signal})).items;
        const mac = field('mac', t('activate.mac'), {required: true, hint: t('activate.macHint'), inputmode: 'text', autocapitalize: 'none', placeholder: 'CC:5E:F6:41:B7:94'});
        /* While typing, and not when the field is left: a line that goes then moves the button away from under the click. */
        mac.input.addEventListener('input', () => mac.say(''));
        const choice = field('model', t('activate.model'), {hint: t('activate.modelHint'),
            options: [['', t('activate.modelUnknown')], ...models.map(one => [`${one.vendor}/${one.model}`, `${one.vendor} ${one.model}`])]});
        draw(steps(1), title(t('activate.which')), h('p', {}, t('activate.whichText')), form({
            fields: [mac, choice],
            submit: t('activate.add'),
            cancel: back ? list : null,
            onsubmit: async values => {
                if (fault(values.mac)) {
                    mac.say(t(`mac.${fault(values.mac)}`));
                    mac.input.focus();
                    return;
                }
                const at = values.model.indexOf('/');
                const kind = at > 0 ? {vendor: values.model.slice(0, at), model: values.model.slice(at + 1)} : {};
                const added = await post('/my/phones', {mac: bare(values.mac), ...kind});
                done(added, added.mac);
            },
        }).node);
        screen.querySelector('input').focus();
    }

    function done(phone, mac) {
        const url = phone.phone_url || phone.url;
        const box = problemBox();
        const shown = h('div', {class: 'form'},
            h('p', {class: 'label'}, t('activate.url')),
            h('div', {class: 'secret'}, h('code', {class: 'value', tabindex: '0'}, url), copyButton(url)),
            phone.qr && h('figure', {}, qr(phone.qr, t('activate.qr')), h('figcaption', {}, t('activate.qr'))));
        /* A tab may stay open for days, and somebody else sit down at it. */
        setTimeout(() => fill(shown, h('p', {class: 'muted'}, t('secret.hidden')), button(t('activate.showUrl'), () => reveal(bare(mac), box))), SHOWN_MS);
        draw(steps(2), title(t('activate.ready')), h('p', {}, t('activate.readyText')),
            shown, box,
            h('details', {}, h('summary', {}, t('activate.where')), h('p', {}, t('activate.whereText'))),
            h('p', {class: 'warning'}, t('activate.secret')),
            h('p', {class: 'muted'}, t('activate.phone', {mac: colons(mac)})),
            h('div', {class: 'buttons'}, h('button', {type: 'button', class: 'primary', onclick: list}, t('activate.toMine'))));
    }

    if (invitation.token && !invitation.ended) welcome();
    else if (session?.kind === 'user') await list();
    else if (invitation.ended) ended();
    else openAgain();
}
