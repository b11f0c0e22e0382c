/* A new admin: the token of the machine, a name, a password; then out, a wrong password, and in again. */

import assert from 'node:assert/strict';
import {given, run} from '../browser.mjs';

async function setUpInGerman(page) {
    await page.getByLabel('Setup-Token').fill('0'.repeat(64));
    await page.getByLabel('Ihr Name').fill('fritz');
    await page.getByLabel('Neues Passwort', {exact: true}).fill(given.password);
    await page.getByLabel('Neues Passwort, noch einmal').fill(given.password);
    await page.getByRole('button', {name: 'Ersten Admin anlegen'}).click();
}

run(async b => {
    /* Somebody else, with no token. */
    const german = await b.open({language: 'de'});
    await b.goto(german);
    await setUpInGerman(german);
    await german.getByText('Das ist nicht das Setup-Token').waitFor();
    const page = await b.open();
    await b.goto(page);
    await b.shot(page, 'setup');
    assert.deepEqual(await b.axe(page), []);
    await page.getByLabel('Setup token').fill(given.token);
    await page.getByLabel('Your name').fill('eva');
    await page.getByLabel('New password', {exact: true}).fill('short');
    await page.getByLabel('New password, once more').fill('short');
    await page.getByRole('button', {name: 'Make the first admin'}).click();
    await page.getByText(/has to have 12/).first().waitFor();
    await page.getByLabel('New password', {exact: true}).fill(given.password);
    await page.getByLabel('New password, once more').fill(given.password);
    await page.getByRole('button', {name: 'Make the first admin'}).click();
    await page.getByRole('heading', {level: 1, name: 'Overview'}).waitFor();
    await b.shot(page, 'overview_empty');
    await setUpInGerman(german);
    await german.getByText('Es gibt schon einen Admin').waitFor();
    await page.getByRole('button', {name: 'Sign out'}).click();
    await page.getByRole('button', {name: 'Sign in'}).waitFor();
    await page.getByLabel('Name', {exact: true}).fill('eva');
    await page.getByLabel('Password', {exact: true}).fill('wrong password here');
    await page.getByRole('button', {name: 'Sign in'}).click();
    await page.getByText(/wrong name or password/i).waitFor();
    /* Five are free; then even the right one waits. */
    for (let tries = 0; tries < 6; tries += 1) {
        await page.getByLabel('Password', {exact: true}).fill('wrong password here');
        const answered = page.waitForResponse(answer => answer.url().endsWith('/session') && answer.request().method() === 'POST');
        await page.getByRole('button', {name: 'Sign in'}).click();
        if ((await answered).status() === 429) break;
    }
    await page.getByText('Even the right one is refused for a while').waitFor();
    await b.shot(page, 'throttled');
    await page.waitForTimeout(5000);
    await page.getByLabel('Password', {exact: true}).fill(given.password);
    await page.getByRole('button', {name: 'Sign in'}).click();
    await page.getByRole('heading', {level: 1, name: 'Overview'}).waitFor();
});
