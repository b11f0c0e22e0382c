/* What is easily lost, done twice or said wrongly: languages, links, addresses that lead nowhere, answers that fail. */

import assert from 'node:assert/strict';
import {base, ctl, given, run} from '../browser.mjs';

const ENGLISH = ['Language', 'English'], GERMAN = ['Sprache', 'Deutsch'];
const speak = (page, [label], [, language]) => page.getByRole('combobox', {name: label}).selectOption({label: language});
const invite = async name => (await ctl('user', 'invite', name)).match(/https:\S+/)[0];

/* A link outlives a change of the language, which loads nothing; a page that is loaded anew says what to do. */
async function language(b) {
    const link = await invite('alice');
    const page = await b.open();
    await page.goto(link);
    await page.getByRole('heading', {name: 'Set up your phone'}).waitFor();
    await speak(page, ENGLISH, GERMAN);
    await page.getByRole('heading', {name: 'Telefon einrichten'}).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    const token = link.split('/').pop();
    assert.ok(!(await page.evaluate(() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, location.href]))).includes(token));
    await page.reload();
    await page.getByRole('heading', {name: 'Öffnen Sie den Link noch einmal'}).waitFor();
    await speak(page, GERMAN, ENGLISH);
    await page.getByRole('heading', {name: 'Open the link again'}).waitFor();
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByRole('button', {name: 'Begin'}).click();
    /* What was typed is not lost without a question. */
    await page.getByRole('button', {name: 'Add another phone'}).click();
    await page.getByLabel('MAC address').fill('001565');
    await speak(page, ENGLISH, GERMAN);
    await page.getByRole('dialog').getByRole('button', {name: 'Cancel'}).click();
    assert.equal(await page.getByLabel('MAC address').inputValue(), '001565');
    assert.equal(await page.getByRole('combobox', {name: 'Language'}).inputValue(), 'en');
    await speak(page, ENGLISH, GERMAN);
    await page.getByRole('dialog').getByRole('button', {name: 'Leave'}).click();
    await page.getByRole('heading', {name: /Telefone von alice/}).waitFor();
}

/* Names that every object of the language has are no pages. */
async function addresses(b, page) {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty/x', 'nowhere']) {
        await b.goto(page, `#/${name}`);
        await page.getByText('There is no such page.').waitFor();
    }
    const other = await b.open();
    await other.addInitScript(() => localStorage.setItem('lang', 'constructor'));
    await other.goto(`${base}/#/activate/%`);
    await other.getByRole('button', {name: 'Begin'}).click();
    await other.getByRole('heading', {name: 'This link does not work any more'}).waitFor();
}

run(async b => {
    await language(b);
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await addresses(b, page);
});
