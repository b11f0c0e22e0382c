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
    return page;
}

const refuse = (page, method, where, status, body) => page.route(url => url.pathname === `/api/v1${where}`, (route, request) =>
    (request.method() === method ? route.fulfill({status, contentType: 'application/problem+json', body: JSON.stringify(body)}) : route.fallback()));
const BUSY = {type: 'urn:autoprovd:problem:busy', title: 'Busy', detail: 'too many at once'};

/* The user's page in German, with what goes wrong there: in German too. */
async function germanUser(b, page) {
    await page.getByRole('button', {name: 'Weiteres Telefon hinzufügen'}).click();
    await page.getByLabel('MAC-Adresse').fill(given.mac);
    await page.getByRole('button', {name: 'Dieses Telefon hinzufügen'}).click();
    await page.getByText('Ein Telefon mit dieser MAC ist schon eingetragen').waitFor();
    for (let n = 0; n < 10; n++) assert.equal(await page.evaluate(async mac => (await fetch('/api/v1/my/phones', {method: 'POST', credentials: 'same-origin',
        headers: {'Content-Type': 'application/json'}, body: JSON.stringify({mac})})).status, `0015651000${n}0`), 201);
    await page.getByLabel('MAC-Adresse').fill('001565aabbcc');
    await page.getByRole('button', {name: 'Dieses Telefon hinzufügen'}).click();
    await page.getByText('Eine Einladung gilt für 10 Telefone').waitFor();
    await page.getByRole('button', {name: 'Abbrechen'}).click();
    await page.getByRole('heading', {name: /Telefone von alice/}).waitFor();
    /* Who is not signed out is not told so. */
    await refuse(page, 'DELETE', '/session', 503, BUSY);
    await page.getByRole('button', {name: 'Ich bin fertig'}).click();
    await page.getByText('Der Server ist gerade beschäftigt').waitFor();
    assert.equal(await page.getByRole('heading', {name: 'Alles erledigt'}).count(), 0);
    await page.unrouteAll();
    await page.getByRole('button', {name: 'Ich bin fertig'}).click();
    await page.getByRole('heading', {name: 'Alles erledigt'}).waitFor();
}

/* An admin's pages in German. */
async function germanAdmin(b) {
    const page = await b.open({language: 'de'});
    await b.goto(page);
    await page.getByLabel('Name', {exact: true}).fill('eva');
    await page.getByLabel('Passwort', {exact: true}).fill('wrong password here');
    await page.getByRole('button', {name: 'Anmelden'}).click();
    await page.getByText('Name oder Passwort ist falsch.').waitFor();
    await page.getByLabel('Passwort', {exact: true}).fill(given.password);
    await page.getByRole('button', {name: 'Anmelden'}).click();
    await page.getByRole('navigation').first().waitFor();
    await b.goto(page, '#/phones/00156500ffff');
    await page.getByText('Das gibt es nicht, oder nicht mehr.').waitFor();
    assert.equal(await page.locator('.detail').getAttribute('lang'), 'en');
    await b.goto(page, '#/users');
    await page.getByRole('button', {name: 'Benutzer hinzufügen'}).click();
    const dialog = page.getByRole('dialog');
    for (const [name, said] of [['a b', 'Ein Name hat 1 bis 64'], ['alice', 'Diesen Namen gibt es schon.']]) {
        await dialog.getByLabel('Name', {exact: true}).fill(name);
        await dialog.getByRole('button', {name: 'Benutzer hinzufügen'}).click();
        await dialog.getByText(said).waitFor();
    }
    await b.shot(page, 'german');
    assert.deepEqual(await b.axe(page), []);
}

/* A sign-out that fails is no sign-out. */
async function signOut(b, page) {
    await refuse(page, 'DELETE', '/session', 503, BUSY);
    await page.getByRole('button', {name: 'Sign out'}).click();
    await page.getByText('The server is busy at the moment').waitFor();
    assert.ok(await page.getByRole('navigation', {name: 'Pages'}).isVisible());
    await page.unrouteAll();
}

/* Two clicks get one page; a page that was left changes no address. */
async function once(b, page) {
    await b.goto(page, '#/users/bob');
    const more = page.getByRole('button', {name: 'Show more'});
    await more.waitFor();
    const rows = page.getByRole('table', {name: 'Phones'}).locator('tbody tr');
    assert.equal(await rows.count(), 50);
    await more.evaluate(one => {
        one.click();
        one.click();
    });
    await rows.nth(99).waitFor();
    await page.waitForTimeout(500); /* for rows that must not come */
    assert.equal(await rows.count(), 100);
    assert.equal(new Set(await rows.locator('th').allInnerTexts()).size, 100);

    await b.goto(page, '#/phones');
    await page.getByLabel('Find').fill('alice');
    await page.evaluate(() => {
        location.hash = '#/users';
    });
    await page.getByRole('heading', {level: 1, name: 'Users'}).waitFor();
    await page.waitForTimeout(500);
    assert.equal(await page.evaluate(() => location.hash), '#/users');
}

/* An admin who opens a link is told whose session would end; and gets back. */
async function adminOpensLink(b, page) {
    const link = await invite('bob');
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByText('You are signed in as eva; beginning here ends that session.').waitFor();
    await page.getByRole('link', {name: 'Back to the portal'}).click();
    await page.getByRole('heading', {level: 1, name: 'Overview'}).waitFor();

    /* All of a user's phones; and an address does not stand on the screen for ever. */
    const user = await b.open();
    await user.clock.install();
    await user.goto(link);
    await user.getByRole('button', {name: 'Begin'}).click();
    await user.getByRole('heading', {name: 'Phones of bob'}).waitFor();
    assert.equal(await user.locator('.mine li').count(), 120);
    await user.getByRole('button', {name: 'Show address'}).first().click();
    await user.locator('figure svg').waitFor();
    await user.clock.fastForward('11:00');
    await user.locator('figure svg').waitFor({state: 'detached'});
    assert.ok(!(await user.content()).includes('/provision/'));
    await user.getByRole('button', {name: 'Show address'}).click();
    await user.locator('code').filter({hasText: '/provision/'}).waitFor();
}

/* A dialog that has to be answered stays, however often Escape is pressed; and no link leads elsewhere. */
async function dialogs(b, page) {
    assert.deepEqual(await page.evaluate(async () => {
        const {h} = await import('/dom.js');
        return ['/\\host', '//host', '/\t/host', 'javascript:alert(1)', '#/ok'].filter(href => {
            try {
                return h('a', {href});
            } catch {
                return false;
            }
        });
    }), ['#/ok']);
    await b.goto(page, '#/users/alice');
    await page.context().clearCookies();
    await page.getByRole('button', {name: 'Make a link'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', {name: 'Your session has ended'}).waitFor();
    for (let n = 0; n < 4; n++) await page.keyboard.press('Escape');
    await page.waitForTimeout(200);
    assert.ok(await dialog.getByLabel('Password', {exact: true}).isVisible());
    await dialog.getByLabel('Password', {exact: true}).fill(given.password);
    await dialog.getByRole('button', {name: 'Sign in'}).click();
    await dialog.waitFor({state: 'detached'});
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

/* More phones than somebody has said yes to are asked about again. */
async function more(b, page) {
    await b.goto(page, '#/phones?q=bob');
    await page.getByText('120 entries').waitFor();
    await page.getByRole('checkbox', {name: 'Select all that fit'}).check();
    await page.getByRole('button', {name: 'Enrol'}).click();
    const hours = await page.getByRole('dialog').getByLabel('How long').locator('option').allInnerTexts();
    assert.deepEqual(hours, ['15 minutes', '1 hour', '8 hours', '24 hours', 'close it now']);
    await page.getByRole('dialog').getByRole('button', {name: 'Cancel'}).click();
    const remove = async () => {
        await page.getByRole('button', {name: 'Delete', exact: true}).click();
        await page.getByRole('dialog').getByLabel('Yes, delete all 120 phones').check();
        await ctl('phone', 'add', 'bob', '001565200200', '--model', 'T54W');
        await page.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
        await page.getByText('You said yes to 120; meanwhile 121 phones fit.').waitFor();
    };
    await remove();
    await b.shot(page, 'more');
    await page.getByRole('dialog').last().getByRole('button', {name: 'Cancel'}).click();
    await page.getByText('Stopped: 0 of 121 done').waitFor();
    await page.getByRole('dialog').getByRole('button', {name: 'Close'}).click();
    assert.equal(JSON.parse(await ctl('phone', 'show', '001565200000', '--json')).user, 'bob');
    await ctl('phone', 'del', '001565200200', '--yes');
    await b.goto(page, '#/');
    await b.goto(page, '#/phones?q=bob');
    await page.getByText('120 entries').waitFor();
    await page.getByRole('checkbox', {name: 'Select all that fit'}).check();
    await remove();
    await page.getByRole('dialog').last().getByRole('button', {name: 'Yes, all 121 phones'}).click();
    await page.getByText('121 of 121 done').waitFor();
    await page.getByRole('dialog').getByRole('button', {name: 'Close'}).click();
}

/* A link that leads to the machine itself is no link for users; dates are those of the browser's country. */
async function link(b, page) {
    await b.goto(page, '#/users/alice');
    await page.getByRole('button', {name: 'Make a link'}).click();
    await page.getByText('it leads to localhost').waitFor();
    const [day, month] = [new Date().getUTCDate(), new Date().toLocaleString('en-GB', {month: 'short', timeZone: 'UTC'})];
    await page.getByText(new RegExp(`\\b${day} ${month} \\d{4}`)).first().waitFor();
}

run(async b => {
    await germanUser(b, await language(b));
    await germanAdmin(b);
    const page = await b.open();
    await b.signIn(page, 'eva', given.password);
    await addresses(b, page);
    await signOut(b, page);
    await once(b, page);
    await adminOpensLink(b, page);
    await link(b, page);
    await more(b, page);
    await dialogs(b, page);
});
