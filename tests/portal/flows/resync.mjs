/* Phones that are told to fetch, to the end of it: what they say to the NOTIFY, and then their fetch, which is the proof. One by
 * its page, and many from the list. given.phones: MAC to URL; what a phone says is the test's: all accept but given.refuses. */

import assert from 'node:assert/strict';
import {badge, eventually, fetchAsPhone, given, run, told} from '../browser.mjs';

const macs = Object.keys(given.phones);

async function one(b, page) {
    const [mac] = macs;
    await b.goto(page, `#/phones/${mac}`);
    await page.getByRole('button', {name: 'Fetch now'}).click();
    const box = page.getByRole('region', {name: 'Told to fetch'});
    await box.getByText(/Told .*, directly/).waitFor();
    await badge(box, 'accepted').waitFor();
    await box.getByText('SIP status 200').waitFor();
    await box.getByText('Waiting for its fetch').waitFor();
    await b.shot(page, 'accepted');
    assert.equal((await fetchAsPhone(given.phones[mac])).status, 200);
    await box.getByText(/It has fetched, .*Done\./).waitFor();
    await b.shot(page, 'fetched');
    assert.deepEqual(await b.axe(page), []);
    await b.goto(page, `#/phones/${mac}/history`);
    const row = page.getByRole('table', {name: 'Told to fetch'}).getByRole('row').nth(1);
    await row.getByText('accepted').waitFor();
    await row.getByText(/sip:1001@127\.0\.0\.1/).waitFor();
    await page.getByRole('table', {name: 'Fetches'}).getByText('served').first().waitFor();

    /* One that refuses: it says so, and what to do. */
    await b.goto(page, `#/phones/${given.refuses}`);
    await page.getByRole('button', {name: 'Fetch now'}).click();
    await badge(box, 'refused').waitFor();
    await box.getByText('SIP status 489').waitFor();
    await box.getByText('It has not fetched.').waitFor();
}

async function many(b, page) {
    /* Times are seconds: what was fetched before is no answer to what is ordered now. */
    const before = (await told('phone', 'show', macs[0])).last_fetch_at;
    await eventually('a later second', () => Date.now() >= (before + 1) * 1000);
    await b.goto(page, '#/phones');
    await page.getByText(`${macs.length + 1} entries`).waitFor();
    await page.getByLabel('Select all that fit').check();
    await page.getByText(`${macs.length + 1} phones selected`).waitFor();
    await page.getByRole('button', {name: 'Fetch', exact: true}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', {name: 'Tell them'}).click();
    const tally = dialog.locator('.tally');
    await tally.getByRole('listitem').filter({hasText: new RegExp(`accepted ${macs.length}$`)}).waitFor();
    await tally.getByRole('listitem').filter({hasText: /refused 1$/}).waitFor();
    await tally.getByText('0 fetched since').waitFor();
    await b.shot(page, 'tally');
    /* Now they come, one after the other, and the tally counts them. */
    for (let i = 0; i < macs.length; i += 1) {
        assert.equal((await fetchAsPhone(given.phones[macs[i]])).status, 200);
        if (i === 0) await tally.getByText('1 fetched since').waitFor();
    }
    await tally.getByText(`${macs.length} fetched since`).waitFor();
    await b.shot(page, 'tally_end');
    assert.deepEqual(await b.axe(page), []);
    await dialog.getByRole('button', {name: 'Close'}).last().click();
    await dialog.waitFor({state: 'detached'});
    const rows = await told('resync', 'status', '--user', 'alice');
    assert.equal(rows.length, macs.length + 1);
    assert.ok(rows.every(row => (row.mac.replaceAll(':', '') === given.refuses) === !row.fetched_at), JSON.stringify(rows));
}

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await one(b, page);
    await many(b, page);
});
