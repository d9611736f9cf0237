// SPDX-License-Identifier: Apache-2.0
// ws as its README has it, with bufferutil, which it takes up by itself. utf-8-validate is for Node before 18.14 alone.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';

const [port, cert, key] = process.argv.slice(2);
const { PEERS_DEFLATE: deflate, PEERS_DEFLATE_LEVEL: level = 1 } = process.env;
const options = {
  noServer: true,
  maxPayload: 64 << 20,
  perMessageDeflate: Boolean(deflate) && {
    ...(deflate === '1' && { serverNoContextTakeover: true, clientNoContextTakeover: true }),
    zlibDeflateOptions: { level: Number(level) },
    threshold: 0,
  },
};

const echo = new WebSocketServer({ ...options, clientTracking: false });
echo.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, binary) => ws.send(data, { binary }));
});

const broadcast = new WebSocketServer(options);
broadcast.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, binary) => {
    for (const client of broadcast.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary });
    }
  });
});

const server = cert ? createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }) : createServer();
server.on('upgrade', (request, socket, head) => {
  const route = { '/echo': echo, '/broadcast': broadcast }[request.url];
  if (!route) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  route.handleUpgrade(request, socket, head, (ws) => route.emit('connection', ws, request));
});
server.listen({ port: Number(port), host: '0.0.0.0', backlog: 4096 }, () => console.log('ready'));
