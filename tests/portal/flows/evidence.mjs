/* What the server remembers: who was refused and why, and what would happen now; who changed what; who is signed in, and with
 * which password. */

import assert from 'node:assert/strict';
import {badge, ctl, eventually, fetchAsPhone, given, run, told} from '../browser.mjs';

const {mac} = given;
const colons = mac.replace(/..(?=.)/g, '$&:');

/* A phone that is switched off is refused, explained, switched on, and served. */
async function refusals(b, page) {
    const url = (await ctl('phone', 'url', mac)).trim();
    await ctl('phone', 'set', mac, '--disable');
    assert.equal((await fetchAsPhone(url)).status, 404);
    await b.goto(page, '#/refusals');
    const rows = page.getByRole('table', {name: 'Refusals'}).locator('tbody tr');
    const mine = rows.filter({hasText: colons});
    /* The row is written a moment after the phone has its answer. */
    await eventually('the refusal', async () => {
        await page.getByRole('button', {name: 'Load anew'}).click();
        return await page.locator('.page [aria-busy]').count() === 0 && await mine.count() === 1;
    });
    await mine.getByText('the phone is switched off').waitFor();
    await mine.getByText('127.0.0.1').waitFor();
    await rows.filter({hasText: 'no known phone'}).first().waitFor();
    const all = await rows.count();
    assert.ok(all > 1);
    await b.shot(page, 'refusals');

    /* Each filter leaves what fits, and nothing else. */
    const left = async (what, count) => eventually(`${what}: ${count}`, async () => await page.locator('.page [aria-busy]').count() === 0 && await rows.count() === count);
    await page.getByLabel('Why', {exact: true}).selectOption('disabled');
    await left('by its reason', 1);
    assert.equal(await mine.count(), 1);
    await page.getByLabel('Why', {exact: true}).selectOption('');
    await left('all', all);
    await page.getByLabel('MAC', {exact: true}).fill(colons.toUpperCase());
    await left('by its MAC', 1);
    await page.getByLabel('MAC', {exact: true}).fill('');
    await left('all', all);
    await page.getByLabel('From', {exact: true}).fill('192.0.2.0/24');
    await left('from elsewhere', 0);
    await page.getByText('Nobody was refused.').waitFor();
    await page.getByLabel('From', {exact: true}).fill('127.0.0.0/8');
    await left('from here', all);
    await page.getByLabel('Since', {exact: true}).selectOption('3600');
    await left('within the hour', all);

    /* Why, and what to do; done, it would be served, and is. */
    await mine.getByRole('button', {name: 'Explain'}).click();
    const dialog = page.getByRole('dialog');
    await badge(dialog, 'would be refused').waitFor();
    await dialog.getByText('the phone is switched off').first().waitFor();
    await dialog.locator('li.failed').first().waitFor();
    await dialog.getByText('What to do:').waitFor();
    await b.shot(page, 'explained');
    assert.deepEqual(await b.axe(page), []);
    await dialog.getByRole('button', {name: 'Close'}).last().click();
    await mine.getByRole('link', {name: colons}).click();
    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'Details'}).click();
    await page.getByLabel('Switched on').check();
    await page.getByRole('button', {name: 'Save'}).click();
    await page.getByText('Saved').first().waitFor();
    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'History'}).click();
    await page.getByRole('table', {name: 'Refusals'}).getByText('the phone is switched off').waitFor();
    await page.getByRole('button', {name: 'Explain', exact: true}).click();
    await badge(dialog, 'would be served').waitFor();
    await dialog.getByLabel('MAC', {exact: true}).fill('00156500ffff');
    await dialog.getByRole('button', {name: 'Explain'}).click();
    await dialog.getByText('there is no phone \'00156500ffff\'').waitFor();
    await page.keyboard.press('Escape');
    assert.equal((await fetchAsPhone(url)).status, 200);
}

/* Who did what to whom: also what an admin only looked at. */
async function audit(b, page) {
    await b.goto(page, '#/audit');
    const rows = page.getByRole('table', {name: 'Audit'}).locator('tbody tr');
    const newest = text => rows.first().getByText(text).first().waitFor();
    await newest('phone.set');
    await newest('admin=eva');
    await newest(new RegExp(`${mac}|${colons}`));
    const before = await rows.count();
    await ctl('user', 'add', 'dora');
    await page.getByRole('button', {name: 'Load anew'}).click();
    await newest('user.add');
    await newest('dora');
    assert.equal(await rows.count(), before + 1);
    await page.evaluate(async where => fetch(`/api/v1${where}/url`, {method: 'POST', credentials: 'same-origin', headers: {'Content-Type': 'application/json'}, body: '{}'}), `/phones/${mac}`);
    await page.getByRole('button', {name: 'Load anew'}).click();
    await newest(/url/);
    await b.shot(page, 'audit');
}

/* Another browser of the same admin is listed and ended; a new password ends all others. */
async function sessions(b, page) {
    const other = await b.open({language: 'de'});
    await b.goto(other);
    await other.getByLabel('Name', {exact: true}).fill('eva');
    await other.getByLabel('Passwort', {exact: true}).fill(given.password);
    await other.getByRole('button', {name: 'Anmelden'}).click();
    await other.getByRole('heading', {level: 1, name: 'Übersicht'}).waitFor();
    await b.goto(page, '#/sessions');
    const rows = page.getByRole('table', {name: 'Sessions'}).locator('tbody tr');
    /* Two browsers, and the program that has set her up. */
    await eventually('all of hers', async () => await rows.count() === 3);
    const mine = rows.filter({hasText: 'this one'});
    assert.equal(await mine.count(), 1);
    assert.equal(await mine.getByRole('button').count(), 0);
    const theirs = rows.filter({hasNotText: 'this one', hasText: 'Chrome'});
    await theirs.getByText('127.0.0.1').first().waitFor();
    await theirs.getByRole('button', {name: /^End/}).click();
    await page.getByText('The session has ended').waitFor();
    await eventually('it is gone', async () => await rows.count() === 2 && await theirs.count() === 0);
    assert.equal(await other.evaluate(async () => (await fetch('/api/v1/session', {credentials: 'same-origin'})).status), 401);
    await other.context().close();

    const third = await b.open();
    await b.signIn(third, 'eva', given.password);
    const change = async (current, fresh) => {
        await page.getByLabel('Password of now').fill(current);
        await page.getByLabel('New password', {exact: true}).fill(fresh);
        await page.getByLabel('New password, once more').fill(fresh);
        await page.getByRole('button', {name: 'Change password'}).click();
    };
    await change('not her password', given.fresh);
    await page.getByText('This is not the password.').waitFor();
    await change(given.password, given.fresh);
    await page.getByText('The password is changed').waitFor();
    await eventually('hers alone', async () => await rows.count() === 1);
    assert.equal(await third.evaluate(async () => (await fetch('/api/v1/session', {credentials: 'same-origin'})).status), 401);
    await third.context().close();
    const fourth = await b.open();
    await b.signIn(fourth, 'eva', given.fresh);
    await fourth.context().close();
}

/* An admin is changed and deleted: what he could do is over at once. */
async function admins(b, page) {
    const fred = await b.open();
    await b.signIn(fred, 'fred', given.fred);
    const status = () => fred.evaluate(async () => (await fetch('/api/v1/audit', {credentials: 'same-origin'})).status);
    assert.equal(await status(), 200);
    await b.goto(page, '#/admins');
    const row = page.getByRole('row').filter({hasText: 'fred'});
    await row.getByRole('button', {name: 'Edit'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Role').selectOption('viewer');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await row.getByText('Viewer').waitFor();
    assert.equal(await status(), 401);
    await fred.reload();
    await b.signIn(fred, 'fred', given.fred);
    assert.equal(await status(), 403);
    await row.getByRole('button', {name: 'Edit'}).click();
    await dialog.getByLabel('May sign in').uncheck();
    await dialog.getByRole('button', {name: 'Save'}).click();
    await badge(row, 'may not sign in').waitFor();
    assert.equal(await status(), 401);
    await row.getByRole('button', {name: 'Delete'}).click();
    await dialog.getByRole('button', {name: 'Delete'}).click();
    await row.waitFor({state: 'detached'});
    /* The last one stays. */
    await page.getByRole('row').filter({hasText: 'eva'}).getByRole('button', {name: 'Delete'}).click();
    await dialog.getByRole('button', {name: 'Delete'}).click();
    await page.locator('.problem p').waitFor();
    assert.deepEqual((await told('admin', 'list')).map(one => one.name), ['eva']);
    await fred.context().close();
}

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await refusals(b, page);
    await audit(b, page);
    await admins(b, page);
    await sessions(b, page);
});
