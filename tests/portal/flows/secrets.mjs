/* What is shown by a click and copied: each button copies what stands beside it, says so, and hides it again. And what was given
 * to somebody is taken back: a key of a program, a link, an HTTP password. */

import assert from 'node:assert/strict';
import {base, ctl, eventually, fetchAsPhone, given, run, told} from '../browser.mjs';

const {mac} = given;

/* Presses Copy at each secret of the box; gives what is in the clipboard after each, and hides the first. */
async function copies(page, box, count) {
    const all = box.locator('.secret').filter({has: page.locator('code')});
    await all.nth(count - 1).waitFor();
    assert.equal(await all.count(), count);
    const found = [];
    for (let i = 0; i < count; i += 1) {
        const shown = await all.nth(i).locator('code').innerText();
        await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
        await all.nth(i).getByRole('button', {name: 'Copy'}).click();
        await eventually(`${shown} in the clipboard`, async () => await page.evaluate(() => navigator.clipboard.readText()) === shown);
        found.push(shown);
    }
    await page.getByText('Copied', {exact: true}).first().waitFor();
    await all.first().getByRole('button', {name: 'Hide'}).click();
    await box.getByText('Hidden again.').waitFor();
    assert.equal(await box.getByText(found[0], {exact: true}).count(), 0);
    return found;
}

const section = (page, title) => page.locator('section', {has: page.getByRole('heading', {level: 2, name: title, exact: true})});

async function ofPhone(b, page) {
    const url = (await ctl('phone', 'url', mac)).trim();
    await b.goto(page, `#/phones/${mac}`);
    await page.getByRole('button', {name: 'Show URL and QR code'}).click();
    const box = page.getByRole('region', {name: 'Where it gets its configuration'});
    const found = await copies(page, box, 2);
    assert.ok(found.includes(url), `${url} is none of ${found}`);
    assert.ok(found.every(one => url.startsWith(one)));

    /* Its whole file with secrets, as it is. */
    await b.goto(page, `#/phones/${mac}/files`);
    await page.getByRole('button', {name: 'Show with secrets'}).click();
    await page.getByText('With secrets, for two minutes.').waitFor();
    await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
    await page.getByRole('button', {name: 'Copy'}).click();
    const wanted = (await fetchAsPhone(url)).text;
    await eventually('the file in the clipboard', async () => await page.evaluate(() => navigator.clipboard.readText()) === wanted);
    await page.getByRole('button', {name: 'Hide'}).click();
    await page.locator('.listing').getByText('********').first().waitFor();
    assert.equal(await page.locator('.listing').getByText(given.sip_password).count(), 0);

    /* Its HTTP password is made here and shown once. */
    await b.goto(page, `#/phones/${mac}/access`);
    const http = section(page, 'HTTP credentials');
    await http.getByRole('button', {name: 'Make a password'}).click();
    await copies(page, http, 1);
    await http.getByRole('button', {name: 'Done'}).click();
    await http.getByText('One is set; it is never read back.').waitFor();
}

async function ofUser(b, page) {
    await b.goto(page, '#/users/alice');
    const token = section(page, 'Folder token');
    await token.getByRole('button', {name: 'Show', exact: true}).click();
    const [folder] = await copies(page, token, 1);
    assert.ok((await ctl('phone', 'url', mac)).startsWith(folder));

    /* Rotated: the new one is copied, and both go on. */
    await token.getByRole('button', {name: 'Rotate'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Rotate'}).click();
    await token.getByText('There is a new token').waitFor();
    const [fresh] = await copies(page, token, 1);
    assert.notEqual(fresh, folder);
    for (const one of [folder, fresh]) assert.equal((await fetchAsPhone(`${one}${one.endsWith('/') ? '' : '/'}${mac}.cfg`)).status, 200);

    /* Burnt: the folder and a new password for each account. */
    await token.getByRole('button', {name: 'Burn'}).click();
    await page.getByRole('dialog').getByLabel(/End the old token for everybody/).check();
    await page.getByRole('dialog').getByLabel(/Yes, burn the token/).check();
    await page.getByRole('dialog').getByRole('button', {name: 'Burn', exact: true}).click();
    await token.getByText(/^Burnt\./).waitFor();
    const [newest, ...passwords] = await copies(page, token, 3);
    const file = one => `${one}${one.endsWith('/') ? '' : '/'}${mac}.cfg`;
    assert.equal((await fetchAsPhone(file(fresh))).status, 404);
    const {text} = await fetchAsPhone(file(newest));
    assert.ok(passwords.every(one => one.length > 15 && text.includes(one)));

    /* A link for the user, copied and taken back: nobody begins with it any more. */
    const links = section(page, 'Invitations');
    await links.getByRole('button', {name: 'Make a link'}).click();
    const [link] = await copies(page, links, 1);
    const user = await b.open();
    await user.goto(link);
    await user.getByRole('heading', {name: 'Set up your phone'}).waitFor();
    await links.getByRole('table').getByRole('button', {name: 'Take back'}).click();
    await links.getByRole('table').waitFor({state: 'detached'});
    await user.getByRole('button', {name: 'Begin'}).click();
    await user.getByRole('heading', {name: 'This link does not work any more'}).waitFor();
    await user.context().close();
}

/* A key of a program: it opens what its role may, from the moment it is made to the moment it is deleted. */
async function ofProgram(b, page) {
    await b.goto(page, '#/api-keys');
    await page.getByRole('button', {name: 'Add key'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', {exact: true}).fill('monitor');
    await dialog.getByLabel('Networks').fill('nonsense');
    await dialog.getByRole('button', {name: 'Add key'}).click();
    await dialog.locator('textarea[aria-invalid=true]').waitFor();
    await dialog.getByLabel('Networks').fill('127.0.0.0/8');
    await dialog.getByRole('button', {name: 'Add key'}).click();
    const [key] = await copies(page, page.locator('.page'), 1);
    const row = page.getByRole('row').filter({hasText: 'monitor'});
    await row.getByText('Viewer').waitFor();
    await row.getByText('127.0.0.0/8').waitFor();
    const ask = async where => (await fetchAsPhone(`${base}/api/v1${where}`, {Authorization: `Bearer ${key}`})).status;
    assert.equal(await ask('/phones'), 200);
    assert.equal(await ask('/audit'), 403);
    await row.getByRole('button', {name: 'Delete'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
    await page.getByText('monitor is deleted').waitFor();
    await row.waitFor({state: 'detached'});
    assert.equal(await ask('/phones'), 401);
    assert.deepEqual(await told('apikey', 'list'), []);
}

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await ofPhone(b, page);
    await ofUser(b, page);
    await ofProgram(b, page);
});
