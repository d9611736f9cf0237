#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// The ws client judges an echo server behind proxies.
//
//   check.mjs --through NAME=URL... --behind NAME=URL... --cut NAME=URL... --without-host URL
//             --log FILE --behind-log FILE --stop PROCESS_GROUP...
//
// What is --through a proxy of HTTP or --behind one of TCP is tried in every way; what is --cut leads to a server that
// does not ping. Prints a line for each check and `N passed, N failed`; status 0 if none failed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { WebSocket } = createRequire(new URL('../ws/package.json', import.meta.url))('ws');

const MIB = 1024 * 1024;
const CHECK_MILLIS = 60_000;
const SILENCE_MILLIS = 6_000;

const many = { type: 'string', multiple: true, default: [] };
const { values } = parseArgs({
    options: {
        through: many, behind: many, cut: many, stop: many,
        'without-host': { type: 'string' }, log: { type: 'string' }, 'behind-log': { type: 'string' },
    },
});

let passed = 0;
let failed = 0;

async function check(name, work) {
    const late = sleep(CHECK_MILLIS, undefined, { ref: false }).then(() => { throw new Error('took too long'); });
    try {
        await Promise.race([work(), late]);
        passed++;
        console.log(`ok    ${name}`);
    } catch (e) {
        failed++;
        console.log(`FAIL  ${name}: ${e.message}`);
    }
}

function named(text) {
    const [name, ...url] = text.split('=');
    return { name, url: url.join('=') };
}

/** A page of the proxy's own host may connect; others may not. */
function connect(url, options = {}) {
    const origin = url.replace(/^ws/, 'http').replace(/(:\d+)\/.*/, '$1');
    return new WebSocket(url, {
        origin, localAddress: '127.0.0.2', rejectUnauthorized: false, maxPayload: 64 * MIB, perMessageDeflate: true, ...options,
    });
}

async function open(url, options) {
    const ws = connect(url, options);
    await Promise.race([once(ws, 'open'), once(ws, 'error').then(([e]) => { throw e; })]);
    return ws;
}

async function echo(ws, data) {
    const answer = once(ws, 'message');
    ws.send(data);
    const [echoed, binary] = await answer;
    assert.equal(binary, typeof data !== 'string');
    assert.ok(Buffer.from(data).equals(echoed), 'the echo differs');
}

async function close(ws) {
    const closed = once(ws, 'close');
    ws.close(1000);
    assert.equal((await closed)[0], 1000);
}

async function refusal(url, options) {
    const ws = connect(url, options);
    ws.on('error', () => {});
    const [, response] = await once(ws, 'unexpected-response');
    return response.statusCode;
}

async function logged(file, pattern) {
    for (let tries = 0; tries < 300; tries++) {
        const line = readFileSync(file, 'utf8').split('\n').find(text => pattern.test(text));
        if (line) {
            return line;
        }
        await sleep(100);
    }
    throw new Error(`no line ${pattern} in ${file}`);
}

/** 16 MiB that compress, so that the proxy carries compressed frames, and are no run of one byte. */
function large() {
    const data = Buffer.alloc(16 * MIB);
    for (let i = 0; i < data.length; i += 4) {
        data.writeUInt32LE(i & 0xffff0, i);
    }
    return data;
}

const everyway = [
    ...values.through.map(text => ({ ...named(text), log: values.log })),
    ...values.behind.map(text => ({ ...named(text), log: values['behind-log'] })),
];

await Promise.all(everyway.map(async ({ name, url }) => {
    await check(`${name}: text, and 16 MiB with compression`, async () => {
        const ws = await open(url);
        assert.match(ws.extensions, /permessage-deflate/);
        await echo(ws, 'hello');
        await echo(ws, large());
        await close(ws);
    });
}));

await Promise.all([
    ...everyway.map(({ name, url }) => check(`${name}: silent for three of its time-outs, with Pings`, async () => {
        const ws = await open(url);
        await sleep(SILENCE_MILLIS);
        await echo(ws, 'still here');
        await close(ws);
    })),
    ...values.cut.map(named).map(({ name, url }) => check(`${name}: cut without Pings`, async () => {
        const ws = await open(url);
        const [code] = await once(ws, 'close');
        assert.equal(code, 1006);
    })),
]);

// Each from an address of its own, which is none of the proxy's.
for (const [i, { name, url, log }] of everyway.entries()) {
    const client = `127.0.0.${10 + i}`;
    await check(`${name}: the server knows the client, whatever that says of itself`, async () => {
        const headers = { 'X-Forwarded-For': '192.0.2.9, 127.0.0.1', 'Forwarded': 'for=192.0.2.8', 'X-Forwarded-Host': 'evil.example' };
        assert.equal(await refusal(url, { headers, localAddress: client, origin: 'https://evil.example' }), 403);
        const ws = await open(url, { headers, localAddress: client });
        await echo(ws, name);
        const line = await logged(log, new RegExp(`opened .*peer=/${client}:`));
        assert.doesNotMatch(line, /192\.0\.2/);
        await close(ws);
    });
}

await check('nginx: 403 where Host is left out, and the log says why', async () => {
    assert.equal(await refusal(values['without-host']), 403);
    const line = await logged(values.log, /refused: .* may not connect to "gibbon"/);
    assert.match(line, /refused: \/127\.0\.0\.2:\d+.* with 403: origin "https:\/\/127\.0\.0\.1:\d+" may not connect to "gibbon"/);
});

const open1001 = await Promise.all(everyway.map(async ({ name, url }) => ({ name, ws: await open(url) })));
for (const group of values.stop) {
    process.kill(-Number(group), 'SIGTERM');
}
await Promise.all(open1001.map(({ name, ws }) => check(`${name}: 1001 when the server gets SIGTERM`, async () => {
    const [code] = await once(ws, 'close');
    assert.equal(code, 1001);
})));

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
