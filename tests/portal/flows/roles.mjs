/* What a viewer and an operator find on each page: what they may do, and nothing else; and the API refuses the rest anyway. */

import assert from 'node:assert/strict';
import {eventually, given, run, told} from '../browser.mjs';

const {mac} = given;
const phone = `phones/${mac}`;
const pages = ['', 'phones', phone, ...['details', 'lines', 'keys', 'settings', 'access', 'history'].map(part => `${phone}/${part}`),
    'users', 'users/alice', 'discovered', 'refusals', 'templates', 'templates/linphone.xml', 'settings', 'sessions'];
const closed = ['import', 'audit', 'api-keys', 'admins', 'add-phone'];

/* Sorting and looking again are nobody's privilege. What else there is to press is listed by page, and that is all of it. */
const harmless = /^(MAC|User|Model|Last fetch)( ?[▲▼])?$|^(Show more|Load anew|Select none)$/;
const viewer = {'': ['Look at all phones'], sessions: ['Change password']};
const operator = {
    '': ['Look at all phones', /^Acknowledge/], discovered: [/^Explain /, /^Forget /], refusals: ['Explain', /^Explain /],
    [phone]: ['Fetch now'], [`${phone}/access`]: ['Open the window'], [`${phone}/history`]: ['Explain'],
    'templates/linphone.xml': ['Check', 'Show what it would get'], sessions: ['Change password'],
};

async function offered(page) {
    return page.locator('#main').locator('button, a.button').evaluateAll(all => all.filter(one => !one.hidden && !one.closest('[hidden]'))
        .map(one => (one.getAttribute('aria-label') || one.textContent).trim().replace(/\s+/g, ' ')));
}

/* more: what stands above every part of a phone. */
async function look(b, page, name, may, more = []) {
    await b.turn(page, `#/${name}`);
    assert.equal(await page.locator('.problem p').count(), 0, `${name}: ${await page.locator('.problem').allTextContents()}`);
    const allowed = [...(may[name] || []), ...(name.startsWith(phone) ? more : [])];
    const there = (await offered(page)).filter(text => !harmless.test(text));
    const fits = text => allowed.some(one => (typeof one === 'string' ? one === text : one.test(text)));
    assert.deepEqual(there.filter(text => !fits(text)), [], `${name}: offered, and not allowed`);
    assert.equal(await page.locator('#main textarea:not([readonly])').count(), 0, `${name}: a text that can be changed`);
    return there;
}

async function refused(page, calls) {
    for (const [method, path, body] of calls) {
        const status = await page.evaluate(async ([verb, where, what]) => (await fetch(`/api/v1${where}`, {method: verb, credentials: 'same-origin',
            headers: what ? {'Content-Type': 'application/json'} : {}, body: what && JSON.stringify(what)})).status, [method, path, body]);
        assert.equal(status, 403, `${method} ${path}`);
    }
}

const ofAdmins = [
    ['POST', '/users', {name: 'mallory'}], ['PATCH', '/users/alice', {display_name: 'x'}], ['DELETE', '/users/alice'], ['POST', '/users/alice/token', {}],
    ['POST', '/users/alice/burn', {}], ['POST', '/users/alice/invitations', {}], ['PATCH', `/${phone}`, {label: 'x'}], ['DELETE', `/${phone}`], ['POST', `/${phone}/url`, {}],
    ['GET', `/${phone}/url`], ['POST', `/${phone}/preview/secrets`, {}], ['PUT', `/${phone}/keys`, {keys: []}], ['POST', `/${phone}/move`, {user: 'alice'}],
    ['PUT', '/settings', {scope: 'global', name: 'language', value: 'de'}], ['PUT', '/options', {custom_options: '{}'}], ['PUT', '/templates/linphone.xml', {text: ''}],
    ['POST', '/api-keys', {name: 'mine', role: 'admin', networks: []}], ['POST', '/admins', {name: 'mallory', role: 'admin', password: 'a long password'}],
    ['GET', '/audit'], ['POST', '/imports', {}], ['POST', '/resyncs', {macs: [mac], kind: 'url'}],
];
const ofOperators = [
    ['POST', '/resyncs', {macs: [mac], kind: 'resync'}], ['POST', '/enrolments', {macs: [mac], for: 900}], ['POST', '/explain', {mac}], ['GET', `/${phone}/preview`],
    ['DELETE', '/pnp/001565990001'], ['POST', '/alarms/1/ack', {}], ['POST', '/reload', {}], ['POST', '/templates/linphone.xml/check', {text: ''}],
];

async function notTheirs(page, b) {
    const links = await page.getByRole('navigation', {name: 'Pages'}).getByRole('link').allInnerTexts();
    assert.deepEqual(links, ['Overview', 'Phones', 'Users', 'Discovered', 'Refusals', 'Templates', 'Settings', 'Account and sessions']);
    for (const name of closed) {
        await b.turn(page, `#/${name}`);
        await page.getByText('Your role may not see this page.').waitFor();
        assert.deepEqual(await offered(page), []);
    }
}

async function asViewer(b) {
    const page = await b.open();
    await b.signIn(page, 'vera', given.vera);
    for (const name of pages) await look(b, page, name, viewer);
    await b.shot(page, 'viewer');
    await notTheirs(page, b);
    await b.turn(page, `#/${phone}/files`);
    await page.getByText('Your role may not see this page.').waitFor();
    /* There is nothing that a viewer could do with phones that are picked. */
    await b.turn(page, '#/phones');
    assert.equal(await page.getByRole('checkbox').count(), 0);
    await b.shot(page, 'viewer_phones');
    await refused(page, [...ofOperators, ...ofAdmins]);
    await page.context().close();
}

async function asOperator(b) {
    const page = await b.open();
    await b.signIn(page, 'otto', given.otto);
    const there = {};
    for (const name of [...pages, `${phone}/files`]) there[name] = await look(b, page, name, operator, ['Fetch now']);
    await notTheirs(page, b);
    /* What an operator may do is there, and does it. */
    for (const name of Object.keys(operator))
        assert.ok(operator[name].every(one => there[name].some(text => (typeof one === 'string' ? one === text : one.test(text)))), `${name}: ${there[name]}`);
    await b.turn(page, `#/${phone}/access`);
    await page.getByRole('button', {name: 'Open the window'}).click();
    await eventually('the window', async () => (await told('phone', 'show', mac)).enrol_until > 0);
    await b.turn(page, '#/');
    await page.getByRole('button', {name: /^Acknowledge/}).first().click();
    await page.getByText('The alarm is closed').first().waitFor();
    await b.turn(page, '#/discovered');
    await page.getByRole('button', {name: 'Forget 00:15:65:99:00:01'}).click();
    await page.getByText('Forgotten until it asks again').waitFor();

    /* Many phones: told to fetch, but not told their URL, which an operator may not know. */
    await b.turn(page, '#/phones');
    await page.getByLabel('Select all that fit').check();
    const bar = page.getByRole('region', {name: 'What to do with the selected phones'});
    assert.deepEqual(await bar.getByRole('button').allInnerTexts(), ['Fetch', 'Enrol', 'Select none']);
    await bar.getByRole('button', {name: 'Fetch'}).click();
    assert.deepEqual(await page.getByRole('dialog').getByLabel('How', {exact: true}).locator('option').allInnerTexts(), ['fetch', 'restart']);
    await b.shot(page, 'operator');
    await page.getByRole('dialog').getByRole('button', {name: 'Cancel'}).click();
    await refused(page, ofAdmins);
    await page.context().close();
}

run(async b => {
    await asViewer(b);
    await asOperator(b);
    assert.equal((await told('user', 'list')).length, 1);
});
