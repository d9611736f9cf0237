// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageView;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.host.Site;
import dev.gibbon.testkit.host.TlsFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What is served for the tests of HTTP/2, and what is known of it. */
final class Scenes implements AutoCloseable {
    static final int LARGE = 16 << 20;

    private final WebSocketHost host = WebSocketHost.builder().build();
    private final BlockingQueue<Connection> served = new LinkedBlockingQueue<>();
    private final CountDownLatch mayRead = new CountDownLatch(1);

    Site site(Optional<TlsFiles> tls, Optional<Duration> idle) {
        ConnectionOptions options = ConnectionOptions.builder()
                .maxMessageBytes(LARGE)
                .maxFrameBytes(LARGE)
                .build();
        Upgrader upgrader = Upgrader.builder()
                .options(options)
                .subprotocols("chat")
                .permessageDeflate(PermessageDeflate.builder()
                        .serverNoContextTakeover(false)
                        .clientNoContextTakeover(false)
                        .build())
                .build();
        return new Site(
                host,
                upgrader,
                Map.of(
                        "/echo",
                        ws -> ws.forEachMessage(ws::writeMessage),
                        "/late",
                        this::readLate,
                        "/flood",
                        this::flood),
                Map.of("/echo/event", new Echo()),
                name -> ws -> obey(ws, name),
                tls,
                idle);
    }

    private static void echo(Connection ws) throws IOException {
        ws.forEachMessage(ws::writeMessage);
    }

    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }

    private void obey(Connection ws, String name) throws IOException {
        served.add(ws);
        for (Message message; (message = ws.readMessage()) != null; ) {
            switch (message.text()) {
                case "name" -> ws.writeText(name);
                case "bye" -> ws.close(new CloseCode(4001), "bye");
                case "throw" -> throw new IllegalStateException("on purpose");
                default -> ws.writeMessage(message);
            }
        }
    }

    /** Echoes once it is let. */
    private void readLate(Connection ws) throws Exception {
        served.add(ws);
        mayRead.await();
        echo(ws);
    }

    /** Sends as much as the peer takes. */
    private void flood(Connection ws) throws IOException {
        served.add(ws);
        while (true) {
            ws.writeBinary(new byte[LARGE / 16]);
        }
    }

    void letRead() {
        mayRead.countDown();
    }

    WebSocketHost host() {
        return host;
    }

    /** {@return the server's end of a connection, the next that is served} */
    Connection served() throws InterruptedException {
        Connection connection = served.poll(1, TimeUnit.MINUTES);
        if (connection == null) {
            throw new AssertionError("nothing is served within a minute");
        }
        return connection;
    }

    void awaitCount(int count) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (host.connectionCount() != count) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(host.connectionCount() + " connections after a minute, not " + count);
            }
            Thread.sleep(5);
        }
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Override
    public void close() {
        letRead();
        host.close();
    }
}
