#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// WebSockets of a page over the HTTP/2 connection that brought the page (RFC 8441), in Chromium.
//
//   h2.mjs URL --chromium PATH --server PID
//
// A browser does that only on a connection to the same origin whose server has announced it, so the page comes from
// there. That it did, and not HTTP/1.1 on a second connection, shows in the handshake's status: 200, and not 101. At
// the end the server is told to stop. Prints a line for each step and `N passed, N failed`.

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { chromium: { type: 'string' }, server: { type: 'string' } },
});
if (positionals.length !== 1 || !values.chromium || !(Number(values.server) > 1)) {
    console.error('usage: h2.mjs URL --chromium PATH --server PID');
    process.exit(2);
}
const [url] = positionals;
const STEP_MILLIS = 60_000;
const PATHS = ['/echo', '/echo/event'];
const LARGE = 16 << 20;

const browser = await chromium.launch({
    executablePath: values.chromium,
    args: [
        '--ignore-certificate-errors', // The server's certificate is its own.
        '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-proxy-server',
    ],
});
const page = await browser.newPage();
page.setDefaultTimeout(STEP_MILLIS);

/** The status of each opening handshake. */
const handshakes = [];
const devtools = await page.context().newCDPSession(page);
devtools.on('Network.webSocketHandshakeResponseReceived', ({ response }) => handshakes.push(response.status));
await devtools.send('Network.enable');

/** Runs in the page: what its steps are made of. */
function tools(millis) {
    const inTime = (what, start) => new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`${what}: not within ${millis / 1000} s`)), millis);
        start(resolve, reject);
    });
    const open = path => inTime(`${path} opens`, (resolve, reject) => {
        const socket = new WebSocket(`wss://${location.host}${path}`);
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => resolve(socket);
        socket.onclose = ({ code }) => reject(new Error(`${path} is refused: ${code}`));
    });
    const echo = (socket, message) => inTime('an echo', (resolve, reject) => {
        socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
        socket.onmessage = ({ data }) => resolve(data);
        socket.send(message);
    });
    const close = (socket, ...how) => inTime('the close', resolve => {
        socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean });
        socket.close(...how);
    });
    /** Bytes that no compression makes much shorter, always the same. */
    const bytes = length => {
        const made = new Uint8Array(length);
        for (let i = 0, x = length + 1; i < length; i++) {
            x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + i;
            made[i] = x >>> 24;
        }
        return made;
    };
    const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
    window.tools = { open, echo, close, bytes, same };
}

const steps = {
    'the page comes by HTTP/2': async () => {
        const response = await page.goto(url, { waitUntil: 'load' });
        assert.equal(response.status(), 200);
        const protocol = await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol);
        assert.equal(protocol, 'h2');
        await page.evaluate(tools, STEP_MILLIS);
    },
    ...Object.fromEntries(PATHS.map(path => [`messages come back from ${path}, compression agreed on`, async () => {
        const lengths = [0, 1, 125, 126, 65_535, 65_536, LARGE];
        const found = await page.evaluate(async ({ path, lengths }) => {
            const { open, echo, close, bytes, same } = window.tools;
            const socket = await open(path);
            const text = 'κόσμε 世界 🦧 '.repeat(10_000);
            const wrong = await echo(socket, text) === text ? [] : ['text'];
            for (const length of lengths) {
                const sent = bytes(length);
                const received = new Uint8Array(await echo(socket, sent));
                if (!same(sent, received)) {
                    wrong.push(length);
                }
            }
            return { wrong, extensions: socket.extensions, ...await close(socket, 1000, 'done') };
        }, { path, lengths });
        assert.deepEqual(found.wrong, []);
        assert.match(found.extensions, /^permessage-deflate/);
        assert.deepEqual([found.code, found.wasClean], [1000, true]);
    }])),
    'ten sockets are open at once': async () => {
        const answers = await page.evaluate(async paths => {
            const { open, echo, close } = window.tools;
            const sockets = await Promise.all(Array.from({ length: 10 }, (_, i) => open(paths[i % paths.length])));
            const all = await Promise.all(sockets.map((socket, i) => echo(socket, `socket ${i}`)));
            await Promise.all(sockets.map(socket => close(socket)));
            return all;
        }, PATHS);
        assert.deepEqual(answers, Array.from({ length: 10 }, (_, i) => `socket ${i}`));
    },
    'a path without WebSockets is refused': async () => {
        const refused = await page.evaluate(() => window.tools.open('/nowhere').then(() => 'opened', e => e.message));
        assert.match(refused, /is refused: 1006/);
    },
    'all of them opened over HTTP/2': async () =>
        assert.deepEqual(handshakes.filter(status => status !== 404), Array.from({ length: 12 }, () => 200)),
    'a server that stops says so': async () => {
        await page.evaluate(async () => {
            const socket = await window.tools.open('/echo');
            window.ended = new Promise(resolve => { socket.onclose = ({ code }) => resolve(code); });
        });
        process.kill(Number(values.server), 'SIGTERM');
        assert.equal(await page.evaluate(() => window.ended), 1001);
    },
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
    console.log(`FAIL ${names[passed]}\n     ${e.message}\n     handshakes: ${handshakes}`);
}
await browser.close();
console.log(`${passed} passed, ${names.length - passed} failed`);
process.exit(passed === names.length ? 0 : 1);
