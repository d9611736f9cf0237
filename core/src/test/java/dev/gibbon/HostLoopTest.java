// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.RawHost.Way;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that run on the event thread of a host. */
@Timeout(300)
class HostLoopTest {
    private static WebSocketHost host() {
        return WebSocketHost.builder()
                .loops(1)
                .shutdownTimeout(Duration.ofSeconds(5))
                .build();
    }

    private static RawHost raw(Listener listener) throws IOException {
        return new RawHost(
                Way.ON_THE_HOSTS_THREAD, host(), Upgrader.create(), (_, connection) -> connection.listen(listener));
    }

    @Test
    void aListenerRunsOnTheHostsThread() throws Exception {
        Listener telling = new Listener() {
            @Override
            public void onText(Connection connection, MessageView message) throws IOException {
                connection.writeText(Thread.currentThread().getName());
            }
        };
        try (RawHost raw = raw(telling);
                ScriptedPeer peer = raw.connect()) {
            peer.sendText("where?");
            peer.expectText("host-events");
        }
    }

    @Test
    void oneExecutorHasOneLoopHoweverOftenItIsAskedFor() {
        Executor events = Runnable::run;
        Executor others = task -> task.run();
        try (WebSocketHost host = host();
                WebSocketHost another = host()) {
            HostLoop loop = host.loop("events", events, () -> false);
            assertSame(loop, host.loop("the same", events, () -> true));
            assertNotSame(loop, host.loop("others", others, () -> false));
            assertNotSame(loop, another.loop("events", events, () -> false));
        }
    }

    @Test
    void whatIsWrittenOnThatThreadOutsideATurnLeaves() throws Exception {
        try (RawHost raw = raw(new Listener() {});
                ScriptedPeer peer = raw.connect()) {
            Connection connection = raw.connection();
            for (int i = 0; i < 100; i++) {
                String text = "unasked " + i;
                raw.events
                        .submit(() -> {
                            connection.writeText(text);
                            return text;
                        })
                        .get(60, TimeUnit.SECONDS);
                peer.expectText(text);
            }
            raw.events.submit(() -> connection.close(CloseCode.NORMAL, "")).get(60, TimeUnit.SECONDS);
            String _ = peer.expectClose(1000);
            peer.sendClose(1000, "");
            peer.expectEnd();
            ServerUnderTest.await("the connection stays", () -> raw.host.connectionCount() == 0);
        }
    }

    @Test
    void aCallThatMayWaitIsRefusedInATurnAndCloseDoesNotWait() throws Exception {
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        try (WebSocketServer other =
                        WebSocketServer.builder().bind("localhost", 0).start();
                RawHost raw = raw(new Listener() {
                    @Override
                    public void onText(Connection connection, MessageView message) {
                        try {
                            other.awaitShutdown();
                        } catch (IllegalStateException | InterruptedException e) {
                            boolean _ = refused.complete(e);
                        }
                    }
                });
                ScriptedPeer peer = raw.connect()) {
            peer.sendText("wait");
            Throwable thrown = refused.get(60, TimeUnit.SECONDS);
            assertTrue(thrown.getMessage().contains("host-events"), thrown.toString());
            // On the host's thread, outside a turn: it must go on elsewhere, or nobody would read
            // the answer.
            raw.events.submit(raw.host::close).get(60, TimeUnit.SECONDS);
            String _ = peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
        }
    }

    @Test
    void aHostThatHasStoppedLeavesNoConnectionBehind() throws Exception {
        CompletableFuture<String> end = new CompletableFuture<>();
        try (RawHost raw = raw(new Listener() {
                    @Override
                    public void onClose(Connection connection, CloseStatus status) {
                        boolean _ = end.complete("closed");
                    }

                    @Override
                    public void onFailure(Connection connection, WebSocketException failure) {
                        boolean _ = end.complete("failed");
                    }
                });
                ScriptedPeer peer = raw.connect()) {
            Connection connection = raw.connection();
            raw.events.shutdown();
            assertTrue(raw.events.awaitTermination(60, TimeUnit.SECONDS));
            connection.abort();
            assertEquals("failed", end.get(60, TimeUnit.SECONDS));
            assertEquals(0, raw.host.connectionCount());
            peer.expectEndOrReset();
        }
    }

    @Test
    void aLoopOfSomebodyElsesIsRefused() {
        HostLoop foreign = new HostLoop() {};
        HostStream stream = new HostStream(Runnable::run, foreign, true);
        try (WebSocketHost host = host()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> host.open(UpgradeReplyTest.accepted(Upgrader.create()), stream, ByteBuffer.allocate(0)));
            assertEquals(0, host.connectionCount());
        }
    }
}
