/* Settings of the server: Custom Options with the error at its place and what flat mode opens; keys of programs, admins, an
 * import with its dry run, a template of one's own, audit. */

import assert from 'node:assert/strict';
import {ctl, given, run} from '../browser.mjs';

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);

    /* Custom options. */
    await b.goto(page, '#/settings');
    const editor = page.getByLabel('Custom Options', {exact: true});
    await editor.fill('{\n  "disable_auto_provision_security": tru\n}');
    await page.getByRole('button', {name: 'Save'}).first().click();
    await page.getByText(/Line 2/).first().waitFor();
    await editor.fill('{"disable_auto_provision_securty": true}');
    await page.getByRole('button', {name: 'Save'}).first().click();
    await page.getByText(/disable_auto_provision_securty/).last().waitFor();
    await b.shot(page, 'options_error');
    await editor.fill('{"disable_auto_provision_security": true}');
    await page.getByRole('button', {name: 'Save'}).first().click();
    const flat = page.getByRole('dialog');
    await flat.getByText('Guard rails').waitFor();
    await b.shot(page, 'flat');
    assert.deepEqual(await b.axe(page), []);
    assert.equal(JSON.parse(await ctl('status', '--json')).flat_mode, false);
    await flat.getByLabel('I know who can reach this server').check();
    await flat.getByRole('button', {name: 'Switch it on'}).click();
    await page.getByText('Saved: every worker has switched').waitFor();
    assert.equal(JSON.parse(await ctl('status', '--json')).flat_mode, true);

    /* A key of a program: shown once. */
    await b.goto(page, '#/api-keys');
    await page.getByRole('button', {name: 'Add key'}).first().click();
    await page.getByRole('dialog').getByLabel('Name', {exact: true}).fill('monitor');
    await page.getByRole('dialog').getByRole('button', {name: 'Add key'}).click();
    const key = (await page.locator('code').filter({hasText: 'apk_'}).first().innerText()).trim();
    assert.match(key, /^apk_[0-9a-f]{64}$/);
    await b.goto(page, '#/audit');
    await b.goto(page, '#/api-keys');
    await page.getByText('monitor').first().waitFor();
    assert.ok(!(await page.content()).includes(key));

    /* One more admin, whose first sign-in works. */
    await b.goto(page, '#/admins');
    await page.getByRole('button', {name: 'Add admin'}).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', {exact: true}).fill('olga');
    await dialog.getByLabel('Role', {exact: true}).selectOption('operator');
    await dialog.getByLabel('New password', {exact: true}).fill('a long password of olga');
    const twice = dialog.getByLabel('New password, once more');
    if (await twice.count()) await twice.fill('a long password of olga');
    await dialog.getByRole('button', {name: 'Add admin'}).click();
    await page.getByText('olga').first().waitFor();
    const olga = await b.open();
    await b.signIn(olga, 'olga', 'a long password of olga');
    await olga.context().close();

    /* Import: first what would change, then all of it. */
    await b.goto(page, '#/import');
    await page.getByLabel('CSV file').setInputFiles({name: 'bad.csv', mimeType: 'text/csv', buffer: Buffer.from('user,mac\nzoe,nonsense\n')});
    await page.getByRole('button', {name: 'Look at it'}).click();
    await page.getByText(/1 problem: nothing is written/).waitFor();
    await b.shot(page, 'import_problem');
    const rows = ['user,sip_user,domain,password,mac,vendor,label', ...Array.from({length: 20}, (_, i) =>
        `user${i},30${String(i).padStart(2, '0')},pbx.example.com,secret of ${i},0015650000${i.toString(16).padStart(2, '0')},yealink,`),
        'alice,1001,pbx.example.com,a new secret of 1001,001565112233,yealink,<b>Hall</b>'];
    await page.getByLabel('Change what is there too').check();
    await page.getByLabel('CSV file').setInputFiles({name: 'good.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n'))});
    await page.getByRole('button', {name: 'Look at it'}).click();
    await page.getByText('It fits').waitFor();
    /* Each change in the order of the file; what is in the file stays a text, and no secret is told. */
    const changes = page.getByRole('table', {name: 'What changes, row by row'});
    await changes.getByText('001565112233'.match(/../g).join(':')).first().waitFor();
    const said = (await changes.getByRole('row').allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim());
    assert.equal(said.length, 1 + 20 * 4 + 3);
    assert.match(said[3], /^2 Phone 00:15:65:00:00:00 of user0 . added –$/);
    assert.match(said[4], /^2 Line Line 1 of 00:15:65:00:00:00 . added account: \(empty\) → 3000@pbx.example.com$/);
    assert.match(said[81], /^22 Account 1001@pbx.example.com of alice . changed password: \(never shown\)$/);
    assert.match(said[82], /^22 Phone 00:15:65:11:22:33 of alice . changed label: .*<img .* → <b>Hall<\/b>$/);
    assert.match(said[83], /^22 Line Line 2 of 00:15:65:11:22:33 . removed account: 1002@pbx.example.com → \(empty\)$/);
    assert.ok(!(await page.content()).includes('secret of'));
    await page.getByText('83 changes, in the order of the file').waitFor();
    await b.shot(page, 'import');
    assert.deepEqual(await b.axe(page), []);
    await changes.getByRole('row').last().scrollIntoViewIfNeeded();
    await b.shot(page, 'import_changes');
    assert.equal(JSON.parse(await ctl('user', 'list', '--json')).some(one => one.name === 'user7'), false);
    await page.getByRole('button', {name: 'Apply'}).click();
    await page.getByRole('link', {name: 'To the phones that have never fetched'}).click();
    await page.getByRole('heading', {level: 1, name: 'Phones'}).waitFor();
    await page.getByText('user19').first().waitFor();

    /* Many at once: all that fit are switched to another model. */
    await page.getByRole('searchbox', {name: 'Find'}).fill('user1');
    await page.getByText('11 entries').waitFor();
    await page.getByLabel('Select all that fit').check();
    await page.getByText('11 phones selected').waitFor();
    await b.shot(page, 'bulk');
    await page.getByRole('button', {name: 'Enrol', exact: true}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Open the window'}).click();
    await page.getByRole('dialog').getByText(/11 of 11 done/).waitFor();
    assert.ok(JSON.parse(await ctl('phone', 'show', '00156500000a', '--json')).enrol_until > 0);

    /* The audit log has all of it, and is whole. */
    await page.getByRole('dialog').getByRole('button', {name: 'Close'}).last().click();
    await page.getByRole('dialog').waitFor({state: 'detached'});
    await b.goto(page, '#/audit');
    await page.getByText('options.set').first().waitFor();
    await page.getByText('admin=eva').first().waitFor();
    await page.getByRole('button', {name: 'Verify the chain'}).click();
    await page.getByText(/Unbroken/).waitFor();
});
