/* Every page, light and dark, wide and narrow, English and German, with texts that try to be more than texts: axe-core finds
 * nothing serious, nothing is wider than the screen, no text becomes markup. Leaves a picture of each. */

import assert from 'node:assert/strict';
import {given, run, NARROW, WIDE} from '../browser.mjs';

const parts = ['', '/details', '/lines', '/keys', '/settings', '/access', '/files', '/history'];
const pages = ['', 'phones', ...parts.map(part => `phones/${given.mac}${part}`), 'add-phone', 'users', `users/${given.user}`, 'discovered', 'refusals', 'templates',
    'templates/linphone.xml', 'import', 'settings', 'audit', 'api-keys', 'admins', 'sessions'];
const ways = [
    {language: 'en', dark: false, width: WIDE}, {language: 'en', dark: true, width: WIDE},
    {language: 'en', dark: true, width: NARROW}, {language: 'de', dark: false, width: NARROW},
];

run(async b => {
    const found = [];
    /* All ways at once: there is more than one processor. */
    await Promise.all(ways.map(async way => {
        const page = await b.open(way);
        await page.exposeFunction('owned', () => found.push(`${page.url()}: a text was run`));
        const where = `${way.language}_${way.dark ? 'dark' : 'light'}_${way.width}`;
        const look = async name => found.push(...(await b.axe(page)).map(text => `${name} ${where}: ${text}`));
        await b.goto(page);
        await look('signin');
        await page.locator('input[name=name]').fill('eva');
        await page.locator('input[name=password]').fill(given.password);
        await page.locator('form button[type=submit]').click();
        await page.locator('nav#nav').waitFor({state: 'attached'});
        for (const name of pages) {
            await b.turn(page, `#/${name}`);
            await page.waitForLoadState('networkidle');
            await b.shot(page, `${name.replace(/\W+/g, '_') || 'overview'}_${where}`);
            await b.fits(page);
            assert.equal(await page.locator('.problem p').count(), 0, `${name} ${where}: ${await page.locator('.problem').allTextContents()}`);
            assert.equal(await page.locator('img[src="x"], b.owned').count(), 0, `${name}: a text became markup`);
            await look(name || 'overview');
        }
        await page.context().close();
    }));
    assert.deepEqual(found, []);
});
