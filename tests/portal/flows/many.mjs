/* A hundred thousand phones: the first page is there soon, and scrolling through all of them never blocks for long. */

import assert from 'node:assert/strict';
import {given, run} from '../browser.mjs';

run(async b => {
    const page = await b.open({still: false});
    await b.signIn(page, 'eva', given.password);
    await page.evaluate(() => {
        window.longest = 0;
        new PerformanceObserver(list => list.getEntries().forEach(one => {
            window.longest = Math.max(window.longest, one.duration);
        })).observe({type: 'longtask', buffered: false});
    });
    const times = [];
    for (let round = 0; round < 3; round += 1) {
        await page.evaluate(() => {
            location.hash = '#/sessions';
        });
        await page.getByRole('heading', {level: 1, name: 'Account and sessions'}).waitFor();
        await page.waitForLoadState('networkidle');
        times.push(await page.evaluate(async () => {
            const began = performance.now();
            location.hash = '#/phones';
            while (!document.querySelector('table.long tbody th a')) await new Promise(requestAnimationFrame);
            return performance.now() - began;
        }));
    }
    await page.getByText(/100,000 entries/).waitFor();
    assert.ok(await page.locator('table.long tbody tr').count() < 100, 'all rows are in the document');

    /* Down to the last row by the keyboard, and up again by the wheel. */
    await page.evaluate(() => {
        window.longest = 0;
    });
    await page.locator('table.long tbody th a').first().focus();
    for (let i = 0; i < 30; i += 1) await page.keyboard.press('PageDown');
    await page.mouse.move(700, 500);
    for (let i = 0; i < 60; i += 1) {
        await page.mouse.wheel(0, 4000);
        await page.waitForTimeout(30);
    }
    await page.locator('table.long tbody th a').first().focus();
    await page.keyboard.press('End');
    await page.getByText(given.last).waitFor({timeout: 60000});
    const longest = await page.evaluate(() => window.longest);

    /* Found as it is typed. */
    const typed = Date.now();
    await page.getByRole('searchbox', {name: 'Find'}).fill(given.some);
    await page.getByText('1 entry').waitFor();
    const found = Date.now() - typed;
    await b.shot(page, 'many');
    console.log(JSON.stringify({first_page_ms: times.map(Math.round), longest_task_ms: Math.round(longest), found_ms: found}));
});
