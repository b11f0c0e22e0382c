/* Every page, light and dark, wide and narrow, English and German, with texts that try to be more than texts: axe-core finds
 * nothing serious, nothing is wider than the screen, no text becomes markup. Leaves a picture of each. */

import assert from 'node:assert/strict';
import {given, run, NARROW, WIDE} from '../browser.mjs';

const pages = ['', 'phones', `phones/${given.mac}`, 'add-phone', 'users', `users/${given.user}`, 'discovered', 'refusals', 'templates',
    'import', 'settings', 'audit', 'api-keys', 'admins', 'sessions'];
const ways = [
    {language: 'en', dark: false, width: WIDE, axe: true}, {language: 'en', dark: true, width: WIDE, axe: true},
    {language: 'en', dark: false, width: NARROW}, {language: 'de', dark: false, width: NARROW},
];

run(async b => {
    const found = [];
    for (const way of ways) {
        const page = await b.open(way);
        await page.exposeFunction('owned', () => found.push(`${page.url()}: a text was run`));
        await b.goto(page);
        await page.locator('input[name=name]').fill('eva');
        await page.locator('input[name=password]').fill(given.password);
        await page.locator('form button[type=submit]').click();
        await page.locator('nav#nav').waitFor({state: 'attached'});
        for (const name of pages) {
            await page.evaluate(hash => {
                location.hash = hash;
            }, `#/${name}`);
            await page.locator(`.page h1`).first().waitFor();
            await page.waitForLoadState('networkidle');
            const where = `${way.language}_${way.dark ? 'dark' : 'light'}_${way.width}`;
            await b.shot(page, `${name.replace(/\W+/g, '_') || 'overview'}_${where}`);
            await b.fits(page);
            assert.equal(await page.locator('.problem p').count(), 0, `${name} ${where}: ${await page.locator('.problem').allTextContents()}`);
            assert.equal(await page.locator('img[src="x"], b.owned').count(), 0, `${name}: a text became markup`);
            if (way.axe) found.push(...(await b.axe(page)).map(text => `${name || 'overview'} ${where}: ${text}`));
        }
        await page.context().close();
    }
    assert.deepEqual(found, []);
});
