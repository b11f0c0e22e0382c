/* A user with a link: one's own phone in three steps; the link works once, and its token is in no address and no history. */

import assert from 'node:assert/strict';
import {ctl, given, run, NARROW} from '../browser.mjs';

run(async b => {
    /* An admin makes the link. */
    const admin = await b.open();
    await b.signIn(admin, 'eva', given.password);
    await b.goto(admin, '#/users/alice');
    await admin.getByRole('button', {name: 'Make a link'}).click();
    const link = (await admin.locator('code').filter({hasText: '#/activate/'}).innerText()).trim();
    await b.shot(admin, 'invitation');
    const token = link.split('/').pop();
    assert.match(token, /^[0-9a-f]{64}$/);

    const page = await b.open({width: NARROW, height: 800});
    const asked = [];
    page.on('request', request => asked.push(request.url()));
    await page.goto(link);
    await page.getByRole('heading', {name: 'Set up your phone'}).waitFor();
    assert.ok(!page.url().includes(token), 'the token is still in the address');
    assert.ok(!asked.some(url => url.includes(token)), 'the token was sent in a URL');
    await b.shot(page, 'welcome');
    assert.deepEqual(await b.axe(page), []);
    await page.getByRole('button', {name: 'Begin'}).click();
    await page.getByRole('button', {name: 'Add another phone'}).click();
    await page.getByLabel('MAC address').fill('0015');
    await page.getByRole('button', {name: 'Add this phone'}).click();
    await page.getByText('some are missing yet').waitFor();
    /* Somebody's phone that is there already: one text, whoever's it is. */
    await page.getByLabel('MAC address').fill(given.mac);
    await page.getByRole('button', {name: 'Add this phone'}).click();
    await page.getByText('is entered already').waitFor();
    await page.getByLabel('MAC address').fill('00-15-65-AA-BB-CC');
    await page.getByLabel('Model').selectOption('yealink/T54W');
    await page.getByRole('button', {name: 'Add this phone'}).click();
    await page.getByRole('heading', {name: 'Your phone is entered'}).waitFor();
    await page.locator('svg').first().waitFor();
    await b.shot(page, 'activate');
    await b.fits(page);
    assert.deepEqual(await b.axe(page), []);
    assert.ok(!(await page.content()).includes(given.sip_password));
    await page.getByRole('button', {name: 'To my phones'}).click();
    await page.getByText('00:15:65:aa:bb:cc').waitFor();
    assert.equal(JSON.parse(await ctl('phone', 'show', '001565aabbcc', '--json')).user, 'alice');
    /* Nothing of anybody else, whatever the address says. */
    assert.equal(await page.evaluate(async () => (await fetch('/api/v1/phones', {credentials: 'same-origin'})).status), 403);
    await page.getByRole('button', {name: 'I am done'}).click();
    await page.getByRole('heading', {name: 'All done'}).waitFor();

    const again = await b.open({width: NARROW, height: 800});
    await again.goto(link);
    await again.getByRole('button', {name: 'Begin'}).click();
    await again.getByRole('heading', {name: 'This link does not work any more'}).waitFor();
    await b.shot(again, 'ended');
});
