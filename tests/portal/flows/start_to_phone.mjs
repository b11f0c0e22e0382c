/* What docs/portal.md tells: from the setup token to the URL of a softphone, by what the pages say alone. Prints the URL. */

import assert from 'node:assert/strict';
import {given, run} from '../browser.mjs';

run(async b => {
    const page = await b.open();
    await b.goto(page);
    await page.getByLabel('Setup token').fill(given.token);
    await page.getByLabel('Your name').fill('eva');
    await page.getByLabel('New password', {exact: true}).fill(given.password);
    await page.getByLabel('New password, once more').fill(given.password);
    await page.getByRole('button', {name: 'Make the first admin'}).click();
    await page.getByRole('heading', {level: 1, name: 'Overview'}).waitFor();
    await page.getByText('First steps').waitFor();
    await b.shot(page, 'overview_first');

    /* The first step leads to the users, and from there to the account. */
    await page.getByRole('link', {name: 'Add user'}).first().click();
    await page.getByRole('heading', {level: 1, name: 'Users'}).waitFor();
    if (!await page.getByRole('dialog').count()) await page.getByRole('button', {name: 'Add user'}).first().click();
    await page.getByRole('dialog').getByLabel('Name', {exact: true}).fill('alice');
    await page.getByRole('dialog').getByRole('button', {name: 'Add user'}).click();
    await page.getByRole('heading', {level: 1, name: 'alice'}).waitFor();
    await page.getByRole('button', {name: 'Add account'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('SIP user', {exact: true}).fill('1001');
    await dialog.getByLabel('Domain', {exact: true}).fill(given.domain);
    await dialog.getByLabel('SIP password', {exact: true}).fill(given.sip_password);
    const more = dialog.locator('summary');
    if (await more.count()) await more.first().click();
    await dialog.getByLabel('Registrar', {exact: true}).fill('127.0.0.1');
    await dialog.getByLabel('Port', {exact: true}).fill(String(given.port));
    await b.shot(page, 'account');
    await dialog.getByRole('button', {name: 'Save'}).click();
    await page.getByText(`1001@${given.domain}`).first().waitFor();
    await page.getByRole('link', {name: 'Add phone'}).first().click();
    await page.getByLabel('MAC', {exact: true}).fill('CC-5E-F6-41-B7-94');
    await page.getByLabel('Vendor', {exact: true}).selectOption('linphone');
    await b.shot(page, 'add_phone');
    await page.getByRole('button', {name: 'Add phone'}).last().click();
    await page.getByRole('button', {name: 'Show URL and QR code'}).click();
    const box = page.getByRole('region', {name: 'Where it gets its configuration'});
    await box.locator('svg').waitFor();
    assert.deepEqual(await b.axe(page), []);
    console.log((await box.locator('code').filter({hasText: /\.xml$/}).first().innerText()).trim());
});
