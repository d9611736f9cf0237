// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.QueuePolicy;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** A site that a host serves, and clients for it. */
final class Scene implements AutoCloseable {
    static final String ADDRESS = "127.0.0.1";

    /** What may wait for one peer. */
    static final int QUEUE_BYTES = 256 * 1024;

    static final int MAX_MESSAGE_BYTES = 64 << 20;

    final Served served = new Served();
    final Site site;
    private final RunningHost running;
    private final HostSuite suite;
    private final AtomicBoolean stopped = new AtomicBoolean();

    Scene(HostSuite suite, Optional<TlsFiles> tls, Optional<Duration> idle) throws Exception {
        this.suite = suite;
        WebSocketHost host = WebSocketHost.builder()
                .loops(2)
                .shutdownTimeout(Duration.ofSeconds(30))
                .build();
        this.site = new Site(host, upgrader(), served.handlers(), served.listeners(), served::room, tls, idle);
        try {
            this.running = suite.start(site);
        } catch (Exception | Error e) {
            host.close();
            throw e;
        }
    }

    private static Upgrader upgrader() {
        return Upgrader.builder()
                .subprotocols("first", "second")
                .permessageDeflate(PermessageDeflate.defaults())
                .options(options())
                .build();
    }

    /** Nothing ends for want of time: what a host does not tell must not come to light in that way. */
    static ConnectionOptions options() {
        return ConnectionOptions.builder()
                .maxMessageBytes(MAX_MESSAGE_BYTES)
                .maxQueuedBytes(QUEUE_BYTES, QueuePolicy.BLOCK)
                .writeTimeout(Duration.ofMinutes(10))
                .messageTimeout(Duration.ofMinutes(10))
                .noIdleTimeout()
                .noKeepalive()
                .build();
    }

    String authority() {
        return ADDRESS + ":" + running.port();
    }

    String upgradeRequest(String path, String... fields) {
        return HttpHead.upgradeRequest(authority(), path, fields);
    }

    /** {@return a client that has sent that and has the head of the answer} */
    ScriptedPeer send(String request) throws IOException {
        int port = running.port();
        return site.tls().isPresent()
                ? ScriptedPeer.overHttp(ADDRESS, port, site.tls().orElseThrow().context(), request)
                : ScriptedPeer.overHttp(ADDRESS, port, request);
    }

    /** {@return a client with an open connection} */
    ScriptedPeer open(String path, String... fields) throws IOException {
        return send(upgradeRequest(path, fields)).expectUpgraded();
    }

    /** {@return a client with an open connection, and the same on this side} */
    Pair pair(String path) throws IOException, InterruptedException {
        served.opened.clear();
        ScriptedPeer peer = open(path);
        return new Pair(peer, Await.next("no connection of " + path, served.opened));
    }

    record Pair(ScriptedPeer peer, Connection connection) {}

    /** {@return the library's own client, open, with compression if the server agrees} */
    Connection dial(String path) throws IOException {
        Dialer.Builder dialer = Dialer.builder()
                .options(options())
                .handshakeTimeout(Duration.ofMinutes(1))
                .permessageDeflate(PermessageDeflate.defaults());
        site.tls().ifPresent(tls -> dialer.tls(tls.context()));
        String scheme = site.tls().isPresent() ? "wss://" : "ws://";
        return dialer.build().dial(URI.create(scheme + authority() + path));
    }

    /** {@return the body of a response whose head is {@code head}} */
    static String body(ScriptedPeer peer, HttpHead head) {
        if (head.header("Transfer-Encoding").filter("chunked"::equalsIgnoreCase).isPresent()) {
            StringBuilder body = new StringBuilder();
            for (int size = chunk(peer); size > 0; size = chunk(peer)) {
                body.append(text(peer.expectBytes(size)));
                line(peer);
            }
            line(peer);
            return body.toString();
        }
        String length = head.header("Content-Length")
                .orElseThrow(() -> new AssertionError("a body of unknown length:\n" + head));
        return text(peer.expectBytes(Integer.parseInt(length)));
    }

    private static int chunk(ScriptedPeer peer) {
        return Integer.parseInt(line(peer).strip(), 16);
    }

    private static String line(ScriptedPeer peer) {
        StringBuilder line = new StringBuilder();
        while (line.indexOf("\r\n") < 0) {
            line.append(text(peer.expectBytes(1)));
        }
        return line.toString();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    int connectionCount() {
        return suite.connectionCount(site, running);
    }

    void awaitNone() throws InterruptedException {
        awaitCount(0);
    }

    void awaitCount(int expected) throws InterruptedException {
        Await.until(() -> connectionCount() + " connections, not " + expected, () -> connectionCount() == expected);
    }

    /** Waits until no handler is at work and every listener was told of its connections' ends. */
    void awaitIdle() throws InterruptedException {
        Await.until(() -> served.atWork + " connections are served still", () -> served.atWork.get() == 0);
    }

    void closeConnections() throws Exception {
        suite.closeConnections(site, running);
    }

    /** Stops the server, the first time. */
    void stop() throws Exception {
        if (stopped.compareAndSet(false, true)) {
            running.close();
        }
    }

    /** Closes the connections, and stops the server then. */
    @Override
    public void close() throws Exception {
        try {
            closeConnections();
        } finally {
            stop();
            site.host().close();
        }
    }
}
