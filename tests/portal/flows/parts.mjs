/* The parts of a phone that one puts in order and sets: keys by the mouse, lines, settings and where they come from, and what
 * its file becomes by them. */

import assert from 'node:assert/strict';
import {badge, ctl, eventually, fetchAsPhone, fetchUntilWritten, given, run, told} from '../browser.mjs';

const {mac} = given;

/* As a hand does it: down on one thing, along, and up on another. */
async function drag(page, from, to) {
    await from.scrollIntoViewIfNeeded();
    const [a, z] = [await from.boundingBox(), await to.boundingBox()];
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(z.x + z.width / 2, z.y + z.height / 2, {steps: 6});
    await page.mouse.up();
}

async function save(page, method, path) {
    const answered = page.waitForResponse(answer => answer.request().method() === method && answer.url().endsWith(path));
    await page.getByRole('button', {name: 'Save', exact: true}).click();
    assert.equal((await answered).status(), 200);
}

/* Places 2 to 4 are the phone's own; place 1 is empty. */
async function keys(b, page) {
    for (const [place, label] of [['2', 'Ann'], ['3', 'Ben'], ['4', 'Cay']])
        await ctl('key', 'add', mac, 'blf', `200${place}`, '--label', label, '--position', place);
    await b.goto(page, `#/phones/${mac}/keys`);
    const row = place => page.locator(`.keys > li[data-place="${place}"]`);
    const shown = async () => (await page.locator('.keys > li:not(.notmine)').evaluateAll(rows => rows.map(one => `${one.dataset.place} ${one.querySelector('strong').textContent}`)));
    await row(4).waitFor();
    assert.deepEqual(await shown(), ['2 Ann', '3 Ben', '4 Cay']);

    /* Dropped where it was, or beside the list: nothing has moved, and nothing looks like a target. */
    await drag(page, row(3).locator('strong'), row(3).locator('.what .muted'));
    await drag(page, row(3).locator('strong'), page.getByRole('heading', {level: 1}));
    assert.deepEqual(await shown(), ['2 Ann', '3 Ben', '4 Cay']);
    assert.equal(await page.locator('.keys .target, .keys .dragged').count(), 0);

    /* By the row up two places; by its handle to the empty place. */
    await drag(page, row(4).locator('strong'), row(2).locator('strong'));
    await page.getByText('Cay is at place 2 now').waitFor();
    assert.deepEqual(await shown(), ['2 Cay', '3 Ann', '4 Ben']);
    await drag(page, row(3).getByRole('button', {name: /^Move Ann, place/}), row(1));
    await page.getByText('Ann is at place 1 now').waitFor();
    assert.deepEqual(await shown(), ['1 Ann', '3 Cay', '4 Ben']);
    await b.shot(page, 'keys_dragged');

    /* Not without a question does one leave that. */
    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'Lines'}).click();
    await page.getByRole('dialog', {name: 'Leave without saving?'}).getByRole('button', {name: 'Cancel'}).click();
    assert.deepEqual(await shown(), ['1 Ann', '3 Cay', '4 Ben']);
    await save(page, 'PUT', `/phones/${mac}/keys`);
    const stored = await told('key', 'list', mac);
    assert.deepEqual(stored.filter(one => one.of === 'phone').map(one => `${one.position} ${one.label}`), ['1 Ann', '3 Cay', '4 Ben']);
}

async function lines(b, page) {
    const stored = async () => (await told('phone', 'show', mac)).lines.map(one => one.account);
    await b.goto(page, `#/phones/${mac}/lines`);
    const list = page.getByRole('list', {name: 'Lines'});
    const shown = async () => (await list.locator('.what').allInnerTexts()).map(one => one.trim());
    await list.getByText('1002@').waitFor();
    assert.deepEqual(await shown(), ['1001@pbx.example.com', '1002@pbx.example.com']);
    await list.getByRole('button', {name: 'Move 1002@pbx.example.com up'}).click();
    await page.getByText('1002@pbx.example.com is line 1 now').waitFor();
    await page.getByLabel('Add an account').fill('1003@pbx.example.com');
    await page.getByRole('button', {name: 'Add', exact: true}).click();
    assert.deepEqual(await shown(), ['1002@pbx.example.com', '1001@pbx.example.com', '1003@pbx.example.com (of another user)']);
    assert.deepEqual(await stored(), ['1001@pbx.example.com', '1002@pbx.example.com'], 'stored before it was saved');
    await save(page, 'PATCH', `/phones/${mac}`);
    await page.getByText('Saved').first().waitFor();
    assert.deepEqual(await stored(), ['1002@pbx.example.com', '1001@pbx.example.com', '1003@pbx.example.com']);
    await b.shot(page, 'lines');
    assert.deepEqual(await b.axe(page), []);

    /* One that is not there is said, and changes nothing; then one goes. */
    await page.getByLabel('Add an account').fill('9999@pbx.example.com');
    await page.getByRole('button', {name: 'Add', exact: true}).click();
    await page.getByRole('button', {name: 'Save', exact: true}).click();
    await page.getByText('there is no account \'9999@pbx.example.com\'').waitFor();
    await page.getByRole('button', {name: 'Undo changes'}).click();
    assert.equal((await shown()).length, 3);
    await list.getByRole('button', {name: 'Remove 1001@pbx.example.com'}).click();
    await save(page, 'PATCH', `/phones/${mac}`);
    await eventually('two lines', async () => (await shown()).length === 2);
    assert.deepEqual(await stored(), ['1002@pbx.example.com', '1003@pbx.example.com']);
}

/* A setting of this phone alone, from its dialog to the phone's file, and back. */
async function settings(b, page) {
    const url = (await ctl('phone', 'url', mac)).trim();
    assert.equal((await fetchUntilWritten(url, mac)).status, 200);
    const row = page.getByRole('table', {name: 'Settings'}).getByRole('row').filter({has: page.getByText('ntp_server', {exact: true})});
    const fresh = () => page.locator('.listing li.new').allInnerTexts();
    await b.goto(page, `#/phones/${mac}/settings`);
    await badge(row, 'all phones').waitFor();
    assert.equal(await row.getByRole('button', {name: 'Take back'}).count(), 0, 'what is not its own cannot be taken back here');
    await row.getByRole('button', {name: 'Set for this phone'}).click();
    const dialog = page.getByRole('dialog', {name: 'Set ntp_server'});
    await dialog.getByLabel('Value').fill('time.of-this-phone.example');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await badge(row, 'this phone').waitFor();
    await row.getByText('time.of-this-phone.example').waitFor();
    await b.shot(page, 'setting_of_phone');
    assert.deepEqual(await b.axe(page), []);

    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'Files'}).click();
    await page.locator('.listing').getByText('time.of-this-phone.example').waitFor();
    await page.getByText('1 line is new.').waitFor();
    await page.getByText('1 line is gone.').waitFor();
    assert.ok((await fresh()).every(text => text.includes('time.of-this-phone.example')));
    assert.equal((await fresh()).length, 1);
    await badge(page, 'stale').waitFor();
    await b.shot(page, 'setting_in_file');
    assert.match((await fetchUntilWritten(url, mac)).text, /time\.of-this-phone\.example/);

    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'Settings'}).click();
    await row.getByRole('button', {name: 'Take back'}).click();
    await badge(row, 'all phones').waitFor();
    await row.getByText('time.of-all.example').waitFor();
    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'Files'}).click();
    await page.getByText('1 line is new.').waitFor();
    assert.ok((await fresh())[0].includes('time.of-all.example'));
    assert.ok(!(await fetchAsPhone(url)).text.includes('time.of-this-phone.example'));

    /* A value that no setting takes is said at its field. */
    await page.getByRole('navigation', {name: 'Parts of the phone'}).getByRole('link', {name: 'Settings'}).click();
    await page.getByRole('button', {name: 'Set another …'}).click();
    const other = page.getByRole('dialog');
    await other.getByLabel('Setting').fill('srtp');
    await other.getByLabel('Value').fill('perhaps');
    await other.getByRole('button', {name: 'Save'}).click();
    await other.locator('[aria-invalid=true]').waitFor();
    await other.getByLabel('Value').fill('optional');
    await other.getByRole('button', {name: 'Save'}).click();
    await other.waitFor({state: 'detached'});
    await badge(page.getByRole('row').filter({has: page.getByText('srtp', {exact: true})}), 'this phone').waitFor();
}

/* What all phones are given, from the page of that: set, changed, looked for by its scope, and taken back. */
async function ofAll(b, page) {
    await b.goto(page, '#/settings');
    await page.getByRole('button', {name: 'Set …'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('For', {exact: true}).selectOption('user');
    await dialog.getByLabel('Of', {exact: true}).fill('alice');
    await dialog.getByLabel('Setting').fill('language');
    await dialog.getByLabel('Value').fill('de');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await dialog.waitFor({state: 'detached'});
    const table = page.getByRole('table', {name: 'Settings of phones'});
    const row = table.getByRole('row').filter({has: page.getByText('language', {exact: true})});
    await row.getByText('alice').waitFor();
    await page.getByLabel('For', {exact: true}).selectOption('user');
    await eventually('the user\'s alone', async () => await table.locator('tbody tr').count() === 1);
    await row.getByRole('button', {name: 'Edit'}).click();
    await dialog.getByLabel('Value').fill('fr');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await row.getByText('fr', {exact: true}).waitFor();
    await b.goto(page, `#/phones/${mac}/settings`);
    await badge(page.getByRole('row').filter({has: page.getByText('language', {exact: true})}), 'user').waitFor();
    await b.goto(page, '#/settings');
    await row.getByRole('button', {name: 'Take back'}).click();
    await row.waitFor({state: 'detached'});
    assert.ok(!(await told('setting', 'list')).some(one => one.name === 'language'));
}

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await keys(b, page);
    await lines(b, page);
    await settings(b, page);
    await ofAll(b, page);
});
