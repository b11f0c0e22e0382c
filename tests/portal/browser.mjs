/* One Chromium for one flow, against the portal of a real daemon. What must never happen is collected for every page and
 * fails the flow at its end: CSP violations, errors on the console or uncaught, requests to anybody else.
 *
 * A flow is a file in flows/ that calls run(async b => {…}). What it needs is in the environment: PORTAL_URL, PORTAL_MODULES
 * (where node_modules is), PORTAL_SHOTS (a folder for screenshots), CHROMIUM, and PORTAL_GIVEN (JSON). */

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {request} from 'node:https';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {promisify} from 'node:util';

const require = createRequire(join(process.env.PORTAL_MODULES, 'flow.js'));
const {chromium} = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const base = process.env.PORTAL_URL;
export const given = JSON.parse(process.env.PORTAL_GIVEN || '{}');
export const WIDE = 1440, NARROW = 390;

const DEADLINE_MS = 60000; /* machines are busy; nothing waits that long unless it is lost */

/* autoprovctl of this daemon; its standard output. */
export async function ctl(...words) {
    const {stdout} = await promisify(execFile)(given.ctl[0], [...given.ctl.slice(1), ...words]);
    return stdout;
}

export async function told(...words) {
    return JSON.parse(await ctl(...words, '--json'));
}

/* A state by its words; the sign before them is of the same text. */
export const badge = (where, text) => where.locator('.badge').filter({hasText: new RegExp(`^\\W?${text}$`)});

/* Waits until check() gives something; for what no locator can wait for. */
export async function eventually(what, check) {
    for (const end = Date.now() + DEADLINE_MS; Date.now() < end;) {
        const found = await check();
        if (found) return found;
        await new Promise(done => setTimeout(done, 100));
    }
    throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
}

/* As a phone or a program, which is no browser: {status, text}. */
export function fetchAsPhone(url, headers = {}) {
    return new Promise((done, failed) => request(url, {rejectUnauthorized: false, headers}, answer => {
        let text = '';
        answer.on('data', piece => {
            text += piece;
        });
        answer.on('end', () => done({status: answer.statusCode, text}));
    }).on('error', failed).end());
}

/* The same, until it is written too, which takes up to a second: pages tell what was delivered from there. */
export async function fetchUntilWritten(url, mac) {
    const fetches = async () => (await told('phone', 'show', mac)).fetches;
    const before = await fetches();
    const answer = await fetchAsPhone(url);
    await eventually('the record of a fetch', async () => await fetches() > before);
    return answer;
}

class Browser {
    constructor(chrome) {
        this.chrome = chrome;
        this.faults = [];
        this.allowed = [];
        this.shots = 0;
    }

    /* A browser of somebody else: own cookies. language: "en", "de"; dark, still (no motion). */
    async open({language = 'en', dark = false, still = true, width = WIDE, height = 900} = {}) {
        const context = await this.chrome.newContext({
            ignoreHTTPSErrors: true, /* the test's own certificate */
            locale: language === 'de' ? 'de-DE' : 'en-GB', timezoneId: 'UTC', viewport: {width, height}, deviceScaleFactor: 1,
            colorScheme: dark ? 'dark' : 'light', reducedMotion: still ? 'reduce' : 'no-preference',
            permissions: ['clipboard-read', 'clipboard-write'],
        });
        context.setDefaultTimeout(DEADLINE_MS);
        const page = await context.newPage();
        await this.watch(page);
        return page;
    }

    async watch(page) {
        const fault = text => this.faults.push(`${new URL(page.url()).hash || '/'}: ${text}`);
        page.on('pageerror', error => fault(`uncaught: ${error.message}`));
        page.on('console', message => {
            /* Chromium itself tells of each answer that is no 2xx. */
            if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) fault(`console: ${message.text()}`);
        });
        page.on('request', request => {
            if (!request.url().startsWith(`${base}/`)) fault(`asks elsewhere: ${request.url()}`);
        });
        await page.exposeFunction('tellViolation', text => fault(`CSP: ${text}`));
        await page.addInitScript(() => addEventListener('securitypolicyviolation', event =>
            window.tellViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)));
    }

    /* A fault that this flow makes on purpose. */
    expect(pattern) {
        this.allowed.push(pattern);
    }

    async goto(page, hash = '#/') {
        await page.goto(`${base}/${hash}`);
        await page.locator('h1').first().waitFor();
    }

    async signIn(page, name, password) {
        await this.goto(page);
        await page.getByLabel('Name', {exact: true}).fill(name);
        await page.getByLabel('Password', {exact: true}).fill(password);
        await page.getByRole('button', {name: 'Sign in'}).click();
        await page.getByRole('navigation', {name: /./}).first().waitFor();
    }

    /* To another page without loading the document anew, as links lead; until all of that page is there: it has its title then. */
    async turn(page, hash) {
        if (await page.evaluate(() => location.hash) === hash) await this.turn(page, '#/elsewhere');
        await page.evaluate(where => {
            document.title = '';
            location.hash = where;
        }, hash);
        await eventually(`all of ${hash}`, async () => /autoprovd$/.test(await page.title()));
    }

    /* Findings of axe-core that are serious or worse, as text. */
    async axe(page) {
        await page.evaluate(axeSource); /* by the debugger, which the page's CSP does not concern */
        const {violations} = await page.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
        return violations.filter(one => ['serious', 'critical'].includes(one.impact))
            .map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.target.join(' ')).join(', ')}`);
    }

    /* A picture to be looked at. */
    async shot(page, name) {
        mkdirSync(process.env.PORTAL_SHOTS, {recursive: true});
        await page.screenshot({path: join(process.env.PORTAL_SHOTS, `${name}.png`), fullPage: false});
        this.shots += 1;
    }

    /* Nothing is wider than the screen. */
    async fits(page) {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${page.url()} is ${wide} pixels too wide`);
    }
}

export async function run(flow) {
    const chrome = await chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage']});
    const b = new Browser(chrome);
    let page;
    try {
        const open = b.open.bind(b);
        b.open = async options => {
            page = await open(options);
            return page;
        };
        await flow(b);
        const faults = b.faults.filter(text => !b.allowed.some(pattern => pattern.test(text)));
        assert.deepEqual(faults, []);
    } catch (error) {
        if (page) {
            mkdirSync(process.env.PORTAL_SHOTS, {recursive: true});
            await page.screenshot({path: join(process.env.PORTAL_SHOTS, 'failed.png')}).catch(() => {});
            writeFileSync(join(process.env.PORTAL_SHOTS, 'failed.html'), await page.content().catch(() => ''));
        }
        console.error(error.stack);
        process.exitCode = 1;
    } finally {
        await chrome.close();
    }
}
