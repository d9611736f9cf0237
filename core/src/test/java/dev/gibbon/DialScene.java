// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** The network of a dialer under test: each connect makes a pair in memory, whose server's end the test plays. */
final class DialScene implements Connector, AutoCloseable {
    private static final long SECONDS = 10;

    private final UnaryOperator<TransportPair.Builder> setUp;
    private final BlockingQueue<TransportPair> pairs = new LinkedBlockingQueue<>();
    private final List<TransportPair> all = new CopyOnWriteArrayList<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    DialScene() {
        this(UnaryOperator.identity());
    }

    DialScene(UnaryOperator<TransportPair.Builder> setUp) {
        this.setUp = setUp;
    }

    @Override
    public Transport connect(String host, int port) {
        TransportPair pair = setUp.apply(TransportPair.builder()).build();
        asked.add(host + " " + port);
        all.add(pair);
        pairs.add(pair);
        return pair.client();
    }

    /** {@return each host and port that was connected to} */
    List<String> asked() {
        return asked;
    }

    /** {@return all pairs so far} */
    List<TransportPair> all() {
        return all;
    }

    /** {@return the next connection} */
    TransportPair pair() throws InterruptedException {
        TransportPair pair = pairs.poll(SECONDS, TimeUnit.SECONDS);
        if (pair == null) {
            throw new AssertionError("nobody connected");
        }
        return pair;
    }

    /** {@return the server of the next connection} */
    ScriptedPeer server() throws InterruptedException {
        return ScriptedPeer.over(pair().server(), Role.SERVER);
    }

    /** Dials on a thread of its own. */
    static Dial start(Dialer dialer, String uri, Headers extra) {
        FutureTask<DialResult> task = new FutureTask<>(() -> dialer.dialForResult(URI.create(uri), extra));
        return new Dial(task, Thread.ofVirtual().start(task));
    }

    static Dial start(Dialer dialer, String uri) {
        return start(dialer, uri, Headers.of());
    }

    /** {@return what a dial to a server comes to that answers with {@code reply} and leaves} */
    Dial answered(Dialer dialer, Reply reply) throws Exception {
        Dial dial = start(dialer, "ws://example.test/chat");
        ScriptedPeer server = server();
        HttpHead request = server.expectHead();
        String answer = reply.to(request);
        server.sendRaw(answer.getBytes(StandardCharsets.ISO_8859_1));
        if (!answer.startsWith("HTTP/1.1 101")
                || !answer.contains("\r\n\r\n")) { // A connection that is open would see the end.
            server.shutdownOutput();
        }
        return dial;
    }

    Dialer.Builder dialer() {
        return Dialer.builder().connector(this);
    }

    /** {@return whether every connection was closed on the dialer's side} */
    boolean allClosed() {
        return all.stream().noneMatch(pair -> pair.client().isOpen());
    }

    @Override
    public void close() {
        all.forEach(TransportPair::close);
    }

    /** Makes a reply to a request. */
    @FunctionalInterface
    interface Reply {
        String to(HttpHead request);
    }

    /** A dial under way. */
    record Dial(FutureTask<DialResult> task, Thread thread) {
        DialResult result() throws Exception {
            return task.get(SECONDS, TimeUnit.SECONDS);
        }

        Connection connection() throws Exception {
            return result().connection();
        }

        IOException failure() throws Exception {
            try {
                DialResult result = result();
                throw new AssertionError("expected a failure, but dialled " + result.uri());
            } catch (ExecutionException e) {
                if (e.getCause() instanceof IOException failure) {
                    return failure;
                }
                throw new AssertionError("no IOException", e.getCause());
            }
        }

        HandshakeException refusal() throws Exception {
            IOException failure = failure();
            if (failure instanceof HandshakeException refusal) {
                return refusal;
            }
            throw new AssertionError("no HandshakeException", failure);
        }
    }
}
