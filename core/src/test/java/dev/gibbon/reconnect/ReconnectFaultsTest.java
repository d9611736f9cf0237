// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import static dev.gibbon.reconnect.ReconnectHarness.failedFor;
import static dev.gibbon.reconnect.ReconnectHarness.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialResult;
import dev.gibbon.Dialer;
import dev.gibbon.LogLines;
import dev.gibbon.Message;
import dev.gibbon.WebSocketServer;
import dev.gibbon.reconnect.ReconnectException.Reason;
import dev.gibbon.reconnect.ReconnectingClient.OutboxPolicy;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Code of the application that throws where a client calls it: one line in the log, which names the connection or the
 * target, and neither this client's other work nor another client notices.
 */
@Timeout(60)
class ReconnectFaultsTest {
    private static final String NAME = "bug-of-this-test";
    private static final String TARGET = "ws://server.test";

    private final LogLines log = LogLines.record();
    private final ReconnectHarness harness = new ReconnectHarness();
    private final ReconnectHarness others = new ReconnectHarness();
    private ReconnectingClient other;
    private ScriptedPeer otherPeer;

    @BeforeEach
    void startAnother() throws Exception {
        other = others.builder().start();
        otherPeer = others.accept();
        others.expectEvent("connected");
    }

    /** The other client works as before; then it ends. */
    @AfterEach
    void theOtherIsUnharmed() throws Exception {
        otherPeer.sendText("still");
        assertEquals("still", text(other.readMessage()));
        otherPeer.close();
        other.close();
        log.close();
    }

    private static IllegalStateException bug() {
        return new IllegalStateException(NAME);
    }

    private static void throwOne(String what) throws IOException {
        switch (what) {
            case "unchecked" -> throw bug();
            case "error" -> throw new AssertionError(NAME);
            default -> throw new IOException(NAME);
        }
    }

    private static String text(Message message) {
        return Optional.ofNullable(message).map(Message::text).orElse("nothing");
    }

    /** The one line about what was thrown; it was written before what the test has seen by now. */
    private void theLine(String... parts) {
        List<LogRecord> lines = log.warnings(_ -> true).stream()
                .filter(line -> String.valueOf(line.getThrown()).contains(NAME))
                .toList();
        assertEquals(1, lines.size(), lines::toString);
        for (String part : parts) {
            assertTrue(lines.getFirst().getMessage().contains(part), lines.getFirst()::getMessage);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"unchecked", "error", "checked"})
    void aResumeHookThatThrowsClosesWith1011AndIsTriedAgain(String what) throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        ReconnectingClient client = harness.builder()
                .resume(_ -> {
                    if (first.getCount() > 0) {
                        first.countDown();
                        throwOne(what);
                    }
                })
                .start();
        ScriptedPeer peer = harness.accept();
        peer.expectClose(1011, "");
        peer.sendClose(1011, "");
        peer.close();
        harness.expectEvent("retry 1 in PT1S after IOException");
        theLine("resume hook", "CLIENT");
        harness.clock.advance(Duration.ofSeconds(1));
        ScriptedPeer second = harness.accept();
        harness.expectEvent("connected");
        second.close();
        client.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"unchecked", "error"})
    void aRequestHookThatThrowsIsLoggedAndTriedAgain(String what) throws Exception {
        ReconnectingClient client = harness.builder()
                .request((target, retry) -> {
                    if (retry == 0) {
                        throwOne(what);
                    }
                    return target;
                })
                .start();
        Future<?> receipt = client.sendText("queued");
        harness.expectEvent("retry 1 in PT1S after IOException");
        theLine("request hook", TARGET);
        assertFalse(receipt.isDone());
        harness.clock.advance(Duration.ofSeconds(1));
        ScriptedPeer peer = harness.accept();
        peer.expectText("queued");
        harness.expectEvent("connected");
        peer.close();
        client.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"unchecked", "error"})
    void aRetryPolicyThatThrowsIsLoggedAndEndsItsClientAlone(String what) throws Exception {
        ReconnectingClient client = harness.builder()
                .retryPolicy(_ -> {
                    if ("error".equals(what)) {
                        throw new AssertionError(NAME);
                    }
                    throw bug();
                })
                .start();
        Future<?> receipt = client.sendText("never");
        harness.refuse(503);
        harness.expectEvent("gave up after IllegalStateException");
        theLine("retry policy", TARGET);
        ReconnectException end = failedFor(Reason.STOPPED, failure(receipt));
        assertTrue(end.getCause() instanceof IllegalStateException, String.valueOf(end.getCause()));
        harness.expectNothingLeft(client);
    }

    @Test
    void aListenerThatThrowsWhenToldOfADroppedMessageIsLoggedAndTheNewerOneIsSent() throws Exception {
        CountDownLatch dropped = new CountDownLatch(1);
        Message[] told = new Message[1];
        ReconnectingClient client = harness.builder()
                .outbox(OutboxPolicy.DROP_OLDEST, 1, 100)
                .listener(new ReconnectListener() {
                    @Override
                    public void dropped(Message message) {
                        told[0] = message;
                        dropped.countDown();
                        throw bug();
                    }
                })
                .start();
        Message old = Message.text("old");
        Future<?> first = client.send(old);
        Future<?> second = client.sendText("new");
        assertEquals(0, dropped.getCount(), "told on the sender's own thread");
        assertSame(old, told[0]);
        theLine("listener", TARGET);
        failedFor(Reason.OUTBOX_FULL, failure(first));
        ScriptedPeer peer = harness.accept();
        peer.expectText("new");
        ReconnectHarness.result(second);
        peer.close();
        client.close();
    }

    @Test
    void aListenerThatThrowsWhenConnectedIsLogged() throws Exception {
        ReconnectingClient client = harness.builder()
                .listener(new ReconnectListener() {
                    @Override
                    public void connected(DialResult result) {
                        throw new AssertionError(NAME);
                    }
                })
                .start();
        ScriptedPeer peer = harness.accept();
        peer.sendText("on");
        assertEquals("on", text(client.readMessage()));
        theLine("listener", TARGET);
        peer.close();
        client.close();
    }

    @Test
    void aPeerWhoseHandlerThrewIsTriedAgain() throws Exception {
        CountDownLatch retried = new CountDownLatch(2);
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("127.0.0.1", 0)
                        .serve("/feed", ws -> {
                            ws.writeText("once more");
                            throw bug();
                        })
                        .start();
                ReconnectingClient client = ReconnectingClient.builder(
                                Dialer.create(), URI.create("ws://127.0.0.1:" + server.port() + "/feed"))
                        .backoff(Backoff.of(Duration.ofMillis(1), Duration.ofMillis(1), 2))
                        .listener(new ReconnectListener() {
                            @Override
                            public void retrying(Exception cause, Duration delay, int retry) {
                                retried.countDown();
                            }
                        })
                        .start()) {
            while (retried.getCount() > 0) {
                assertEquals("once more", text(client.readMessage()));
            }
        }
    }
}
