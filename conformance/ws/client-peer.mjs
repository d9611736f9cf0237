#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// A ws server for judging a client: listens on a free port of 127.0.0.1, prints the port as its first line, and serves
// until its standard input ends (so it never outlives the test that started it) or, with --stay, until SIGTERM.
//
//   client-peer.mjs [--port N] [--stay]
//
// What a connection meets is chosen by the query of its URL:
//   mode=echo (the default)                echoes every message
//   mode=fragments&count=3                 echoes every message in that many fragments
//   mode=close&code=4001&reason=bye        closes once open; without a code, sends an empty Close
//   mode=close-after&code=…&reason=…       echoes one message, then closes
//   mode=terminate                         drops the connection without a Close once a message came
//   mode=ping&payload=…                    pings once open, sends the pong's payload back as a text message
//   mode=send&bytes=N&type=binary|text     sends one message of N bytes (0, 1, 2 … modulo 251; text: 'x') once open
//   mode=flood&count=N                     sends N texts `message 0`, `message 1` … once open
//   mode=deaf                              opens, then reads no more: nothing is answered, a Close neither
//   mode=headers                           sends the request's target and headers as JSON, then echoes
//   mode=refuse&status=403                 refuses the handshake with that status and a small body
// and with any mode
//   subprotocol=chat                       chooses that one if it was offered
//   deflate=true                           accepts permessage-deflate

import { STATUS_CODES, createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, stay: { type: 'boolean' } } });
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

const modes = {
    echo: ws => ws.on('message', (data, binary) => ws.send(data, { binary })),

    fragments: (ws, query) => ws.on('message', (data, binary) => {
        const count = Number(query.get('count') ?? 3);
        for (let i = 0; i < count; i++) {
            const part = data.subarray(data.length * i / count, data.length * (i + 1) / count);
            ws.send(part, { binary, fin: i === count - 1 });
        }
    }),

    close: closes,

    'close-after': (ws, query) => ws.once('message', (data, binary) => {
        ws.send(data, { binary });
        closes(ws, query);
    }),

    terminate: ws => ws.once('message', () => ws.terminate()),

    ping: (ws, query) => {
        ws.on('pong', payload => ws.send(payload, { binary: false }));
        ws.ping(query.get('payload') ?? '');
    },

    send: (ws, query) => {
        const length = Number(query.get('bytes') ?? 0);
        const binary = query.get('type') !== 'text';
        ws.send(binary ? Uint8Array.from({ length }, (_, i) => i % 251) : 'x'.repeat(length), { binary });
    },

    flood: (ws, query) => {
        for (let i = 0; i < Number(query.get('count') ?? 100); i++) {
            ws.send(`message ${i}`);
        }
    },

    deaf: ws => ws.pause(),

    headers: (ws, _, request) => {
        ws.send(JSON.stringify({ target: request.url, headers: request.headers }));
        modes.echo(ws);
    },
};

function closes(ws, query) {
    if (query.has('code')) {
        ws.close(Number(query.get('code')), query.get('reason') ?? '');
    } else {
        ws.close();
    }
}

const server = createServer((_, response) => response.writeHead(426).end('a WebSocket server\n'));
const acceptors = Object.fromEntries([true, false].map(perMessageDeflate => [perMessageDeflate, new WebSocketServer({
    noServer: true,
    perMessageDeflate,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered, request) => {
        const wanted = new URL(request.url, 'ws://localhost').searchParams.get('subprotocol');
        return offered.has(wanted) ? wanted : false;
    },
})]));

server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const query = new URL(request.url, 'ws://localhost').searchParams;
    const mode = query.get('mode') ?? 'echo';
    if (mode === 'refuse' || !Object.hasOwn(modes, mode)) {
        const status = mode === 'refuse' ? Number(query.get('status') ?? 403) : 404;
        const body = `refused: ${mode}\n`;
        socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: close\r\n`
            + `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
        return;
    }
    acceptors[query.get('deflate') === 'true'].handleUpgrade(request, socket, head, ws => {
        ws.on('error', () => ws.terminate());
        try {
            modes[mode](ws, query, request);
        } catch (e) { // the test asked for what ws refuses to send: its mistake must not end the other connections
            console.error(`${request.url}: ${e.message}`);
            ws.terminate();
        }
    });
});

server.listen(Number(values.port), '127.0.0.1', () => console.log(server.address().port));
if (!values.stay) {
    process.stdin.resume().on('end', () => process.exit(0));
}
