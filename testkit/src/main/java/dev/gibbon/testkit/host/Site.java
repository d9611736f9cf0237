// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a host serves for a {@link HostSuite}, on a free port of 127.0.0.1; and besides {@code GET /plain}, which it
 * answers by its own means with 200 and the body {@code plain}.
 *
 * @param host whose connections they are; the suite closes it
 * @param upgrader checks the opening handshakes of all paths
 * @param handlers the paths that a handler serves, such as {@code /echo}
 * @param listeners the paths that a listener serves, such as {@code /echo/event}
 * @param room serves <code>/room/{name}</code> for the name that it is given, by the host's own path parameters
 * @param tls the key that the host shows, if it is to speak TLS; else it speaks plain HTTP/1.1
 * @param idle what the host sets each of its own idle time-outs to, for reading, for writing and for requests that
 *     take long; its defaults unless given
 */
public record Site(
        WebSocketHost host,
        Upgrader upgrader,
        Map<String, ConnectionHandler> handlers,
        Map<String, Listener> listeners,
        Function<String, ConnectionHandler> room,
        Optional<TlsFiles> tls,
        Optional<Duration> idle) {
    /** Copies the maps. */
    public Site {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(upgrader, "upgrader");
        handlers = Map.copyOf(handlers);
        listeners = Map.copyOf(listeners);
        Objects.requireNonNull(room, "room");
        Objects.requireNonNull(tls, "tls");
        Objects.requireNonNull(idle, "idle");
    }
}
