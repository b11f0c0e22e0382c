/* What changes much at once: a template of one's own, a folder token that is rotated and burnt, phones that asked by multicast,
 * an alarm, and many phones moved, changed and deleted. */

import assert from 'node:assert/strict';
import {ctl, given, run} from '../browser.mjs';

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);

    /* A template: a fault at its line, a look at a real phone's file, in use at once, and taken back. */
    await b.goto(page, '#/templates');
    await page.getByRole('link', {name: 'linphone.xml', exact: true}).click();
    const editor = page.locator('textarea').first();
    await editor.waitFor();
    const shipped = await editor.inputValue();
    await editor.fill(`{{#nonsense}}\n${shipped}`);
    await page.getByRole('button', {name: 'Check', exact: true}).click();
    await page.getByText(/fault/).first().waitFor();
    await page.getByText(/Line \d+, column/).first().waitFor();
    await b.shot(page, 'template_fault');
    await editor.fill(shipped.replace('</config>', '<!-- of our own -->\n</config>'));
    await page.getByLabel('Phone', {exact: true}).fill(given.linphone);
    await page.getByRole('button', {name: 'Show what it would get'}).click();
    await page.getByText('of our own').last().waitFor();
    await page.getByRole('button', {name: 'Check and save'}).click();
    await page.getByText('changed here').first().waitFor();
    assert.match(await ctl('phone', 'preview', given.linphone), /of our own/);
    await b.shot(page, 'template');
    assert.deepEqual(await b.axe(page), []);
    await page.getByRole('button', {name: 'Take back'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Take back'}).click();
    await page.getByText('Taken back').first().waitFor();
    assert.doesNotMatch(await ctl('phone', 'preview', given.linphone), /of our own/);

    /* The folder token: shown by a click, rotated in peace, burnt. */
    await b.goto(page, '#/users/alice');
    const box = page.getByRole('region', {name: 'Folder token'}).or(page.locator('section', {has: page.getByRole('heading', {name: 'Folder token'})})).first();
    await box.getByRole('button', {name: 'Show', exact: true}).click();
    const folder = (await box.locator('code').first().innerText()).trim();
    assert.match(folder, /\/provision\/[0-9a-f]{32}/);
    await box.getByRole('button', {name: 'Rotate'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Rotate'}).click();
    await box.getByText('There is a new token').waitFor();
    await box.getByRole('button', {name: 'Burn'}).click();
    await b.shot(page, 'burn');
    await page.getByRole('dialog').getByLabel(/Yes, burn the token/).check();
    await page.getByRole('dialog').getByRole('button', {name: 'Burn', exact: true}).click();
    await box.getByText(/^Burnt\./).waitFor();
    await box.getByText('New SIP password of').first().waitFor();
    assert.notEqual((await box.locator('code').first().innerText()).trim(), folder);

    /* Phones that asked: one is adopted, one forgotten. */
    await b.goto(page, '#/discovered');
    await page.getByText('00:15:65:99:00:01').first().waitFor();
    await page.getByRole('button', {name: 'Adopt 00:15:65:99:00:01'}).click();
    await page.getByRole('dialog').getByRole('combobox', {name: 'User'}).fill('alice');
    await page.getByRole('dialog').getByRole('button', {name: 'Adopt'}).click();
    await page.getByText('Adopted: restart the phone').waitFor();
    assert.equal(JSON.parse(await ctl('phone', 'show', '001565990001', '--json')).user, 'alice');
    await page.getByRole('heading', {level: 1, name: '00:15:65:99:00:01'}).waitFor();
    await b.goto(page, '#/discovered');
    await page.getByRole('button', {name: 'Forget 00:15:65:99:00:02'}).click();
    await page.getByText('Forgotten until it asks again').waitFor();
    assert.ok(!JSON.parse(await ctl('pnp', 'list', '--json')).some(one => one.mac === '00:15:65:99:00:02'));

    /* An alarm is acknowledged. */
    await b.goto(page, '#/');
    await page.getByText('Phone from another network').first().waitFor();
    await b.shot(page, 'alarm');
    await page.getByRole('button', {name: /^Acknowledge/}).first().click();
    await page.getByText('The alarm is closed').first().waitFor();

    /* Many: another model, another user, deleted. */
    const bar = page.getByRole('region', {name: 'What to do with the selected phones'});
    const pick = async () => {
        await page.getByRole('searchbox', {name: 'Find'}).fill('001565200');
        await page.getByText('9 entries').waitFor();
        await page.getByLabel('Select all that fit').check();
    };
    const ends = async () => {
        await page.getByRole('dialog').getByText(/9 of 9 done/).waitFor();
        await page.getByRole('dialog').getByRole('button', {name: 'Close'}).last().click();
        await page.getByRole('dialog').waitFor({state: 'detached'});
    };
    await b.goto(page, '#/phones');
    await pick();
    await bar.getByRole('button', {name: 'Model', exact: true}).click();
    await page.getByRole('dialog').getByLabel('Vendor', {exact: true}).selectOption('yealink');
    await page.getByRole('dialog').getByLabel('Model', {exact: true}).selectOption('T31P');
    await page.getByRole('dialog').getByRole('button', {name: 'Change'}).click();
    await ends();
    await pick();
    await bar.getByRole('button', {name: 'Move', exact: true}).click();
    await page.getByRole('dialog').getByRole('combobox', {name: 'To the user'}).fill('alice');
    await page.getByRole('dialog').getByRole('button', {name: 'Move'}).click();
    await ends();
    const moved = JSON.parse(await ctl('phone', 'show', '001565200003', '--json'));
    assert.deepEqual([moved.user, moved.model], ['alice', 'T31P']);
    await pick();
    await bar.getByRole('button', {name: 'Delete', exact: true}).click();
    await page.getByRole('dialog').getByLabel(/Yes, delete/).check();
    await page.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
    await ends();
    await assert.rejects(ctl('phone', 'show', '001565200003'));
});
