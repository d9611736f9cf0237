#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// The ws client judges an echo server.
//
//   server-interop.mjs URL [--interrupt PROCESS_GROUP] [--subprotocol] [--example]
//
// Prints a line for each check and `N passed, N failed`; status 0 if none failed. With --interrupt the last check
// presses the server's Ctrl-C and expects 1001 on every open connection. With --subprotocol the server takes any. With
// --example it is one of `gibbon example`: any origin may connect, and the host says what may stand in a query.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';

const CHECK_MILLIS = 30_000;
const MIB = 1024 * 1024;

const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { interrupt: { type: 'string' }, subprotocol: { type: 'boolean' }, example: { type: 'boolean' } },
});
if (positionals.length !== 1) {
    console.error('usage: server-interop.mjs URL [--interrupt PROCESS_GROUP] [--subprotocol] [--example]');
    process.exit(2);
}
const [url] = positionals;
const opened = new Set();

/** What arrived on one connection, in order, awaited one at a time. */
class Peer {
    #events = [];
    #waiting = [];

    constructor(protocols = [], { query = '', ...options } = {}) {
        this.ws = new WebSocket(url + query, protocols, { maxPayload: 64 * MIB, ...options });
        opened.add(this.ws);
        this.ws.on('upgrade', response => { this.response = response; });
        this.ws.on('message', (data, binary) => this.#arrived({ kind: binary ? 'binary' : 'text', data }));
        this.ws.on('pong', data => this.#arrived({ kind: 'pong', data }));
        this.ws.on('close', (code, reason) => this.#arrived({ kind: 'close', code, reason: reason.toString() }));
        this.ws.on('error', error => this.#arrived({ kind: 'error', error }));
    }

    static async open(protocols, options) {
        const peer = new Peer(protocols, options);
        await once(peer.ws, 'open');
        return peer;
    }

    #arrived(event) {
        const next = this.#waiting.shift();
        if (next) {
            next(event);
        } else {
            this.#events.push(event);
        }
    }

    /** The next thing that arrives, which must be of this kind. */
    async next(kind) {
        const event = this.#events.shift() ?? await new Promise(resolve => this.#waiting.push(resolve));
        assert.equal(event.kind, kind, `expected ${kind}, got ${event.kind} ${event.code ?? event.error ?? ''}`);
        return event;
    }

    /** The closing handshake from our side; any message that was not asked for makes it fail. */
    async close(code, reason) {
        this.ws.close(code, reason);
        return this.next('close');
    }
}

async function echoes(peer, data, binary) {
    peer.ws.send(data, { binary });
    const echo = await peer.next(binary ? 'binary' : 'text');
    const sent = Buffer.from(data);
    assert.equal(echo.data.length, sent.length, 'length of the echo');
    // Not deepEqual: its message would print megabytes.
    assert.equal(digest(echo.data), digest(sent), 'bytes of the echo');
}

function digest(bytes) {
    return createHash('sha256').update(bytes).digest('hex');
}

const checks = {
    'queries that URL parsers leave as they are': async () => {
        for (const query of ['?q=50%', '?q=%zz', '?q=%00', '?a=[1]|^{}`']) {
            const peer = await Peer.open([], { query });
            await echoes(peer, query, false);
            assert.equal((await peer.close(1000)).code, 1000);
        }
    },

    'text comes back as text': async () => {
        const peer = await Peer.open();
        await echoes(peer, 'hello', false);
        await echoes(peer, 'κόσμε, 世界, 🦧 and \u0000', false);
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'binary comes back as binary, every byte value': async () => {
        const peer = await Peer.open();
        await echoes(peer, Buffer.from(Array.from({ length: 256 }, (_, i) => i)), true);
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'every form of payload length (125, 126, 65535, 65536)': async () => {
        const peer = await Peer.open();
        for (const length of [1, 125, 126, 127, 65_535, 65_536, 65_537]) {
            await echoes(peer, randomBytes(length), true);
        }
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'empty messages come back empty, each of its kind': async () => {
        const peer = await Peer.open();
        await echoes(peer, '', false);
        await echoes(peer, Buffer.alloc(0), true);
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'a fragmented text, cut inside a letter, comes back whole': async () => {
        const peer = await Peer.open();
        const text = Buffer.from('a🦧z');
        peer.ws.send(text.subarray(0, 2), { binary: false, fin: false });
        peer.ws.send(text.subarray(2, 4), { binary: false, fin: false });
        peer.ws.send(Buffer.alloc(0), { binary: false, fin: false });
        peer.ws.send(text.subarray(4), { binary: false, fin: true });
        assert.equal((await peer.next('text')).data.toString(), 'a🦧z');
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'a ping between fragments is answered before the message ends': async () => {
        const peer = await Peer.open();
        peer.ws.send(Buffer.from('one '), { binary: true, fin: false });
        peer.ws.ping('between');
        assert.equal((await peer.next('pong')).data.toString(), 'between');
        peer.ws.send(Buffer.from('two'), { binary: true, fin: true });
        assert.equal((await peer.next('binary')).data.toString(), 'one two');
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'a 16 MiB binary message in one frame': async () => {
        const peer = await Peer.open();
        await echoes(peer, randomBytes(16 * MIB), true);
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'a 16 MiB text message in 256 fragments': async () => {
        const peer = await Peer.open();
        // Nine bytes a time, so that most of the cuts at 64 KiB fall inside a letter.
        const whole = Buffer.alloc(16 * MIB, 'äöü€');
        whole.fill(' ', 16 * MIB - 16 * MIB % 9);
        for (let at = 0; at < whole.length; at += 64 * 1024) {
            peer.ws.send(whole.subarray(at, at + 64 * 1024), { binary: false, fin: at + 64 * 1024 >= whole.length });
        }
        const echo = await peer.next('text');
        assert.equal(echo.data.length, 16 * MIB);
        assert.equal(digest(echo.data), digest(whole));
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'a ping is answered with its payload, from 0 to 125 bytes': async () => {
        const peer = await Peer.open();
        for (const payload of [Buffer.alloc(0), Buffer.from('payload'), randomBytes(125)]) {
            peer.ws.ping(payload);
            assert.deepEqual((await peer.next('pong')).data, payload);
        }
        assert.equal((await peer.close(1000)).code, 1000);
    },

    '100 pipelined messages come back in order': async () => {
        const peer = await Peer.open();
        for (let i = 0; i < 100; i++) {
            peer.ws.send(`message ${i}`);
        }
        for (let i = 0; i < 100; i++) {
            assert.equal((await peer.next('text')).data.toString(), `message ${i}`);
        }
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'all pipelined messages are answered before a close behind them': async () => {
        const peer = await Peer.open();
        for (let i = 0; i < 100; i++) {
            peer.ws.send(`message ${i}`);
        }
        peer.ws.close(1000, 'done');
        for (let i = 0; i < 100; i++) {
            assert.equal((await peer.next('text')).data.toString(), `message ${i}`);
        }
        assert.equal((await peer.next('close')).code, 1000);
    },

    'our close is answered with its code': async () => {
        for (const [code, reason] of [[1000, 'bye'], [1001, ''], [3000, 'registered'], [4001, 'private 🦧']]) {
            const peer = await Peer.open();
            const answer = await peer.close(code, reason);
            assert.equal(answer.code, code);
            // §5.5.1 has the code echoed; whether the reason comes with it is up to the server.
            assert.ok([reason, ''].includes(answer.reason), `reason ${JSON.stringify(answer.reason)}`);
        }
    },

    'a close without a code is answered without one': async () => {
        const peer = await Peer.open();
        assert.equal((await peer.close()).code, 1005);
    },

    'the server closes with 1007 on bad UTF-8': async () => {
        const peer = await Peer.open();
        peer.ws.send(Buffer.from([0x61, 0xc0, 0xaf]), { binary: false });
        assert.equal((await peer.next('close')).code, 1007);
    },

    'permessage-deflate with what ws can ask for, on the options of `gibbon serve`': async () => {
        for (const serverNoContextTakeover of [false, true]) {
            for (const clientNoContextTakeover of [false, true]) {
                for (const serverMaxWindowBits of [undefined, 8, 9, 10, 11, 12, 13, 14, 15]) {
                    for (const clientMaxWindowBits of [undefined, true, 8, 9, 12, 15]) {
                        const perMessageDeflate = { threshold: 0, serverNoContextTakeover, clientNoContextTakeover };
                        Object.assign(perMessageDeflate, serverMaxWindowBits && { serverMaxWindowBits },
                            clientMaxWindowBits && { clientMaxWindowBits });
                        const peer = await Peer.open([], { perMessageDeflate });
                        const reply = peer.response.headers['sec-websocket-extensions'];
                        assert.match(reply, /^permessage-deflate/);
                        assert.equal(peer.ws.extensions, 'permessage-deflate');
                        for (const length of [0, 1, 300, 5_000, 70_000]) {
                            await echoes(peer, 'a text that is compressed, '.repeat(length / 20).slice(0, length), false);
                            await echoes(peer, randomBytes(length), true);
                        }
                        assert.equal((await peer.close(1000)).code, 1000, reply);
                    }
                }
            }
        }
    },

    'thousands of compressed messages on one connection': async () => {
        const peer = await Peer.open([], { perMessageDeflate: { threshold: 0 } });
        for (let i = 0; i < 3000; i++) {
            await echoes(peer, JSON.stringify({ number: i, text: 'the same again and again', bytes: i * 7919 }).repeat(5), false);
        }
        assert.equal((await peer.close(1000)).code, 1000);
    },

    'no subprotocol is chosen unasked; what is offered first is, with --subprotocol': async () => {
        const peer = await Peer.open();
        assert.equal(peer.response.headers['sec-websocket-protocol'], undefined);
        assert.equal(peer.ws.protocol, '');
        await peer.close(1000);
        const offering = new Peer(['chat', 'superchat']);
        if (values.subprotocol) {
            await once(offering.ws, 'open');
            assert.equal(offering.ws.protocol, 'chat');
            assert.equal((await offering.close(1000)).code, 1000);
        } else { // ws gives up on a server that ignores its offer, and says so: that is its word for "none chosen".
            assert.match((await offering.next('error')).error.message, /no subprotocol/);
        }
    },

    'a page of the same origin may connect, of another may not': async () => {
        const { host } = new URL(url);
        const same = await Peer.open([], { origin: `http://${host}` });
        assert.equal((await same.close(1000)).code, 1000);
        const other = new Peer([], { origin: 'http://elsewhere.example' });
        assert.match((await other.next('error')).error.message, /response: 403/);
    },
};

if (values.example) {
    delete checks['queries that URL parsers leave as they are'];
    delete checks['a page of the same origin may connect, of another may not'];
    checks['a page of any origin may connect'] = async () => {
        const peer = await Peer.open([], { origin: 'http://elsewhere.example' });
        assert.equal((await peer.close(1000)).code, 1000);
    };
}

if (values.interrupt) {
    checks['Ctrl-C closes every connection with 1001'] = async () => {
        const peers = [await Peer.open(), await Peer.open()];
        for (const peer of peers) {
            await echoes(peer, 'before', false);
        }
        process.kill(-Number(values.interrupt), 'SIGINT');
        for (const peer of peers) {
            assert.equal((await peer.next('close')).code, 1001);
        }
    };
}

function deadline(millis) {
    let timer;
    const passed = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no result within ${millis / 1000} s`)), millis);
    });
    return { passed, cancel: () => clearTimeout(timer) };
}

let passed = 0;
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
    const limit = deadline(CHECK_MILLIS);
    try {
        await Promise.race([check(), limit.passed]);
        passed++;
        console.log(`ok   ${name}`);
    } catch (e) {
        failed++;
        console.log(`FAIL ${name}\n     ${e.message}`);
    } finally {
        limit.cancel();
        opened.forEach(ws => ws.terminate());
        opened.clear();
    }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
