#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// Chromium opens the page of `gibbon serve` and uses it as a person does.
//
//   page.mjs URL --chromium PATH [--screenshot FILE]
//
// Every step is asserted on the page and, through the browser's own view of its sockets, on what crossed the wire: a
// page that only pretended would fail. Prints a line for each step and `N passed, N failed`; a step that fails ends the
// run, since the later ones build on it, and those count as failed.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { chromium: { type: 'string' }, screenshot: { type: 'string' } },
});
if (positionals.length !== 1 || !values.chromium) {
    console.error('usage: page.mjs URL --chromium PATH [--screenshot FILE]');
    process.exit(2);
}
const [url] = positionals;
const STEP_MILLIS = 15_000;
const TEXTS = ['hello', 'κόσμε 世界 🦧👩‍👩‍👧', '<b>not bold</b> & "quoted"'];

const browser = await chromium.launch({
    executablePath: values.chromium,
    args: [
        '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-proxy-server',
    ],
});
const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
page.setDefaultTimeout(STEP_MILLIS);

const pageErrors = [];
page.on('pageerror', error => pageErrors.push(error.message));
page.on('console', message => {
    if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) {
        pageErrors.push(message.text());
    }
});

/** What crossed the wire, one entry for each socket the page opened. */
const sockets = [];
page.on('websocket', socket => {
    const record = { url: socket.url(), sent: [], received: [], closed: false };
    sockets.push(record);
    socket.on('framesent', ({ payload }) => record.sent.push(payload));
    socket.on('framereceived', ({ payload }) => record.received.push(payload));
    socket.on('close', () => { record.closed = true; });
});

/** Waits until the condition holds; what the browser reports of its sockets comes a moment after the page shows it. */
async function eventually(what, condition) {
    const deadline = performance.now() + STEP_MILLIS;
    while (!condition()) {
        assert.ok(performance.now() < deadline, `${what}: not within ${STEP_MILLIS / 1000} s`);
        await new Promise(resolve => setTimeout(resolve, 20));
    }
}

async function echoes(text) {
    const rows = page.locator('#log .echo');
    const before = await rows.count();
    await page.locator('#message').fill(text);
    await page.locator('#send').click();
    const row = rows.nth(before);
    await row.waitFor();
    const shown = await row.textContent();
    assert.ok(shown.includes(text), `the row shows ${JSON.stringify(shown)}, not ${JSON.stringify(text)}`);
    assert.equal(await row.locator('b').count(), 0, 'markup in a message became markup of the page');
    const roundTrip = await row.getAttribute('data-rtt-ms');
    assert.match(roundTrip ?? '', /^\d+(\.\d+)?$/, 'data-rtt-ms of the row');
    assert.ok(Number(roundTrip) < STEP_MILLIS, `a round trip of ${roundTrip} ms`);
    const socket = sockets.at(-1);
    await eventually('the echo on the wire', () => socket.received.length === socket.sent.length);
    assert.equal(socket.sent.at(-1), text, 'sent on the wire');
    assert.equal(socket.received.at(-1), text, 'received on the wire');
    assert.equal(await rows.count(), before + 1, 'rows for one message');
}

async function disconnects() {
    await page.locator('#disconnect').click();
    await page.locator('#status', { hasText: 'closed 1000' }).waitFor();
    await eventually('the close of the socket', () => sockets.at(-1).closed);
}

const steps = {
    'the page opens': async () => {
        const response = await page.goto(url, { waitUntil: 'load' });
        assert.equal(response.status(), 200);
        assert.match(response.headers()['content-type'] ?? '', /^text\/html\b/);
        assert.notEqual(await page.title(), '', 'title of the page');
        for (const id of ['connect', 'disconnect', 'message', 'send', 'log', 'status']) {
            assert.equal(await page.locator(`#${id}`).count(), 1, `elements with id ${id}`);
        }
    },
    'a socket opens on /echo of the same host': async () => {
        if (await page.locator('#connect').isEnabled()) {
            await page.locator('#connect').click();
        }
        await eventually('a socket', () => sockets.length === 1);
        await page.waitForFunction(() => !document.querySelector('#send').disabled);
        assert.equal(sockets[0].url, new URL('/echo', url.replace(/^http/, 'ws')).href);
    },
    ...Object.fromEntries(TEXTS.map(text => [`the echo of ${text} shows, with its round trip`, () => echoes(text)])),
    'the connection closes cleanly': disconnects,
    'a second connection works like the first': async () => {
        await page.locator('#connect').click();
        await eventually('a second socket', () => sockets.length === 2);
        await page.waitForFunction(() => !document.querySelector('#send').disabled);
        await echoes('again');
        await disconnects();
    },
    'the page reports no error of its own': async () => assert.deepEqual(pageErrors, []),
};

const names = Object.keys(steps);
let passed = 0;
try {
    for (const name of names) {
        await steps[name]();
        passed++;
        console.log(`ok   ${name}`);
    }
} catch (e) {
    console.log(`FAIL ${names[passed]}\n     ${e.message}`);
    const status = await page.locator('#status').textContent({ timeout: 1000 }).catch(() => 'no #status');
    console.log(`     status: ${JSON.stringify(status)}, errors of the page: ${JSON.stringify(pageErrors)}`);
}
if (values.screenshot) {
    mkdirSync(dirname(values.screenshot), { recursive: true });
    await page.screenshot({ path: values.screenshot }).catch(e => console.log(`no screenshot: ${e.message}`));
}
await browser.close();
console.log(`${passed} passed, ${names.length - passed} failed`);
process.exit(passed === names.length ? 0 : 1);
