/* Two admins at the same object, whatever it is: the second is shown what the first saved beside what he wants himself, nothing is
 * written and nothing of his is lost until he has decided. */

import assert from 'node:assert/strict';
import {ctl, eventually, given, run, told} from '../browser.mjs';

const {mac} = given;
const FIRST = 'Somebody else was first';

/* open() what is edited, type() into it, save() presses the button; typed() is what stands in it now, and stored() what the daemon
 * has; words() makes a value of "first" to "fourth". anew: the page is drawn anew after it was saved, and asks before it is left. */
async function clash(b, one, two, {name, open, type, save, typed, stored, anew = false, words = text => text}) {
    const shown = two.getByRole('dialog', {name: FIRST});
    const cell = column => shown.locator(`td[data-label="${column}"]`).first().innerText();
    const goes = async text => {
        await one.evaluate(() => {
            document.title = '';
        });
        await type(one, text);
        await save(one);
        await eventually(`${name}: the ${text} is saved`, async () => await stored() === words(text));
        if (anew) await eventually(`${name}: all of the page`, () => one.title());
    };
    await open(one);
    await open(two);
    await goes('first');
    await type(two, 'second');
    await save(two);
    await shown.waitFor();
    assert.ok((await cell('Theirs, saved')).includes(words('first')), `${name}: what the first saved is not shown`);
    assert.ok((await cell('Yours')).includes(words('second')), `${name}: what he wants is not shown`);
    assert.equal(await stored(), words('first'), `${name}: overwritten before he was asked`);
    await b.shot(two, `conflict_${name}`);

    await shown.getByRole('button', {name: 'Go on editing'}).click();
    await shown.waitFor({state: 'detached'});
    assert.equal(await typed(two), words('second'), `${name}: what he typed is lost`);
    assert.equal(await stored(), words('first'));
    await save(two);
    await shown.getByRole('button', {name: 'Save mine'}).click();
    await shown.waitFor({state: 'detached'});
    await eventually(`${name}: his is saved`, async () => await stored() === words('second'));

    /* Now the other way round: the first takes what is there. */
    await open(one);
    await open(two);
    await goes('third');
    await type(two, 'fourth');
    await save(two);
    await shown.getByRole('button', {name: 'Take theirs'}).click();
    await shown.waitFor({state: 'detached'});
    await open(two);
    assert.equal(await typed(two), words('third'), `${name}: theirs is not what he sees`);
    assert.equal(await stored(), words('third'));
    await two.keyboard.press('Escape');
}

/* An object that is edited in a dialog of a page. */
const inDialog = (b, hash, button, label) => ({
    open: async page => {
        await b.goto(page, '#/sessions');
        await b.goto(page, hash);
        await page.getByRole('button', {name: button}).first().click();
        await page.getByRole('dialog').getByLabel(label, {exact: true}).waitFor();
    },
    type: (page, text) => page.getByRole('dialog').getByLabel(label, {exact: true}).fill(text),
    save: page => page.getByRole('dialog').getByRole('button', {name: 'Save', exact: true}).click(),
    typed: page => page.getByRole('dialog').getByLabel(label, {exact: true}).inputValue(),
});

const kinds = b => [
    {name: 'user', ...inDialog(b, '#/users/alice', /^Edit$/, 'Display name'), stored: async () => (await told('user', 'show', 'alice')).display_name},
    {name: 'account', ...inDialog(b, '#/users/alice', 'Edit 1001@pbx.example.com', 'Display name'), stored: async () => (await told('account', 'show', '1001@pbx.example.com')).display_name},
    {
        name: 'lines', anew: true, words: text => ({first: '1002@pbx.example.com', second: '1001@pbx.example.com\n1002@pbx.example.com\n1003@pbx.example.com',
            third: '1001@pbx.example.com', fourth: '1003@pbx.example.com'}[text]),
        open: async page => {
            await b.goto(page, '#/sessions');
            await b.goto(page, `#/phones/${mac}/lines`);
            await page.getByLabel('Add an account').waitFor();
        },
        type: async function type(page, text) {
            const remove = page.getByRole('button', {name: /^Remove /});
            while (await remove.count()) await remove.first().click();
            for (const account of this.words(text).split('\n')) {
                await page.getByLabel('Add an account').fill(account);
                await page.getByRole('button', {name: 'Add', exact: true}).click();
                await page.getByRole('list', {name: 'Lines'}).getByText(account).waitFor();
            }
        },
        save: page => page.getByRole('button', {name: 'Save', exact: true}).click(),
        typed: async page => (await page.getByRole('list', {name: 'Lines'}).locator('.what').allInnerTexts()).map(one => one.replace(/ \(.*/, '').trim()).join('\n'),
        stored: async () => (await told('phone', 'show', mac)).lines.map(one => one.account).join('\n'),
    },
    {
        name: 'keys', anew: true,
        open: async page => {
            await b.goto(page, '#/sessions');
            await b.goto(page, `#/phones/${mac}/keys`);
            await page.getByRole('button', {name: 'Edit'}).first().waitFor();
        },
        type: async (page, text) => {
            await page.getByRole('button', {name: 'Edit'}).first().click();
            await page.getByRole('dialog').getByLabel('Label', {exact: true}).fill(text);
            await page.getByRole('dialog').getByRole('button', {name: 'Take'}).click();
            await page.getByRole('dialog').waitFor({state: 'detached'});
        },
        save: page => page.getByRole('button', {name: 'Save', exact: true}).click(),
        typed: page => page.locator('.keys > li:not(.notmine) strong').first().innerText(),
        stored: async () => (await told('key', 'list', mac)).find(one => one.of === 'phone').label,
    },
    {
        name: 'template', anew: true, words: text => `<!-- ${text} -->`,
        open: async page => {
            await b.goto(page, '#/sessions');
            await b.goto(page, '#/templates/linphone.xml');
            await page.getByRole('button', {name: 'Check and save'}).waitFor();
        },
        type: async (page, text) => {
            const editor = page.locator('textarea').first();
            await editor.fill((await editor.inputValue()).replace(/(<!-- \w+ -->)?<\/config>/, `<!-- ${text} --></config>`));
        },
        save: page => page.getByRole('button', {name: 'Check and save'}).click(),
        typed: async page => /<!-- \w+ -->(?=<\/config>)/.exec(await page.locator('textarea').first().inputValue())[0],
        stored: async () => /<!-- \w+ -->(?=<\/config>)/.exec(await ctl('phone', 'preview', given.linphone))?.[0],
    },
    {
        name: 'access', words: text => ({first: '192.0.2.1/32', second: '192.0.2.2/32', third: '192.0.2.3/32', fourth: '192.0.2.4/32'}[text]),
        open: async page => {
            await b.goto(page, '#/sessions');
            await b.goto(page, `#/phones/${mac}/access`);
            await page.getByLabel('Networks').waitFor();
        },
        type: async function type(page, text) {
            await page.getByLabel('Networks').fill(this.words(text));
        },
        save: page => page.getByRole('button', {name: 'Save', exact: true}).first().click(),
        typed: page => page.getByLabel('Networks').inputValue(),
        stored: async () => (await told('phone', 'show', mac)).networks.join(),
    },
];

/* What somebody has changed since is not deleted, moved or taken back by who has not seen that. */
async function seen(b, one, two) {
    await b.goto(two, '#/templates/linphone.xml');
    await two.getByRole('button', {name: 'Take back'}).waitFor();
    await b.goto(one, '#/templates/linphone.xml');
    const editor = one.locator('textarea').first();
    await editor.fill((await editor.inputValue()).replace('</config>', '<!-- more --></config>'));
    await one.getByRole('button', {name: 'Check and save'}).click();
    /* Not by what the page says: what it said when it was saved before may still be there. */
    await eventually('more is saved', async () => /<!-- more -->/.test(await ctl('phone', 'preview', given.linphone)));
    await two.getByRole('button', {name: 'Take back'}).click();
    await two.getByRole('dialog').getByRole('button', {name: 'Take back'}).click();
    await two.getByText('Somebody else has changed it meanwhile').waitFor();
    assert.match(await ctl('phone', 'preview', given.linphone), /<!-- more -->/);

    for (const [hash, button, change, still] of [
        [`#/phones/${mac}`, 'Delete', ['phone', 'set', mac, '--label', 'changed'], ['phone', 'show', mac]],
        ['#/users/alice', /^Delete$/, ['user', 'set', 'alice', '--display-name', 'changed'], ['user', 'show', 'alice']],
    ]) {
        await b.goto(two, hash);
        await two.getByRole('button', {name: button}).first().waitFor();
        await ctl(...change);
        await two.getByRole('button', {name: button}).first().click();
        await two.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
        await two.getByText('Somebody else has changed it meanwhile').waitFor();
        await b.shot(two, `not_${hash.replace(/\W/g, '_')}`);
        await ctl(...still);
    }

    /* Who has seen it deletes it: an account that is no line any more, and then the user with the rest. */
    await b.turn(two, '#/users/alice');
    const remove = async () => {
        await two.getByRole('button', {name: 'Delete 1002@pbx.example.com'}).click();
        await two.getByRole('dialog').getByText('take it from there first').waitFor();
        await two.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
    };
    await remove();
    await two.getByText('a phone has a line on account').waitFor();
    for (const one of [mac, given.linphone]) await ctl('phone', 'set', one, '--lines', '1001@pbx.example.com');
    await remove();
    await two.getByText('1002@pbx.example.com is deleted').waitFor();
    assert.deepEqual((await told('account', 'list', '--user', 'alice')).map(one => one.sip_user), ['1001']);
    await two.getByRole('button', {name: /^Delete$/}).click();
    await two.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
    await two.getByRole('heading', {level: 1, name: 'Users'}).waitFor();
    assert.deepEqual((await told('user', 'list')).map(one => one.name), ['bob']);
    await assert.rejects(ctl('phone', 'show', mac));
}

run(async b => {
    const one = await b.open(), two = await b.open();
    await b.signIn(one, 'eva', given.password);
    await b.signIn(two, 'fred', given.fred);
    for (const kind of kinds(b)) await clash(b, one, two, {...kind, type: kind.type.bind(kind)});
    await seen(b, one, two);
});
