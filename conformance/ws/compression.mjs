#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// permessage-deflate between ws and Gibbon: every combination of parameters that ws has, in both roles, on both faces,
// with all of Gibbon's own in turn on the other side.
//
//   compression.mjs [--sample N] -- PEER_COMMAND...
//
// With --sample only N connections in each role on each face, spread over the combinations; always the same. For each
// connection: both sides must have agreed on what negotiation.mjs works out, or be refused where it says so; some dozens
// of messages must come back with their kind and every byte; what is below the threshold must cross the wire as it is,
// what is above it shorter; and a text sent again must come back much shorter exactly if context takeover is agreed on.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocket, WebSocketServer } from 'ws';
import { cuts, json, messages, same } from '../deflate/messages.mjs';
import {
    combinations, format, gibbonOffers, gibbonReply, gibbonSettings, numbers, parse, reach, shuffled, words, wsOffer,
    wsRefuses, wsReply,
} from '../deflate/negotiation.mjs';
import { GibbonPeer } from '../deflate/peer.mjs';

const CASE_MILLIS = 60_000;
const SIDE_BY_SIDE = 6;
const SHOWN_FAILURES = 20;
const REPEATED_BYTES = 400; // Twice this fits into 2^10, the smallest reach at which a repetition must be seen.
const SHORT_BYTES = 126; // From here on a frame's header tells the length in two more bytes (RFC 6455 §5.2).

// parseArgs leaves what is behind `--` alone.
const { positionals: command, values } = parseArgs({
    allowPositionals: true,
    options: { sample: { type: 'string', default: 'Infinity' } },
});
const sample = Number(values.sample);
if (command.length === 0 || !(sample > 0)) {
    console.error('usage: compression.mjs [--sample N] -- PEER_COMMAND...');
    process.exit(2);
}

const bits = [8, 9, 10, 11, 12, 13, 14, 15];
const wsOptions = {
    server: combinations({ // Gibbon is the server, these are for the client.
        serverNoContextTakeover: [undefined, true],
        clientNoContextTakeover: [undefined, true, false],
        serverMaxWindowBits: [undefined, ...bits],
        clientMaxWindowBits: [undefined, true, false, ...bits],
        threshold: [0, 1024],
    }),
    client: combinations({
        serverNoContextTakeover: [undefined, true, false],
        clientNoContextTakeover: [undefined, true],
        serverMaxWindowBits: [undefined, false, ...bits],
        clientMaxWindowBits: [undefined, true, false, ...bits],
        threshold: [0, 1024],
    }),
};
const settings = gibbonSettings();

/** What the two must agree on; undefined if one of them refuses. */
function expected(role, options, own) {
    if (role === 'client') {
        return wsReply(options, gibbonOffers(own));
    }
    const reply = gibbonReply(own, wsOffer(options));
    return wsRefuses(options, reply) ? undefined : reply;
}

/** Every combination of ws with one of Gibbon's settings; where that is to be refused, with another one too that is not. */
function cases(role, face, seed) {
    const number = numbers(seed);
    const all = shuffled(wsOptions[role], number);
    let sets = [];
    const next = () => {
        sets = sets.length > 0 ? sets : shuffled(settings.keys(), number);
        return sets.pop();
    };
    const found = [];
    const add = (options, set) => {
        const reply = expected(role, options, settings[set]);
        found.push({ role, face, options, set, own: settings[set], reply, seed: number(2 ** 31) });
        return reply !== undefined;
    };
    const suits = (options, set) => expected(role, options, settings[set]) !== undefined;
    for (const options of all.slice(0, sample)) {
        for (let agreed = add(options, next()), tries = 1; !agreed && tries < settings.length; tries++) {
            const set = next();
            agreed = suits(options, set) && add(options, set);
        }
    }
    if (sample >= all.length) { // Chance may have left out one of Gibbon's.
        const agreed = new Set(found.filter(one => one.reply).map(one => one.set));
        for (const set of settings.keys()) {
            if (!agreed.has(set)) {
                add(all.find(options => suits(options, set)), set);
            }
        }
    }
    return found;
}

/** What arrives on one connection, in order, and how many bytes that took. */
class Conversation {
    #events = [];
    #waiting = [];

    constructor(ws) {
        this.ws = ws;
        ws.on('message', (data, binary) => this.#arrived({ kind: binary ? 'binary' : 'text', data }));
        ws.on('close', (code, reason) => this.#arrived({ kind: 'close', code, reason: reason.toString() }));
        ws.on('error', error => this.#arrived({ kind: 'error', error }));
    }

    #arrived(event) {
        const next = this.#waiting.shift();
        if (next) {
            next(event);
        } else {
            this.#events.push(event);
        }
    }

    async next(kind) {
        const event = this.#events.shift() ?? await new Promise(resolve => this.#waiting.push(resolve));
        const told = event.error?.message ?? `${event.code ?? ''} ${event.reason ?? ''}`;
        assert.equal(event.kind, kind, `expected ${kind}, got ${event.kind} ${told}`);
        return event;
    }

    send({ binary, bytes, parts }, number) {
        const edges = cuts(bytes.length, parts, number);
        for (let i = 0; i < parts; i++) {
            this.ws.send(bytes.subarray(edges[i], edges[i + 1]), { binary, fin: i === parts - 1 });
        }
    }

    async receives({ binary, bytes }, what) {
        const { data } = await this.next(binary ? 'binary' : 'text');
        assert.equal(data.length, bytes.length, `length of ${what}`);
        assert.ok(data.equals(bytes), `bytes of ${what}`);
    }

    /** Sends a text and awaits its echo, with nothing else under way; the bytes each took, with their frames' headers. */
    async weigh(bytes) {
        const { bytesRead, bytesWritten } = this.socket;
        this.ws.send(bytes, { binary: false });
        await this.receives({ binary: false, bytes }, `a text of ${bytes.length} bytes`);
        return { sent: this.socket.bytesWritten - bytesWritten, received: this.socket.bytesRead - bytesRead };
    }
}

let exchanged = 0;

async function converse(conversation, { role, face, options, own, reply, seed }) {
    const number = numbers(seed);
    const first = await conversation.next('text');
    assert.equal(format(parse(conversation.reply)), format(reply), 'what ws agreed to');
    assert.equal(format(parse(first.data.toString())), format(reply), 'what Gibbon agreed to');
    assert.equal(conversation.ws.extensions, 'permessage-deflate');

    // A writer cannot know the length of what is written piece by piece: that is always compressed.
    const piecewise = own.streaming && face === 'thread';
    for (const length of [own.thresholdBytes - 1, own.thresholdBytes, own.thresholdBytes + 1]) {
        if (length >= 32) {
            const { received } = await conversation.weigh(Buffer.alloc(length, 'a'));
            if (length < own.thresholdBytes && !piecewise) {
                const header = (length < SHORT_BYTES ? 2 : 4) + (role === 'client' ? 4 : 0);
                assert.equal(received, header + length, `${length} bytes are below the threshold`);
            } else {
                assert.ok(received < length / 2, `${length} bytes are to be compressed, not ${received} on the wire`);
            }
        }
    }

    const letters = Buffer.from(Array.from({ length: REPEATED_BYTES }, () => number(16).toString(16)).join(''));
    const once = await conversation.weigh(letters);
    const again = await conversation.weigh(letters);
    const back = reach(role, own, reply);
    if (back === 0) {
        assert.ok(again.received > once.received * 0.9, `takeover although none is agreed on: ${once.received}, ${again.received}`);
    } else if (back >= 10) {
        assert.ok(again.received < once.received / 2, `no takeover although agreed on: ${once.received}, ${again.received}`);
    }

    const long = await conversation.weigh(Buffer.from(json(100_000, number)));
    assert.ok(long.received < 60_000, `100 000 bytes of JSON are ${long.received} on the wire`);
    assert.ok(long.sent < 60_000, `ws does not compress: ${long.sent} bytes`);

    const list = messages([own.thresholdBytes, options.threshold], number);
    list.forEach(message => conversation.send(message, number));
    for (const [i, message] of list.entries()) {
        await conversation.receives(message, `message ${i}`);
    }
    exchanged += list.length + 6;
    conversation.ws.close(1000, 'done');
    assert.equal((await conversation.next('close')).code, 1000);
}

const peer = new GibbonPeer(command);
settings.forEach(own => peer.settings(words(own)));
const gibbonPort = await peer.serve();
const pathOf = ({ set, face }) => `/${set}/echo${face === 'event' ? '/event' : ''}`;
/** The paths on which ws broke off because it refused what was agreed. */
const brokenOff = [];

function perMessageDeflate({ options, seed }) {
    return { ...options, zlibDeflateOptions: { level: 1 + seed % 9 } };
}

async function withGibbonAsServer(one) {
    const ws = new WebSocket(`ws://127.0.0.1:${gibbonPort}${pathOf(one)}`, { perMessageDeflate: perMessageDeflate(one) });
    const conversation = new Conversation(ws);
    one.abort = () => ws.terminate();
    ws.on('upgrade', response => {
        conversation.socket = response.socket;
        conversation.reply = response.headers['sec-websocket-extensions'];
    });
    if (one.reply) {
        await converse(conversation, one);
    } else {
        brokenOff.push(pathOf(one));
        const { error } = await conversation.next('error');
        assert.match(error.message, /Sec-WebSocket-Extensions/);
    }
}

const awaited = new Map();
const server = createServer();
server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    awaited.get(Number(request.url.slice(1)))(request, socket, head);
});
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));

async function withGibbonAsClient(one) {
    const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: perMessageDeflate(one) });
    const accepted = new Promise(resolve => awaited.set(one.id, (request, socket, head) => {
        let reply;
        one.abort = () => socket.destroy();
        acceptor.on('headers', lines => {
            reply = lines.find(line => /^sec-websocket-extensions:/i.test(line))?.replace(/^[^:]*: */, '');
        });
        acceptor.handleUpgrade(request, socket, head, ws => resolve(Object.assign(new Conversation(ws), { socket, reply })));
    }));
    const ended = peer.dial(one.id, one.set, one.face, `ws://127.0.0.1:${server.address().port}/${one.id}`);
    try {
        if (one.reply) {
            const conversation = await Promise.race([accepted, ended.then(how => assert.fail(`our client: ${how}`))]);
            await converse(conversation, one);
            assert.equal(await ended, 'fine', 'how it ended for our client');
        } else {
            assert.match(await ended, /\b400\b/, 'how the refusal reached our client');
        }
    } finally {
        awaited.delete(one.id);
    }
}

async function inTime(one) {
    let timer;
    const passed = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no result within ${CASE_MILLIS / 1000} s`)), CASE_MILLIS);
    });
    try {
        await Promise.race([one.role === 'server' ? withGibbonAsServer(one) : withGibbonAsClient(one), passed]);
    } finally {
        clearTimeout(timer);
    }
}

let passed = 0;
let failed = 0;
let ids = 0;
for (const [role, face] of [['server', 'thread'], ['server', 'event'], ['client', 'thread'], ['client', 'event']]) {
    const all = cases(role, face, 1 + ids);
    const before = { passed, exchanged };
    const queue = [...all];
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
        for (let one; (one = queue.shift()) !== undefined;) {
            one.id = ++ids;
            try {
                await inTime(one);
                passed++;
            } catch (e) {
                one.abort?.();
                if (++failed <= SHOWN_FAILURES) {
                    console.log(`FAIL Gibbon as ${role} (${face}): ${words(one.own)}\n     ws: ${JSON.stringify(one.options)}`
                        + `\n     ${one.reply ? format(one.reply) : 'to be refused'}\n     ${e.message}`);
                }
            }
        }
    }));
    const refused = all.filter(one => !one.reply).length;
    const used = new Set(all.filter(one => one.reply).map(one => one.set)).size;
    console.log(`${passed - before.passed === all.length ? 'ok  ' : 'FAIL'} Gibbon as ${role} (${face}): ${all.length} connections, `
        + `${refused} of them refused as they must be, ${used} of Gibbon's settings, ${exchanged - before.exchanged} messages each way`);
}

const unexpected = peer.failures.filter(failure => {
    const at = brokenOff.indexOf(failure.split(':', 1)[0]);
    return at < 0 || brokenOff.splice(at, 1).length === 0;
});
const status = await peer.stop();
if (unexpected.length > 0 || status !== 0) {
    failed++;
    console.log(`FAIL the peer ended with ${status}; connections of its server that failed: ${unexpected.length}`);
    unexpected.slice(0, SHOWN_FAILURES).forEach(failure => console.log(`     ${failure}`));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
