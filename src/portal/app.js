/* app.js: the start. Finds out who is signed in, draws the frame, and shows the page that the
 * fragment of the address names (/#/phones/cc5ef641b794), which is never sent to a server. */

import {h, fill} from './dom.js';
import {t, loadLanguage, keepLanguage} from './text.js';
import {get, endSession, onSignedOut} from './api.js';
import {explained} from './problem.js';
import {messageRegion, openDialog, confirm, tell} from './dialog.js';
import {problemBox, showProblem} from './form.js';
import {signInForm} from './pages/signin.js';
import {frame, ranks, onLanguage} from './frame.js';

/* The first piece of the fragment: the page's file and the role that it takes to see it. */
const routes = {
    overview: ['overview', 'viewer'], phones: ['phones', 'viewer'], phone: ['phone', 'viewer'], 'add-phone': ['add_phone', 'admin'],
    users: ['users', 'viewer'], user: ['user', 'viewer'], discovered: ['discovered', 'viewer'], refusals: ['refusals', 'viewer'],
    templates: ['templates', 'viewer'], import: ['import', 'admin'], settings: ['settings', 'viewer'], audit: ['audit', 'admin'],
    'api-keys': ['api_keys', 'admin'], admins: ['admins', 'admin'], sessions: ['sessions', 'viewer'],
};

let session = null;
let leave = new AbortController();
let shown = '';       /* the fragment of the page that is on the screen */
let unsaved = null;   /* of the page: says whether something would be lost */
let invitation = {token: '', ended: false}; /* in memory alone: a page that is loaded anew knows nothing of it */
let typed = false;    /* into a form of the page on the screen */
let main = null;
let drawn = null;     /* of the frame: mark(name) */

function decoded(piece) {
    try {
        return decodeURIComponent(piece);
    } catch {
        return piece;
    }
}

/* A name of the address may be one that every object has. */
function routeOf(name) {
    return Object.hasOwn(routes, name) ? routes[name] : [];
}

/* The token leaves the address, and the history, before anything else happens. */
function takeToken() {
    const found = /^#\/activate\/(.+)$/.exec(location.hash);
    if (!found) return;
    invitation = {token: decoded(found[1]), ended: false};
    history.replaceState(null, '', '#/activate');
}

function parse(hash) {
    const [where, query] = hash.replace(/^#\/?/, '').split('?');
    const parts = where.split('/').filter(Boolean).map(decoded);
    return {parts, query: new URLSearchParams(query || '')};
}

function target() {
    const {parts, query} = parse(location.hash);
    let name = parts.shift() || 'overview';
    if (name === 'phones' && parts.length) name = 'phone';
    if (name === 'users' && parts.length) name = 'user';
    return {name, parts, query};
}

/* One page alone, without the frame: setup, sign-in, activation. */
async function bare(name, values) {
    drawn = null;
    document.body.className = 'bare';
    main = h('main', {id: 'main', class: 'alone'});
    fill(document.body, main, messageRegion());
    const {signal} = leave;
    try {
        const page = await import(`./pages/${name}.js`);
        if (signal.aborted) return;
        await page.show(main, [], {...values, signal, signedIn});
    } catch (error) {
        if (signal.aborted || error.name === 'AbortError') return;
        const box = problemBox();
        fill(main, h('div', {class: 'card'}, h('h1', {tabindex: '-1'}, t('frame.failed')), box, h('p', {}, h('button', {type: 'button', onclick: show}, t('frame.again')))));
        showProblem(box, error);
    }
    if (signal.aborted) return;
    document.title = `${main.querySelector('h1')?.textContent || ''} – autoprovd`;
}

async function show() {
    leave.abort();
    leave = new AbortController();
    unsaved = null;
    typed = false;
    const {signal} = leave;
    takeToken();
    shown = location.hash;
    const {name, parts, query} = target();
    if (name === 'activate' || session?.kind === 'user') return bare('activate', {invitation, session});
    if (!session) {
        const {setup_needed: fresh} = await get('/portal', null, {open: true}).catch(() => ({}));
        if (signal.aborted) return undefined;
        return bare(fresh ? 'setup' : 'signin', {});
    }
    if (!drawn) {
        document.body.className = '';
        drawn = frame(session, messageRegion(), signOut);
        main = drawn.main;
    }
    drawn.mark(name);
    const root = h('div', {class: `page page-${name}`});
    fill(main, root);
    scrollTo(0, 0);
    const [file, least] = routeOf(name);
    if (!file || ranks[session.role] < ranks[least]) {
        fill(root, h('h1', {tabindex: '-1'}, t('frame.nothing')), h('p', {}, t(file ? 'frame.notAllowed' : 'frame.noPage')));
    } else {
        try {
            const page = await import(`./pages/${file}.js`);
            if (signal.aborted) return undefined;
            await page.show(root, parts, context(query, signal));
        } catch (error) {
            if (signal.aborted || error.name === 'AbortError') return undefined;
            const box = problemBox();
            root.append(box, h('p', {}, h('button', {type: 'button', onclick: show}, t('frame.again'))));
            if (!root.querySelector('h1')) root.prepend(h('h1', {tabindex: '-1'}, t(error.status === 404 ? 'frame.nothing' : 'frame.failed')));
            showProblem(box, error);
        }
    }
    if (signal.aborted) return undefined;
    const title = root.querySelector('h1');
    document.title = `${title?.textContent || t('frame.portal')} – autoprovd`;
    if (document.activeElement === document.body || document.activeElement?.closest('nav')) title?.focus({preventScroll: true});
    return undefined;
}

/* What a page is given. */
function context(query, signal) {
    return {
        query, signal, session,
        may: role => ranks[session.role] >= ranks[role],
        go: hash => {
            location.hash = hash;
        },
        again: show,
        guard: ask => {
            unsaved = ask;
        },
    };
}

async function signedIn(who) {
    session = who;
    invitation = {token: '', ended: who.kind === 'user'}; /* it has been used now */
    drawn = null;
    if (/^#\/(setup|signin)/.test(location.hash)) history.replaceState(null, '', '#/');
    await show();
}

async function signOut() {
    try {
        await endSession();
    } catch (error) {
        tell(explained(error).text, 'bad');
        return;
    }
    session = null;
    drawn = null;
    history.replaceState(null, '', '#/');
    await show();
}

/* The session has ended while a page is open: one dialog for all calls that wait. What was typed
 * stays behind it. Another name means another page. */
let asking = null;
function askSignIn() {
    if (!session) return Promise.resolve(false);
    if (session.kind === 'user') {
        session = null;
        show();
        return Promise.resolve(false);
    }
    asking ??= openDialog({
        title: t('signin.ended'),
        closable: false,
        content: close => [
            h('p', {}, t('signin.endedText')),
            signInForm(session.name, who => close(who)),
        ],
        actions: close => h('button', {type: 'button', onclick: () => close(null)}, t('signin.leave')),
    }).then(who => {
        asking = null;
        const same = who && who.name === session.name && who.role === session.role;
        session = who;
        if (!same) {
            drawn = null;
            show();
        }
        return Boolean(same);
    });
    document.querySelector('dialog:last-of-type')?.classList.add('over');
    return asking;
}

async function moved() {
    if (location.hash === shown) return;
    if (unsaved?.()) {
        const wanted = location.hash;
        history.replaceState(null, '', shown);
        if (!await askUnsaved()) return;
        unsaved = null;
        history.replaceState(null, '', wanted);
    }
    await show();
}

function askUnsaved() {
    return confirm({title: t('unsaved.title'), lines: [t('unsaved.text')], action: t('unsaved.leave'), danger: true});
}

/* Everything is drawn anew and nothing loaded: what is in memory alone, such as an invitation, stays. */
async function changeLanguage(name) {
    if ((typed || unsaved?.()) && !await askUnsaved()) return false;
    try {
        await loadLanguage(name);
    } catch {
        tell(t('problem.unreachable'), 'bad');
        return false;
    }
    keepLanguage(name);
    drawn = null;
    await show();
    document.querySelector('.language select')?.focus({preventScroll: true});
    return true;
}

async function start() {
    takeToken();
    onSignedOut(askSignIn);
    onLanguage(changeLanguage);
    addEventListener('input', event => {
        if (event.target.closest('#main form:not([role=search])')) typed = true;
    });
    /* The page that will be shown comes along with the rest. */
    const [file] = routeOf(target().name);
    if (file) import(`./pages/${file}.js`).catch(() => {});
    addEventListener('hashchange', moved);
    addEventListener('beforeunload', event => {
        if (unsaved?.()) event.preventDefault();
    });
    const who = get('/session', null, {open: true}).catch(error => {
        if (error.status !== 401) console.error(error);
        return null;
    });
    await loadLanguage();
    session = await who;
    await show();
}

start();
