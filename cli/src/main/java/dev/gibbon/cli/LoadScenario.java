// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.net.URI;
import java.time.Duration;
import java.util.OptionalDouble;

/**
 * What a load is to be.
 *
 * @param mode what is done
 * @param uri where
 * @param connections how many connections; in a broadcast those that receive
 * @param depth how many messages each keeps in flight
 * @param size the bytes of each message
 * @param content what they are made of
 * @param warmup the time that is not counted
 * @param duration the time that is
 * @param threads the event loops that do it
 * @param concurrency how many connections are opened, or closed, at a time
 * @param rate broadcasts per second; empty for one in flight
 * @param echo whether a handshake is followed by an echo
 * @param exchanges how many messages a connection has echoed before it is left alone
 * @param patience how long to wait for what is outstanding at the end
 */
record LoadScenario(
        LoadMode mode,
        URI uri,
        int connections,
        int depth,
        int size,
        LoadContent content,
        Duration warmup,
        Duration duration,
        int threads,
        int concurrency,
        OptionalDouble rate,
        boolean echo,
        int exchanges,
        Duration patience) {
    LoadPayloads payloads() {
        return new LoadPayloads(content, size);
    }
}
