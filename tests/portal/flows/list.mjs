/* The list of all phones: put in order by each head that can, in both directions, and filtered by what a phone is. */

import assert from 'node:assert/strict';
import {ctl, eventually, given, run} from '../browser.mjs';

const macs = async page => (await page.locator('table.long tbody th a').allInnerTexts()).map(one => one.replaceAll(':', ''));
const is = async (page, wanted, what) => {
    let shown = [];
    await eventually(`${what}: ${wanted}`, async () => {
        shown = await macs(page);
        return JSON.stringify(shown) === JSON.stringify(wanted);
    }).catch(error => {
        throw new Error(`${error.message}; shown: ${shown}`);
    });
};

/* given.orders: sort to the MACs in their order, as Python has it. */
async function orders(b, page) {
    await b.goto(page, '#/phones');
    await is(page, given.orders.MAC, 'as it begins');
    const heads = page.getByRole('columnheader');
    const head = name => heads.filter({has: page.getByRole('button', {name, exact: true})});
    assert.deepEqual(await heads.getByRole('button').allInnerTexts().then(all => all.map(one => one.replace(/\s*[▲▼]$/, ''))), Object.keys(given.orders));
    assert.equal(await head('MAC').getAttribute('aria-sort'), 'ascending');
    for (const [name, wanted] of Object.entries(given.orders)) {
        const ways = name === 'MAC' ? ['descending', 'ascending'] : ['ascending', 'descending'];
        for (const way of ways) {
            await head(name).getByRole('button').click();
            await is(page, way === 'ascending' ? wanted : [...wanted].reverse(), `${name} ${way}`);
            for (const other of Object.keys(given.orders)) assert.equal(await head(other).getAttribute('aria-sort'), other === name ? way : 'none', `${other} while ${name} is ${way}`);
        }
    }
    await b.shot(page, 'sorted');
    assert.deepEqual(await b.axe(page), []);
    /* The order stays while somebody filters. */
    await page.getByLabel('Vendor').selectOption('yealink');
    await is(page, [...given.orders['Last fetch']].reverse().filter(one => given.vendors.yealink.includes(one)), 'filtered');
}

async function filters(b, page) {
    for (const [label, choices] of [['Vendor', given.vendors], ['State', given.states], ['Site', given.sites]]) {
        await b.goto(page, '#/');
        await b.goto(page, '#/phones');
        await page.getByLabel(label, {exact: true}).locator('option').nth(1).waitFor({state: 'attached'});
        for (const [choice, wanted] of Object.entries(choices)) {
            await page.getByLabel(label, {exact: true}).selectOption(choice);
            await is(page, wanted, `${label} ${choice}`);
            await page.getByRole('status').getByText(wanted.length === 1 ? '1 entry' : `${wanted.length} entries`, {exact: true}).waitFor();
            assert.ok(new URL(page.url()).hash.includes(`=${choice}`), 'the address does not keep the filter');
        }
        await page.getByLabel(label, {exact: true}).selectOption('');
        await is(page, given.orders.MAC, `${label}: all again`);
    }
    /* Two at once, of which nothing is left; an address with a filter is as good as a click. */
    await page.getByLabel('State', {exact: true}).selectOption('disabled');
    await page.getByLabel('Vendor', {exact: true}).selectOption('linphone');
    await page.getByText('Nothing fits.').waitFor();
    await is(page, [], 'nothing');
    await b.goto(page, '#/');
    await b.goto(page, '#/phones?vendor=snom&state=never_fetched');
    await is(page, given.vendors.snom, 'by its address');
    assert.equal(await page.getByLabel('Vendor', {exact: true}).inputValue(), 'snom');
    assert.equal(await page.getByLabel('State', {exact: true}).inputValue(), 'never_fetched');
    await page.reload();
    await is(page, given.vendors.snom, 'loaded anew');
}

/* What is picked by its boxes, and by the keyboard, is what is done. */
async function picks(b, page) {
    await b.goto(page, '#/');
    await b.goto(page, '#/phones');
    await is(page, given.orders.MAC, 'all');
    const [one, two] = given.orders.MAC;
    await page.getByRole('checkbox', {name: `Select ${one}`}).check();
    await page.locator('table.long tbody th a').nth(1).focus();
    await page.keyboard.press(' ');
    await page.getByText('2 phones selected').waitFor();
    await page.getByRole('button', {name: 'Enrol', exact: true}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Open the window'}).click();
    await page.getByRole('dialog').getByText('2 of 2 done').waitFor();
    await page.getByRole('dialog').getByRole('button', {name: 'Close'}).last().click();
    for (const mac of given.orders.MAC) {
        const open = JSON.parse(await ctl('phone', 'show', mac, '--json')).enrol_until > 0;
        assert.equal(open, [one, two].includes(mac), `the window of ${mac}`);
    }
}

run(async b => {
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await orders(b, page);
    await filters(b, page);
    await picks(b, page);
});
