#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// permessage-deflate between Chromium and Gibbon's server: every combination of the server's options, on both faces.
//
//   compression.mjs --chromium PATH [--sample N] -- PEER_COMMAND...
//
// With --sample only N connections on each face, spread over the combinations; always the same. A page opens the sockets:
// what `socket.extensions` says, what Gibbon says and what negotiation.mjs works out must be the same, and some dozens of
// messages must come back with their kind and every byte. A browser offers `permessage-deflate; client_max_window_bits`
// and nothing else, which is asserted too.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { format, gibbonReply, gibbonSettings, numbers, parse, shuffled, words } from '../deflate/negotiation.mjs';
import { GibbonPeer } from '../deflate/peer.mjs';

const CASE_MILLIS = 60_000;
const SIDE_BY_SIDE = 4;
const SHOWN_FAILURES = 20;
const OFFER = { client_max_window_bits: true };
/** Of the browser's own threshold nothing is known; lengths around these are sent. */
const LENGTHS = [64, 1024];

// parseArgs leaves what is behind `--` alone.
const { positionals: command, values } = parseArgs({
    allowPositionals: true,
    options: { chromium: { type: 'string' }, sample: { type: 'string', default: 'Infinity' } },
});
const sample = Number(values.sample);
if (command.length === 0 || !values.chromium || !(sample > 0)) {
    console.error('usage: compression.mjs --chromium PATH [--sample N] -- PEER_COMMAND...');
    process.exit(2);
}

/** Runs in the page: one connection from its opening to its end. */
async function converse({ path, thresholds, seed, millis }) {
    const { messages, numbers: numbersOf, same } = window.judge;
    const list = messages(thresholds, numbersOf(seed));
    const socket = new WebSocket(`ws://${location.host}${path}`);
    socket.binaryType = 'arraybuffer';
    let received = -1; // The first message tells what was agreed on.
    let agreed = '';
    let timer;
    try {
        await new Promise((resolve, reject) => {
            timer = setTimeout(() => reject(new Error(`${received} of ${list.length} messages in ${millis / 1000} s`)), millis);
            socket.onopen = () => list.forEach(({ binary, bytes }) =>
                socket.send(binary ? bytes : new TextDecoder().decode(bytes)));
            socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason} at message ${received}`));
            socket.onmessage = ({ data }) => {
                const text = typeof data === 'string';
                if (received === -1) {
                    agreed = data;
                } else {
                    const { binary, bytes } = list[received];
                    const echo = text ? new TextEncoder().encode(data) : new Uint8Array(data);
                    if (text === binary || !same(echo, bytes)) {
                        reject(new Error(`message ${received}, ${binary ? 'binary' : 'text'} of ${bytes.length} bytes, came back as `
                            + `${text ? 'text' : 'binary'} of ${echo.length} bytes, or others`));
                    }
                }
                received++;
                if (received === list.length) {
                    resolve();
                }
            };
        });
        const closed = new Promise(resolve => { socket.onclose = resolve; });
        socket.close(1000, 'done');
        const { code, wasClean } = await closed;
        return { agreed, extensions: socket.extensions, count: list.length, code, wasClean };
    } catch (e) {
        return { error: e.message };
    } finally {
        clearTimeout(timer);
        socket.close();
    }
}

const settings = gibbonSettings();
const peer = new GibbonPeer(command);
settings.forEach(own => peer.settings(words(own)));
const origin = `http://127.0.0.1:${await peer.serve()}/`;
const browser = await chromium.launch({
    executablePath: values.chromium,
    args: [
        '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-proxy-server',
    ],
});
const page = await browser.newPage();
await page.goto(origin);
const text = name => readFileSync(new URL(`../deflate/${name}`, import.meta.url), 'utf8');
await page.addScriptTag({
    type: 'module',
    content: `${text('messages.mjs')}\n${text('negotiation.mjs')}\nwindow.judge = { messages, numbers, same };`,
});
await page.waitForFunction(() => window.judge);

/** What the browser offers, as its own tools see it. */
const offers = new Set();
const tools = await page.context().newCDPSession(page);
await tools.send('Network.enable');
tools.on('Network.webSocketHandshakeResponseReceived', ({ response }) => {
    const name = Object.keys(response.requestHeaders ?? {}).find(key => key.toLowerCase() === 'sec-websocket-extensions');
    offers.add(format(parse(response.requestHeaders?.[name]) ?? { nothing: true }));
});

let passed = 0;
let failed = 0;
for (const face of ['thread', 'event']) {
    const number = numbers(face.length);
    const all = shuffled(settings.keys(), number).slice(0, sample).map(set => ({ set, own: settings[set], seed: number(2 ** 31) }));
    const queue = [...all];
    const before = passed;
    let exchanged = 0;
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
        for (let one; (one = queue.shift()) !== undefined;) {
            const reply = gibbonReply(one.own, OFFER);
            const path = `/${one.set}/echo${face === 'event' ? '/event' : ''}`;
            try {
                const thresholds = [one.own.thresholdBytes, ...LENGTHS];
                const result = await page.evaluate(converse, { path, thresholds, seed: one.seed, millis: CASE_MILLIS });
                assert.equal(result.error, undefined);
                assert.equal(format(parse(result.extensions)), format(reply), 'socket.extensions');
                assert.equal(format(parse(result.agreed)), format(reply), 'what Gibbon agreed to');
                assert.deepEqual({ code: result.code, wasClean: result.wasClean }, { code: 1000, wasClean: true });
                exchanged += result.count;
                passed++;
            } catch (e) {
                if (++failed <= SHOWN_FAILURES) {
                    console.log(`FAIL Gibbon as server (${face}): ${words(one.own)}\n     ${format(reply)}\n     ${e.message}`);
                }
            }
        }
    }));
    console.log(`${passed - before === all.length ? 'ok  ' : 'FAIL'} Chromium, Gibbon as server (${face}): ${all.length} connections, `
        + `each with other options, ${exchanged} messages each way`);
}

await browser.close();
const status = await peer.stop();
const offered = [...offers].join(' or ');
if (offered !== format(OFFER)) {
    failed++;
    console.log(`FAIL the browser offers ${offered || 'nothing that its tools show'}`);
}
if (peer.failures.length > 0 || status !== 0) {
    failed++;
    console.log(`FAIL the peer ended with ${status}; connections of its server that failed: ${peer.failures.length}`);
    peer.failures.slice(0, SHOWN_FAILURES).forEach(failure => console.log(`     ${failure}`));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
