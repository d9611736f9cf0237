// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import static dev.gibbon.reconnect.ReconnectHarness.accept;
import static dev.gibbon.reconnect.ReconnectHarness.close;
import static dev.gibbon.reconnect.ReconnectHarness.failedFor;
import static dev.gibbon.reconnect.ReconnectHarness.failure;
import static dev.gibbon.reconnect.ReconnectHarness.inBackground;
import static dev.gibbon.reconnect.ReconnectHarness.result;
import static dev.gibbon.reconnect.ReconnectHarness.thrownFor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ConnectionClosedException;
import dev.gibbon.DialResult;
import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Message;
import dev.gibbon.Role;
import dev.gibbon.reconnect.ReconnectException.Reason;
import dev.gibbon.reconnect.ReconnectingClient.OutboxPolicy;
import dev.gibbon.reconnect.ReconnectingClient.Request;
import dev.gibbon.reconnect.ReconnectingClient.State;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class ReconnectingClientTest {
    private final ReconnectHarness harness = new ReconnectHarness();

    private static String text(Message message) {
        return Objects.requireNonNull(message, "message").text();
    }

    private void advance(int seconds) {
        harness.clock.advance(Duration.ofSeconds(seconds));
    }

    /** Closes a client whose server answers. */
    private void end(ReconnectingClient client, ScriptedPeer peer) throws Exception {
        Future<Boolean> closing = inBackground(() -> {
            client.close();
            return true;
        });
        peer.expectClose(1000);
        peer.sendClose(1000, "");
        peer.close();
        assertTrue(result(closing));
        harness.expectEvent("disconnected 1000");
        harness.expectNothingLeft(client);
    }

    @Nested
    class Connections {
        @Test
        void readingGoesOnAcrossConnections() throws Exception {
            ReconnectingClient client = harness.builder().start();
            ScriptedPeer first = harness.accept();
            harness.expectEvent("connected");
            assertEquals(State.CONNECTED, client.state());
            first.sendText("one");
            assertEquals("one", text(client.readMessage()));
            close(first, 1012);
            harness.expectEvent("disconnected 1012");
            harness.expectEvent("retry 1 in PT1S after 1012");
            assertEquals(State.WAITING, client.state());
            advance(1);
            ScriptedPeer second = harness.accept();
            harness.expectEvent("connected");
            second.sendText("two");
            assertEquals("two", text(client.readMessage()));
            end(client, second);
            assertNull(client.readMessage());
        }

        @Test
        void aTryIsNotMadeBeforeItsTime() throws Exception {
            ReconnectingClient client = harness.builder().start();
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            harness.clock.advance(Duration.ofMillis(999));
            assertEquals(State.WAITING, client.state());
            harness.clock.advance(Duration.ofMillis(1));
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void aConnectionWithoutACloseFrameIsLost() throws Exception {
            ReconnectingClient client = harness.builder().start();
            harness.accept().close();
            harness.expectEvent("connected");
            harness.expectEvent("disconnected 1006");
            harness.expectEvent("retry 1 in PT1S after 1006");
            harness.expectNothingLeft(client);
        }

        @Test
        void waitsGrowUntilAConnectionWasStable() throws Exception {
            ReconnectingClient client =
                    harness.builder().stableAfter(Duration.ofSeconds(10)).start();
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            advance(1);
            ScriptedPeer shortLived = harness.accept();
            harness.expectEvent("connected");
            advance(9);
            close(shortLived, 1001);
            harness.expectEvent("disconnected 1001");
            harness.expectEvent("retry 2 in PT2S after 1001");
            advance(2);
            ScriptedPeer stable = harness.accept();
            harness.expectEvent("connected");
            advance(10);
            close(stable, 1001);
            harness.expectEvent("disconnected 1001");
            harness.expectEvent("retry 1 in PT1S after 1001");
            harness.expectNothingLeft(client);
        }

        @Test
        void theNextDialWaitsForTheEndOfTheClosingHandshake() throws Exception {
            ReconnectingClient client = harness.builder().start();
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            peer.sendClose(1001, "");
            peer.expectClose(1001);
            harness.expectEvent("disconnected 1001");
            assertEquals(State.CONNECTED, client.state(), "the server has not ended the transport");
            peer.close();
            harness.expectEvent("retry 1 in PT1S after 1001");
            harness.expectNothingLeft(client);
        }

        @Test
        void aListenerThatThrowsChangesNothing() throws Exception {
            CountDownLatch told = new CountDownLatch(1);
            ReconnectingClient client = harness.builder()
                    .listener(new ReconnectListener() {
                        @Override
                        public void connected(DialResult result) {
                            told.countDown();
                            throw new IllegalStateException(
                                    "a listener's own trouble, expected in the log of this test");
                        }
                    })
                    .start();
            ScriptedPeer peer = harness.accept();
            told.await();
            peer.sendText("on");
            assertEquals("on", text(client.readMessage()));
            peer.close();
            harness.expectNothingLeft(client);
        }
    }

    @Nested
    class Requests {
        @Test
        void eachTryMayHaveItsOwnAddressAndHeaders() throws Exception {
            AtomicInteger token = new AtomicInteger();
            ReconnectingClient client = harness.builder()
                    .headers(Headers.of("X-Client", "7"))
                    .request((target, retry) -> new Request(
                            target.uri().resolve("/try" + retry),
                            Headers.builder()
                                    .addAll(target.headers())
                                    .add("Authorization", "Bearer " + token.incrementAndGet())
                                    .build()))
                    .start();
            var first = harness.refuse(503);
            assertEquals("GET /try0 HTTP/1.1", first.startLine());
            assertEquals("7", first.header("X-Client").orElseThrow());
            assertEquals("Bearer 1", first.header("Authorization").orElseThrow());
            harness.expectEvent("retry 1 in PT1S after status 503");
            advance(1);
            var second = harness.refuse(503);
            assertEquals("GET /try1 HTTP/1.1", second.startLine());
            assertEquals("Bearer 2", second.header("Authorization").orElseThrow());
            harness.expectEvent("retry 2 in PT2S after status 503");
            harness.expectNothingLeft(client);
        }

        @Test
        void aRequestHookThatFailsIsAFailedTry() throws Exception {
            ReconnectingClient client = harness.builder()
                    .request((target, retry) -> {
                        if (retry == 0) {
                            throw new IllegalStateException("no token");
                        }
                        return target;
                    })
                    .start();
            harness.expectEvent("retry 1 in PT1S after IOException");
            advance(1);
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void anAddressThatIsNoneEndsTheClient() throws Exception {
            ReconnectingClient client = harness.builder()
                    .request((_, _) -> new Request(URI.create("ftp://server.test/"), Headers.of()))
                    .start();
            harness.expectEvent("gave up after IllegalArgumentException");
            harness.expectNothingLeft(client);
        }
    }

    @Nested
    class RetryAfterHeader {
        @Test
        void secondsAreWaitedInAdditionToTheJitter() throws Exception {
            ReconnectingClient client = harness.builder().start();
            harness.refuse(429, "Retry-After: 100");
            harness.expectEvent("retry 1 in PT1M41S after status 429");
            advance(100);
            assertEquals(State.WAITING, client.state());
            advance(1);
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void aDateIsWaitedFor() throws Exception {
            ReconnectingClient client = harness.builder()
                    .wallClock(InstantSource.fixed(Instant.parse("1994-11-06T08:49:07Z")))
                    .start();
            harness.refuse(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT");
            harness.expectEvent("retry 1 in PT31S after status 503");
            harness.expectNothingLeft(client);
        }

        @Test
        void theWaitIsBounded() throws Exception {
            ReconnectingClient client =
                    harness.builder().maxRetryAfter(Duration.ofSeconds(20)).start();
            harness.refuse(503, "Retry-After: 99999999999");
            harness.expectEvent("retry 1 in PT21S after status 503");
            harness.expectNothingLeft(client);
        }
    }

    @Nested
    class TheEnd {
        @ParameterizedTest
        @ValueSource(ints = {1000, 1005})
        void aPeerThatIsDoneEndsReadingWithNull(int code) throws Exception {
            ReconnectingClient client = harness.builder().start();
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            peer.sendText("last");
            assertEquals("last", text(client.readMessage()));
            if (code == 1005) {
                peer.sendClose();
                peer.expectCloseWithoutCode();
                peer.close();
            } else {
                close(peer, code);
            }
            harness.expectEvent("disconnected " + code);
            harness.expectEvent("gave up after " + code);
            assertNull(client.readMessage());
            assertNull(client.readMessage());
            thrownFor(Reason.STOPPED, () -> client.sendText("late"));
            harness.expectNothingLeft(client);
        }

        @Test
        void givingUpIsReportedToReadersAndSenders() throws Exception {
            ReconnectingClient client = harness.builder().start();
            Future<?> receipt = client.sendText("never");
            harness.refuse(401);
            harness.expectEvent("gave up after status 401");
            ReconnectException read = thrownFor(Reason.STOPPED, client::readMessage);
            assertEquals(
                    401,
                    assertInstanceOf(HandshakeException.class, read.getCause()).status());
            thrownFor(Reason.STOPPED, client::readMessage);
            failedFor(Reason.STOPPED, failure(receipt));
            harness.expectNothingLeft(client);
        }

        @Test
        void aClassifierOfTheCallersDecides() throws Exception {
            ReconnectingClient client = harness.builder()
                    .retryPolicy(cause -> cause instanceof HandshakeException
                            ? RetryPolicy.Decision.retryAfter(Duration.ofSeconds(7))
                            : RetryPolicy.Decision.giveUp())
                    .start();
            harness.refuse(401, "Retry-After: 100");
            harness.expectEvent("retry 1 in PT8S after status 401");
            advance(8);
            harness.accept().close();
            harness.expectEvent("connected");
            harness.expectEvent("disconnected 1006");
            harness.expectEvent("gave up after 1006");
            harness.expectNothingLeft(client);
        }

        @Test
        void aClassifierThatThrowsEndsTheClient() throws Exception {
            ReconnectingClient client = harness.builder()
                    .retryPolicy(_ -> {
                        throw new UnsupportedOperationException();
                    })
                    .start();
            harness.refuse(503);
            harness.expectEvent("gave up after UnsupportedOperationException");
            harness.expectNothingLeft(client);
        }

        @Test
        void triesAreBoundedIfAskedFor() throws Exception {
            harness.unreachable(new ConnectException("refused"));
            ReconnectingClient client = harness.builder().maxRetries(2).start();
            harness.expectEvent("retry 1 in PT1S after ConnectException");
            advance(1);
            harness.expectEvent("retry 2 in PT2S after ConnectException");
            advance(2);
            harness.expectEvent("gave up after ConnectException");
            harness.expectNothingLeft(client);
        }

        @Test
        void closingWhileItWaitsEndsItAtOnce() throws Exception {
            ReconnectingClient client = harness.builder().start();
            Future<?> receipt = client.sendText("never");
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            client.close();
            failedFor(Reason.STOPPED, failure(receipt));
            assertNull(client.readMessage());
            harness.expectNothingLeft(client);
        }

        @Test
        void closingDuringADialEndsIt() throws Exception {
            ReconnectingClient client = harness.builder().start();
            MemoryTransport server = harness.dialled();
            ScriptedPeer.over(server, Role.SERVER).expectHead(); // And no answer.
            client.close();
            harness.expectNothingLeft(client);
        }

        @Test
        void closingDuringTheResumeHookInterruptsIt() throws Exception {
            CountDownLatch inHook = new CountDownLatch(1);
            ReconnectingClient client = harness.builder()
                    .resume(connection -> {
                        inHook.countDown();
                        assertNull(connection.readMessage());
                    })
                    .start();
            ScriptedPeer peer = harness.accept();
            inHook.await();
            client.close();
            peer.close();
            harness.expectNothingLeft(client);
        }

        @Test
        void closingSendsTheOutboxFirst() throws Exception {
            CountDownLatch goOn = new CountDownLatch(1);
            ReconnectingClient client = harness.builder().start();
            Future<?> first = client.sendText("first").thenRun(() -> {
                try {
                    goOn.await(); // Holds up the thread that sends: the receipt cannot be there yet.
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            Future<?> second = client.sendText("second");
            Future<Boolean> closing = inBackground(() -> {
                client.close();
                return true;
            });
            peer.expectText("first");
            goOn.countDown();
            peer.expectText("second");
            peer.expectClose(1000);
            peer.sendClose(1000, "");
            peer.close();
            assertTrue(result(closing));
            result(first);
            result(second);
            harness.expectEvent("disconnected 1000");
            harness.expectNothingLeft(client);
        }

        @Test
        void closingThrowsAwayWhatWasNotRead() throws Exception {
            ReconnectingClient client = harness.builder().start();
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            peer.sendText("ahead");
            peer.sendText("unread");
            end(client, peer);
            assertNull(client.readMessage());
        }

        @Test
        void aListenerMayCloseTheClient() throws Exception {
            AtomicBoolean closed = new AtomicBoolean();
            CountDownLatch ready = new CountDownLatch(1);
            ReconnectingClient[] self = new ReconnectingClient[1];
            ReconnectingClient client = harness.builder()
                    .listener(new ReconnectListener() {
                        @Override
                        public void retrying(Exception cause, Duration delay, int retry) {
                            try {
                                ready.await();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                            self[0].close();
                            closed.set(true);
                        }
                    })
                    .start();
            self[0] = client;
            harness.refuse(503);
            ready.countDown();
            assertNull(client.readMessage());
            harness.expectNothingLeft(client);
            assertTrue(closed.get());
        }

        @Test
        void interruptingAReaderHarmsNothing() throws Exception {
            ReconnectingClient client = harness.builder().start();
            AtomicBoolean flag = new AtomicBoolean();
            AtomicBoolean threw = new AtomicBoolean();
            Thread reader = Thread.ofVirtual().start(() -> {
                try {
                    client.readMessage();
                } catch (InterruptedIOException _) {
                    threw.set(true);
                    flag.set(Thread.currentThread().isInterrupted());
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            ScriptedPeer peer = harness.accept();
            harness.expectEvent("connected");
            reader.interrupt();
            reader.join();
            assertTrue(threw.get());
            assertTrue(flag.get());
            peer.sendText("still here");
            assertEquals("still here", text(client.readMessage()));
            end(client, peer);
        }
    }

    @Nested
    class Resuming {
        @Test
        void theHookComesBeforeTheOutboxOnEveryConnection() throws Exception {
            AtomicInteger lastId = new AtomicInteger(10);
            ReconnectingClient client = harness.builder()
                    .resume(connection -> {
                        connection.writeText("since " + lastId.getAndIncrement());
                        assertEquals("resumed", text(connection.readMessage()));
                    })
                    .start();
            Future<?> queued = client.sendText("queued");
            ScriptedPeer first = harness.accept();
            first.expectText("since 10");
            assertFalse(queued.isDone());
            assertEquals(State.CONNECTING, client.state());
            first.sendText("resumed");
            first.expectText("queued");
            result(queued);
            harness.expectEvent("connected");
            close(first, 1012);
            harness.expectEvent("disconnected 1012");
            harness.expectEvent("retry 1 in PT1S after 1012");
            Future<?> meanwhile = client.sendText("meanwhile");
            advance(1);
            ScriptedPeer second = harness.accept();
            second.expectText("since 11");
            second.sendText("resumed");
            second.expectText("meanwhile");
            result(meanwhile);
            harness.expectEvent("connected");
            end(client, second);
        }

        @Test
        void aHookThatFailsIsAFailedTry() throws Exception {
            AtomicInteger tries = new AtomicInteger();
            ReconnectingClient client = harness.builder()
                    .resume(_ -> {
                        if (tries.getAndIncrement() == 0) {
                            throw new IllegalStateException("not subscribed");
                        }
                    })
                    .start();
            Future<?> queued = client.sendText("queued");
            ScriptedPeer first = harness.accept();
            first.expectClose(1011);
            first.sendClose(1011, "");
            first.close();
            harness.expectEvent("retry 1 in PT1S after IOException");
            assertFalse(queued.isDone());
            advance(1);
            ScriptedPeer second = harness.accept();
            second.expectText("queued");
            result(queued);
            harness.expectEvent("connected");
            end(client, second);
        }

        @Test
        void aHookThatTakesTooLongLosesItsConnection() throws Exception {
            CountDownLatch inHook = new CountDownLatch(1);
            ReconnectingClient client = harness.builder()
                    .resumeTimeout(Duration.ofSeconds(3))
                    .resume(connection -> {
                        inHook.countDown();
                        connection.readMessage();
                    })
                    .start();
            ScriptedPeer peer = harness.accept();
            inHook.await();
            advance(3);
            harness.expectEvent("retry 1 in PT1S after 1006");
            peer.close();
            harness.expectNothingLeft(client);
        }

        @Test
        void aHookThatWaitsForAReceiptIsBoundInTime() throws Exception {
            CompletableFuture<ReconnectingClient> itself = new CompletableFuture<>();
            CompletableFuture<CompletableFuture<?>> waiting = new CompletableFuture<>();
            CompletableFuture<Boolean> returned = new CompletableFuture<>();
            ReconnectingClient client = harness.builder()
                    .resumeTimeout(Duration.ofSeconds(3))
                    .resume(_ -> {
                        if (waiting.isDone()) {
                            return;
                        }
                        CompletableFuture<?> receipt = itself.join().sendText("subscribe");
                        waiting.complete(receipt);
                        receipt.join(); // It cannot come before the hook has returned, and heeds no interrupt.
                        returned.complete(true);
                    })
                    .start();
            itself.complete(client);
            ScriptedPeer first = harness.accept();
            CompletableFuture<?> receipt = result(waiting);
            advance(3);
            harness.expectEvent("retry 1 in PT1S after 1006");
            assertFalse(receipt.isDone());
            first.close();
            advance(1);
            ScriptedPeer second = harness.accept();
            second.expectText("subscribe");
            harness.expectEvent("connected");
            result(returned);
            end(client, second);
        }

        @Test
        void closingEndsAHookThatWaitsForAReceipt() throws Exception {
            CompletableFuture<ReconnectingClient> itself = new CompletableFuture<>();
            CompletableFuture<CompletableFuture<?>> waiting = new CompletableFuture<>();
            ReconnectingClient client = harness.builder()
                    .resume(_ -> {
                        CompletableFuture<?> receipt = itself.join().sendText("subscribe");
                        waiting.complete(receipt);
                        receipt.join();
                    })
                    .start();
            itself.complete(client);
            ScriptedPeer peer = harness.accept();
            CompletableFuture<?> receipt = result(waiting);
            Future<?> closing = inBackground(() -> {
                client.close();
                return null;
            });
            failedFor(Reason.STOPPED, failure(receipt));
            peer.close();
            result(closing);
            harness.expectNothingLeft(client);
        }

        @Test
        void closingLeavesAHookBehindThatHeedsNothing() throws Exception {
            CountDownLatch inHook = new CountDownLatch(1);
            CountDownLatch interrupted = new CountDownLatch(1);
            AtomicBoolean letGo = new AtomicBoolean();
            ReconnectingClient client = harness.builder()
                    .resumeTimeout(Duration.ofSeconds(3))
                    .resume(_ -> {
                        inHook.countDown();
                        while (!letGo.get()) {
                            LockSupport.parkNanos(1_000_000);
                            if (Thread.interrupted()) {
                                interrupted.countDown();
                            }
                        }
                    })
                    .start();
            ScriptedPeer peer = harness.accept();
            inHook.await();
            Future<?> closing = inBackground(() -> {
                client.close();
                return null;
            });
            interrupted.await();
            advance(2);
            assertFalse(closing.isDone());
            advance(1);
            result(closing);
            peer.close();
            letGo.set(true);
            harness.expectNothingLeft(client);
        }

        @Test
        void closingInsideTheHookReturnsAtOnce() throws Exception {
            CompletableFuture<ReconnectingClient> itself = new CompletableFuture<>();
            CompletableFuture<Boolean> returned = new CompletableFuture<>();
            ReconnectingClient client = harness.builder()
                    .resume(_ -> {
                        itself.join().close();
                        returned.complete(true);
                    })
                    .start();
            itself.complete(client);
            ScriptedPeer peer = harness.accept();
            result(returned);
            peer.expectClose(1000);
            peer.sendClose(1000, "");
            peer.close();
            assertNull(client.readMessage());
            harness.expectNothingLeft(client);
        }

        @Test
        void closingEndsARequestHookThatWaitsForAReceipt() throws Exception {
            CompletableFuture<ReconnectingClient> itself = new CompletableFuture<>();
            CompletableFuture<CompletableFuture<?>> waiting = new CompletableFuture<>();
            ReconnectingClient client = harness.builder()
                    .request((target, _) -> {
                        CompletableFuture<?> receipt = itself.join().sendText("early");
                        waiting.complete(receipt);
                        receipt.join();
                        return target;
                    })
                    .start();
            itself.complete(client);
            CompletableFuture<?> receipt = result(waiting);
            result(inBackground(() -> {
                client.close();
                return null;
            }));
            failedFor(Reason.STOPPED, failure(receipt));
            harness.expectNothingLeft(client);
        }

        @Test
        void closingEndsAListenerThatWaitsForAReceipt() throws Exception {
            CompletableFuture<ReconnectingClient> itself = new CompletableFuture<>();
            CompletableFuture<CompletableFuture<?>> waiting = new CompletableFuture<>();
            harness.unreachable(new IOException("nobody there"));
            ReconnectingClient client = harness.builder()
                    .listener(new ReconnectListener() {
                        @Override
                        public void retrying(Exception cause, Duration delay, int retry) {
                            CompletableFuture<?> receipt = sendText(itself.join());
                            waiting.complete(receipt);
                            receipt.join();
                        }
                    })
                    .start();
            itself.complete(client);
            CompletableFuture<?> receipt = result(waiting);
            result(inBackground(() -> {
                client.close();
                return null;
            }));
            failedFor(Reason.STOPPED, failure(receipt));
            harness.expectNothingLeft(client);
        }

        private static CompletableFuture<?> sendText(ReconnectingClient client) {
            try {
                return client.sendText("late");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Nested
    class Sending {
        @Test
        void messagesKeepTheirOrderAcrossConnections() throws Exception {
            ReconnectingClient client = harness.builder().start();
            Future<?> _ = client.sendText("1");
            Future<?> _ = client.sendText("2");
            ScriptedPeer first = harness.accept();
            first.expectText("1");
            first.expectText("2");
            harness.expectEvent("connected");
            close(first, 1001);
            harness.expectEvent("disconnected 1001");
            harness.expectEvent("retry 1 in PT1S after 1001");
            Future<?> _ = client.sendText("3");
            Future<?> last = client.sendText("4");
            advance(1);
            ScriptedPeer second = harness.accept();
            second.expectText("3");
            second.expectText("4");
            result(last);
            harness.expectEvent("connected");
            end(client, second);
        }

        @Test
        void nothingIsReportedSentWithoutAConnection() throws Exception {
            ReconnectingClient client = harness.builder().start();
            Future<?> receipt = client.sendText("waits");
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            assertFalse(receipt.isDone());
            assertEquals(1, client.waitingMessages());
            advance(1);
            ScriptedPeer peer = harness.accept();
            peer.expectText("waits");
            result(receipt);
            assertEquals(0, client.waitingMessages());
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void batchedWritesAreNotReportedBeforeTheTransportHasThem() throws Exception {
            ReconnectingClient client = harness.builder()
                    .resume(connection -> {
                        connection.setBatchWrites(true);
                        connection.writeText("held back");
                    })
                    .start();
            ScriptedPeer peer = harness.accept();
            Future<?> receipt = client.sendText("sent");
            result(receipt);
            peer.expectText("held back");
            peer.expectText("sent");
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void aMessageWhoseWriteBrokeIsInDoubtAndNotSentAgain() throws Exception {
            ReconnectHarness narrow = new ReconnectHarness(1024);
            ReconnectingClient client = narrow.builder().start();
            MemoryTransport server = narrow.dialled();
            ScriptedPeer first = accept(server);
            narrow.expectEvent("connected");
            Future<?> broken = client.send(Message.binary(new byte[5000]));
            Future<?> behind = client.sendText("behind");
            first.expectBytes(2000);
            assertFalse(broken.isDone());
            server.reset();
            narrow.expectEvent("disconnected 1006");
            narrow.expectEvent("retry 1 in PT1S after 1006");
            Throwable doubt = failure(broken);
            assertInstanceOf(
                    ConnectionClosedException.class,
                    failedFor(Reason.IN_DOUBT, doubt).getCause());
            assertFalse(behind.isDone());
            narrow.clock.advance(Duration.ofSeconds(1));
            ScriptedPeer second = narrow.accept();
            second.expectText("behind");
            result(behind);
            narrow.expectEvent("connected");
            second.close();
            narrow.expectEvent("disconnected 1006");
            narrow.expectEvent("retry 2 in PT2S after 1006");
            narrow.expectNothingLeft(client);
        }

        @Test
        void aMessageInDoubtIsSentAgainFirstIfAskedFor() throws Exception {
            ReconnectHarness narrow = new ReconnectHarness(1024);
            ReconnectingClient client = narrow.builder().resendInDoubt(true).start();
            MemoryTransport server = narrow.dialled();
            ScriptedPeer first = accept(server);
            narrow.expectEvent("connected");
            byte[] payload = new byte[5000];
            payload[4999] = 1;
            Future<?> broken = client.send(Message.binary(payload));
            Future<?> behind = client.sendText("behind");
            first.expectBytes(2000);
            server.reset();
            narrow.expectEvent("disconnected 1006");
            narrow.expectEvent("retry 1 in PT1S after 1006");
            assertFalse(broken.isDone());
            narrow.clock.advance(Duration.ofSeconds(1));
            ScriptedPeer second = narrow.accept();
            second.expectBinary(payload);
            second.expectText("behind");
            result(broken);
            result(behind);
            narrow.expectEvent("connected");
            second.close();
            narrow.expectEvent("disconnected 1006");
            narrow.expectEvent("retry 2 in PT2S after 1006");
            narrow.expectNothingLeft(client);
        }

        @Test
        void aMessageInDoubtThatWasToBeSentAgainStaysInDoubtAtTheEnd() throws Exception {
            ReconnectHarness narrow = new ReconnectHarness(1024);
            ReconnectingClient client = narrow.builder().resendInDoubt(true).start();
            MemoryTransport server = narrow.dialled();
            ScriptedPeer first = accept(server);
            narrow.expectEvent("connected");
            Future<?> broken = client.send(Message.binary(new byte[5000]));
            Future<?> behind = client.sendText("behind");
            first.expectBytes(2000);
            server.reset();
            narrow.expectEvent("disconnected 1006");
            narrow.expectEvent("retry 1 in PT1S after 1006");
            client.close();
            failedFor(Reason.IN_DOUBT, failure(broken));
            failedFor(Reason.STOPPED, failure(behind));
            narrow.expectNothingLeft(client);
        }

        @Test
        void aConnectionThatIsLostWhileNobodyReadsIsReplaced() throws Exception {
            ReconnectingClient client = harness.builder().start();
            MemoryTransport server = harness.dialled();
            ScriptedPeer first = accept(server);
            harness.expectEvent("connected");
            first.sendText("ahead"); // Fills the client's one place.
            first.sendPing(new byte[1]);
            first.expectPong(new byte[1]); // It has come: a reset would lose it on its way.
            Future<?> _ = client.sendText("ping");
            first.expectText("ping");
            server.reset();
            harness.expectEvent("disconnected 1006");
            harness.expectEvent("retry 1 in PT1S after 1006");
            assertEquals("ahead", text(client.readMessage()));
            client.close();
            harness.expectNothingLeft(client);
        }
    }

    @Nested
    class OutboxBounds {
        @Test
        void refuseThrowsWhenMessagesAreTooMany() throws Exception {
            ReconnectingClient client =
                    harness.builder().outbox(OutboxPolicy.REFUSE, 2, 100).start();
            Future<?> _ = client.sendText("1");
            Future<?> _ = client.sendText("2");
            thrownFor(Reason.OUTBOX_FULL, () -> client.sendText("3"));
            ScriptedPeer peer = harness.accept();
            peer.expectText("1");
            peer.expectText("2");
            harness.expectEvent("connected");
            result(client.sendText("4"));
            peer.expectText("4");
            end(client, peer);
        }

        @Test
        void refuseThrowsWhenBytesAreTooMany() throws Exception {
            ReconnectingClient client =
                    harness.builder().outbox(OutboxPolicy.REFUSE, 100, 10).start();
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            Future<?> _ = client.sendText("1234567");
            thrownFor(Reason.OUTBOX_FULL, () -> client.sendText("1234"));
            Future<?> _ = client.sendText("123");
            assertThrows(IllegalArgumentException.class, () -> client.sendText("12345678901"));
            assertEquals(2, client.waitingMessages());
            client.close();
            harness.expectNothingLeft(client);
        }

        @Test
        void dropOldestMakesRoomAndSaysSo() throws Exception {
            ReconnectingClient client =
                    harness.builder().outbox(OutboxPolicy.DROP_OLDEST, 3, 10).start();
            Future<?> first = client.sendText("1");
            Future<?> second = client.sendText("2");
            Future<?> third = client.sendText("3");
            Future<?> fourth = client.sendText("4");
            harness.expectEvent("dropped 1");
            failedFor(Reason.OUTBOX_FULL, failure(first));
            Future<?> big = client.sendText("12345678");
            harness.expectEvent("dropped 2");
            failedFor(Reason.OUTBOX_FULL, failure(second));
            assertEquals(3, client.waitingMessages(), "3, 4 and the big one");
            assertEquals(2, client.droppedMessages());
            ScriptedPeer peer = harness.accept();
            peer.expectText("3");
            peer.expectText("4");
            peer.expectText("12345678");
            result(third);
            result(fourth);
            result(big);
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void blockWaitsForRoom() throws Exception {
            ReconnectingClient client =
                    harness.builder().outbox(OutboxPolicy.BLOCK, 1, 100).start();
            MemoryTransport server = harness.dialled();
            Future<?> _ = client.sendText("1");
            Future<Boolean> sending = inBackground(() -> {
                Future<?> _ = client.sendText("2");
                return true;
            });
            harness.clock.awaitPending(2); // The dial's deadline and the sender's.
            assertFalse(sending.isDone());
            ScriptedPeer peer = accept(server);
            peer.expectText("1");
            peer.expectText("2");
            assertTrue(result(sending));
            harness.expectEvent("connected");
            end(client, peer);
        }

        @Test
        void blockRefusesWhenTheTimeIsUp() throws Exception {
            ReconnectingClient client = harness.builder()
                    .outbox(OutboxPolicy.BLOCK, 1, 100)
                    .sendTimeout(Duration.ofMillis(500))
                    .start();
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            Future<?> _ = client.sendText("1");
            Future<?> sending = inBackground(() -> {
                Future<?> _ = client.sendText("2");
                return true;
            });
            harness.clock.awaitPending(2); // The next try's timer and the sender's.
            harness.clock.advance(Duration.ofMillis(500));
            failedFor(Reason.OUTBOX_FULL, failure(sending));
            assertEquals(1, client.waitingMessages());
            harness.expectNothingLeft(client);
        }

        @Test
        void blockEndsWithTheClientAndWithAnInterrupt() throws Exception {
            ReconnectingClient client =
                    harness.builder().outbox(OutboxPolicy.BLOCK, 1, 100).start();
            harness.refuse(503);
            harness.expectEvent("retry 1 in PT1S after status 503");
            Future<?> _ = client.sendText("1");
            Future<?> stopped = inBackground(() -> {
                Future<?> _ = client.sendText("2");
                return true;
            });
            AtomicBoolean threw = new AtomicBoolean();
            Thread interrupted = Thread.ofVirtual().start(() -> {
                try {
                    Future<?> _ = client.sendText("3");
                } catch (InterruptedIOException _) {
                    threw.set(Thread.currentThread().isInterrupted());
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            harness.clock.awaitPending(3); // The next try's timer and the senders'.
            interrupted.interrupt();
            interrupted.join();
            assertTrue(threw.get());
            client.close();
            failedFor(Reason.STOPPED, failure(stopped));
            harness.expectNothingLeft(client);
        }
    }
}
