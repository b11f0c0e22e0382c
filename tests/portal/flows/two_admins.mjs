/* Two admins at one phone: the second is shown what the first saved, and nothing is lost. A session that somebody else ends is
 * over at once, and what was typed is still there after signing in again. */

import assert from 'node:assert/strict';
import {ctl, given, run} from '../browser.mjs';

run(async b => {
    const one = await b.open(), two = await b.open();
    await b.signIn(one, 'eva', given.password);
    await b.signIn(two, 'fred', given.fred);
    for (const page of [one, two]) await b.goto(page, `#/phones/${given.mac}/details`);

    await one.getByLabel('Label', {exact: true}).fill('Front desk');
    await one.getByRole('button', {name: 'Save'}).click();
    await one.getByText('Saved').first().waitFor();

    await two.getByLabel('Label', {exact: true}).fill('Back office');
    await two.getByRole('button', {name: 'Save'}).click();
    const dialog = two.getByRole('dialog');
    await dialog.getByText('Front desk').first().waitFor();
    await dialog.getByText('Back office').first().waitFor();
    await b.shot(two, 'conflict');
    assert.deepEqual(await b.axe(two), []);
    assert.equal(JSON.parse(await ctl('phone', 'show', given.mac, '--json')).label, 'Front desk');

    /* Goes on editing: nothing is saved, and the text is still there. */
    await dialog.getByRole('button', {name: 'Go on editing'}).click();
    assert.equal(await two.getByLabel('Label', {exact: true}).inputValue(), 'Back office');
    await two.getByRole('button', {name: 'Save'}).click();
    await dialog.getByRole('button', {name: 'Save mine'}).click();
    await two.getByText('Saved').first().waitFor();
    assert.equal(JSON.parse(await ctl('phone', 'show', given.mac, '--json')).label, 'Back office');

    /* The first is told likewise, and takes the other's. */
    await one.getByLabel('Label', {exact: true}).fill('Third');
    await one.getByRole('button', {name: 'Save'}).click();
    await one.getByRole('dialog').getByRole('button', {name: 'Take theirs'}).click();
    await one.getByRole('dialog').waitFor({state: 'detached'});
    assert.equal(await one.getByLabel('Label', {exact: true}).inputValue(), 'Back office');

    /* Fred's session is ended by Eva. */
    await two.getByLabel('Label', {exact: true}).fill('Not lost');
    await b.goto(one, '#/sessions');
    await b.shot(one, 'sessions');
    const row = one.getByRole('row').filter({hasText: 'fred'});
    await row.getByRole('button', {name: /End/}).click();
    const sure = one.getByRole('dialog').getByRole('button', {name: /End/});
    if (await sure.count()) await sure.click();
    await row.waitFor({state: 'detached'});
    await two.getByRole('button', {name: 'Save'}).click();
    const again = two.getByRole('dialog').filter({hasText: 'Your session has ended'});
    await again.getByLabel('Password', {exact: true}).fill(given.fred);
    await again.getByRole('button', {name: 'Sign in'}).click();
    await again.waitFor({state: 'detached'});
    await two.getByText('Saved').first().waitFor();
    await two.waitForLoadState('networkidle');
    assert.equal(JSON.parse(await ctl('phone', 'show', given.mac, '--json')).label, 'Not lost');

    /* A viewer sees no way to change, and the API has the last word. */
    const viewer = await b.open();
    await b.signIn(viewer, 'vera', given.vera);
    await b.goto(viewer, '#/phones');
    await viewer.getByText(/Front|Not lost/).first().waitFor();
    assert.equal(await viewer.getByRole('link', {name: 'Add phone'}).count(), 0);
    assert.equal(await viewer.getByRole('link', {name: 'Audit'}).count(), 0);
    await b.goto(viewer, '#/audit');
    await viewer.getByText('Your role may not see this page.').waitFor();
    const status = await viewer.evaluate(async () => (await fetch('/api/v1/users', {method: 'POST', credentials: 'same-origin',
        headers: {'Content-Type': 'application/json'}, body: '{"name": "mallory"}'})).status);
    assert.equal(status, 403);
});
