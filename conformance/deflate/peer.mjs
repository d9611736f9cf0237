// SPDX-License-Identifier: Apache-2.0
//
// Gibbon's side of the judges' connections: examples/…/compression/Peer.java, which tells the commands.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const START_MILLIS = 60_000;

export class GibbonPeer {
    #process;
    #ends = new Map();
    #port;

    /** What went wrong on connections of the server, as it says itself. */
    failures = [];

    constructor([command, ...args]) {
        this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
        this.#process.on('exit', (code, signal) => {
            this.exited = signal ?? code;
            this.#ends.forEach(tell => tell(`the peer ended with ${this.exited}`));
        });
        createInterface({ input: this.#process.stdout }).on('line', line => this.#reported(line));
    }

    settings(words) {
        this.#say(`settings ${words}`);
    }

    /** Starts the server; the port it listens on. */
    serve() {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error('the peer does not serve')), START_MILLIS);
            this.#port = port => {
                clearTimeout(timer);
                resolve(port);
            };
            this.#process.once('exit', () => reject(new Error(`the peer ended with ${this.exited}`)));
            this.#say('serve');
        });
    }

    /** Has a connection opened; how it ended. */
    dial(id, set, face, url) {
        return new Promise(resolve => {
            this.#ends.set(id, resolve);
            this.#say(`dial ${id} ${set} ${face} ${url}`);
        });
    }

    /** Ends the peer; its status. */
    async stop() {
        if (this.exited === undefined) {
            this.#process.stdin.end();
            await new Promise(resolve => this.#process.once('exit', resolve));
        }
        return this.exited;
    }

    #say(line) {
        this.#process.stdin.write(`${line}\n`);
    }

    #reported(line) {
        const [word, subject] = line.split(' ', 2);
        const rest = line.slice(word.length + subject.length + 2);
        if (word === 'port') {
            this.#port(Number(subject));
        } else if (word === 'ended') {
            this.#ends.get(Number(subject))(rest);
            this.#ends.delete(Number(subject));
        } else {
            this.failures.push(`${subject}: ${rest}`);
        }
    }
}
