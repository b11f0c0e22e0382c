/* A phone from its entry to its end: added by its MAC, its URL shown by a click, told to fetch, its lines, keys and settings
 * changed, its file looked at, moved, deleted. */

import assert from 'node:assert/strict';
import {ctl, fetchAsPhone, given, run} from '../browser.mjs';

run(async b => {
    const page = await b.open();
    const said = [];
    page.on('request', request => said.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await b.signIn(page, 'eva', given.password);

    /* A user with an account. */
    await b.goto(page, '#/users');
    await page.getByRole('button', {name: 'Add user'}).first().click();
    await page.getByRole('dialog').getByLabel('Name', {exact: true}).fill('carol');
    await page.getByRole('dialog').getByRole('button', {name: 'Add user'}).click();
    await page.getByRole('heading', {level: 1, name: 'carol'}).waitFor();
    await page.getByRole('button', {name: 'Add account'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('SIP user', {exact: true}).fill('2001');
    await dialog.getByLabel('Domain', {exact: true}).fill('pbx.example.com');
    await dialog.getByLabel('SIP password', {exact: true}).fill('a password of 2001');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await page.getByText('2001@pbx.example.com').first().waitFor();

    /* The phone: a MAC in any form; one that is none is said at its field. */
    await b.goto(page, '#/add-phone?user=carol');
    await page.getByLabel('MAC', {exact: true}).fill('0015.65ab.12');
    await page.getByText('some are missing yet').waitFor();
    await page.getByLabel('MAC', {exact: true}).fill('0015.65ab.1234');
    await page.getByText('this block of MAC addresses').waitFor();
    assert.equal(await page.getByLabel('Vendor', {exact: true}).inputValue(), 'yealink');
    await page.getByLabel('Model', {exact: true}).selectOption('T54W');
    await page.getByLabel('Label', {exact: true}).fill('Reception');
    await page.getByRole('button', {name: 'Add phone'}).last().click();
    await page.getByRole('heading', {name: '00:15:65:ab:12:34 is entered'}).waitFor();
    await b.shot(page, 'added');
    assert.deepEqual(await b.axe(page), []);

    /* Its URL is shown by a click: a POST of its own, and nowhere else. */
    assert.ok(!said.some(one => /\/url$/.test(one)));
    await page.getByRole('button', {name: 'Show URL and QR code'}).click();
    const shown = page.getByRole('region', {name: 'Where it gets its configuration'});
    const url = (await shown.locator('code').first().innerText()).trim();
    assert.match(url, /^https:\/\/localhost:\d+\/provision\/[0-9a-f]{32,}\//);
    await shown.locator('svg').waitFor();
    assert.ok(said.includes('POST /api/v1/phones/001565ab1234/url'));
    await b.shot(page, 'url');
    const token = url.split('/')[4];
    assert.ok(!page.url().includes(token));
    assert.ok(!(await page.evaluate(() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state]))).includes(token));
    await shown.getByRole('button', {name: 'Hide'}).first().click();
    await shown.waitFor({state: 'detached'});

    /* The phone comes; the page notices. */
    await ctl('phone', 'show', '001565ab1234');
    const fetched = await fetchAsPhone(url.endsWith('/') ? `${url}001565ab1234.cfg` : url);
    assert.match(fetched.text, /2001/);
    await page.getByText('it has come').waitFor({timeout: 20000});

    /* Keys: by button, and by the keyboard alone. */
    await b.goto(page, '#/phones/001565ab1234/keys');
    for (const [value, label] of [['2002', 'Bob'], ['2003', 'Zoe']]) {
        await page.getByRole('button', {name: 'Add key'}).first().click();
        const form = page.getByRole('dialog');
        await form.getByLabel('What it does').selectOption('blf');
        await form.getByLabel('Number or code').fill(value);
        await form.getByLabel('Label', {exact: true}).fill(label);
        await form.getByRole('button', {name: /Take|Save|Add/}).last().click();
        await form.waitFor({state: 'detached'});
    }
    const handle = page.getByRole('button', {name: /Move .*Zoe|Move .*2003/}).first();
    await handle.focus();
    await page.keyboard.press('ArrowUp');
    await b.shot(page, 'keys');
    assert.deepEqual(await b.axe(page), []);
    const saved = page.waitForResponse(answer => answer.request().method() === 'PUT' && answer.url().endsWith('/keys'));
    await page.getByRole('button', {name: 'Save'}).first().click();
    assert.equal((await saved).status(), 200);
    const keys = JSON.parse(await ctl('key', 'list', '001565ab1234', '--json'));
    assert.deepEqual(keys.map(one => one.label), ['Zoe', 'Bob']);

    /* What it gets now, and what of that is new to it: the two keys; secrets by a click. */
    await b.goto(page, '#/phones/001565ab1234/files');
    await page.getByText('********').first().waitFor();
    await page.getByText(/lines? (is|are) new/).first().waitFor();
    assert.ok((await page.locator('.new, .is-new, ins').allTextContents()).some(text => text.includes('2003')), 'the new key is not marked');
    assert.ok(!(await page.content()).includes('a password of 2001'));
    await page.getByRole('button', {name: 'Show with secrets'}).click();
    await page.getByText('a password of 2001').first().waitFor();
    assert.ok(said.some(one => one === 'POST /api/v1/phones/001565ab1234/preview/secrets'));
    await b.shot(page, 'files');

    /* Told to fetch: nobody listens there, so it is unreachable at last; the page shows that it waits. */
    await b.goto(page, '#/phones/001565ab1234');
    await page.getByRole('button', {name: 'Fetch now'}).click();
    await page.getByRole('region', {name: 'Told to fetch'}).waitFor();
    await page.getByText(/Told .* directly/).waitFor();
    await b.shot(page, 'resync');

    /* A setting of this phone. */
    await b.goto(page, '#/phones/001565ab1234/settings');
    await page.getByText('time_zone').first().waitFor();
    await b.shot(page, 'settings');

    /* To another user, and away. */
    await b.goto(page, '#/phones/001565ab1234/details');
    await page.getByRole('button', {name: 'Move …'}).click();
    await page.getByRole('dialog').getByRole('combobox', {name: 'To the user'}).fill('alice');
    await page.getByRole('dialog').getByRole('button', {name: 'Move', exact: true}).click();
    await page.getByRole('dialog').last().getByRole('button', {name: 'Move', exact: true}).click();
    await page.getByText('Moved. The phone needs its new URL.').waitFor();
    assert.equal(JSON.parse(await ctl('phone', 'show', '001565ab1234', '--json')).user, 'alice');
    await b.goto(page, '#/phones/001565ab1234');
    await page.getByRole('button', {name: 'Delete'}).first().click();
    await page.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
    await page.getByRole('heading', {level: 1, name: 'Phones'}).waitFor();
    await assert.rejects(ctl('phone', 'show', '001565ab1234'));
});
