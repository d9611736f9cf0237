// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Headers;
import dev.gibbon.RequestException;
import dev.gibbon.Role;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.Carrier;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The WebSockets of one server or host, from their opening to the end of all. Any thread. */
public final class Hosting {
    private final LoopEngine engine;
    private final Duration shutdownTimeout;
    private final ClientLimits limits;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final AtomicReference<@Nullable Drain> drain = new AtomicReference<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    /** On an engine that ends with it. */
    public Hosting(LoopEngine engine, Duration shutdownTimeout, ClientLimits limits) {
        this.engine = engine;
        this.shutdownTimeout = shutdownTimeout;
        this.limits = limits;
    }

    public LoopEngine engine() {
        return engine;
    }

    /**
     * {@return the answer to a request, which is 503 once those that are open are to leave, and 429 if its address or
     * user has as much as it may have}
     */
    public UpgradeReply reply(Upgrader upgrader, UpgradeRequest request, Headers extra) {
        UpgradeReply.Refused tooSoon = limits.tooSoon(request.peerAddress());
        return tooSoon != null ? tooSoon : reply(upgrader, request, extra, Admission.NOT_COUNTED);
    }

    /**
     * {@return the same where it is known that the request does not come too soon after others of its address}
     *
     * @param transport the places of its transport
     */
    UpgradeReply reply(Upgrader upgrader, UpgradeRequest request, Headers extra, Admission transport) {
        if (isDraining()) {
            return unavailable("this server drains");
        }
        return limits.isNone()
                ? upgrader.reply(request, extra)
                : limits.reply(request, transport, () -> upgrader.reply(request, extra));
    }

    /** {@return a refusal of a request that another server, or this one later, may accept} */
    public static UpgradeReply.Refused unavailable(String why) {
        return UpgradeReply.Refused.of(
                503,
                Headers.of("Retry-After", "5", "Content-Type", "text/plain; charset=utf-8"),
                "503 Service Unavailable\n".getBytes(StandardCharsets.US_ASCII),
                why);
    }

    /** {@return the refusal of a request that is not as it has to be} */
    public static UpgradeReply.Refused refusal(RequestException fault) {
        String text = fault.status() + " " + HttpStatus.text(fault.status()) + "\n";
        return UpgradeReply.Refused.of(
                fault.status(),
                Headers.of("Content-Type", "text/plain; charset=utf-8"),
                text.getBytes(StandardCharsets.US_ASCII),
                String.valueOf(fault.getMessage()));
    }

    /**
     * Opens the connection of a request that has been answered; {@code leftover} came behind it.
     *
     * @param atEnd runs once the connection has ended
     */
    public WebSocketConnection open(
            Opening opening, Carrier carrier, ByteBuffer leftover, Runnable atEnd, RequestContext request) {
        RequestContext limited = request.limitedBy(opening.quotas(engine.time().nanoTime()));
        Runnable ending = opening.handOver(atEnd);
        WebSocketConnection connection = WebSocketConnection.open(
                engine,
                carrier,
                Role.SERVER,
                opening.options(),
                opening.subprotocol(),
                opening.compression(),
                leftover,
                limited);
        connection.lifecycle().onClosed(ending);
        Drain leaving = drain.get();
        if (isClosing()) {
            goAway(connection);
        } else if (leaving != null) {
            leaving.close(connection);
        }
        return connection;
    }

    /**
     * Has the connections leave that are open now, one after the other over a time, and takes no more.
     *
     * @return completes once the last has been told; the second time that of the first
     */
    public CompletableFuture<@Nullable Void> drain(CloseCode code, Duration over) {
        Drain begun = new Drain(engine.time(), code);
        Drain known = drain.compareAndExchange(null, begun);
        if (known != null) {
            return known.told();
        }
        if (isClosing()) {
            begun.end();
        } else {
            begun.begin(engine, over);
        }
        return begun.told();
    }

    public boolean isDraining() {
        return drain.get() != null;
    }

    public boolean isClosing() {
        return closing.get();
    }

    /** Ends all, waits for it, and drops what is left when the time is up. On a loop's thread it goes on elsewhere. */
    public void close() {
        close(closing.compareAndSet(false, true), this::shutDown);
    }

    /**
     * The same, for a server that has more to end.
     *
     * @param first whether this call is the one that shuts down; others only wait
     * @param shutDown ends with {@link #end}
     */
    void close(boolean first, Runnable shutDown) {
        if (engine.isEventThread()) { // It must not wait.
            if (first) {
                engine.start("gibbon-shutdown", shutDown);
            }
        } else if (first) {
            shutDown.run();
        } else {
            awaitEnd();
        }
    }

    private void shutDown() {
        long until = shutdownDeadline();
        goAway();
        awaitEmpty(until, () -> engine.members().isEmpty());
        end();
    }

    /** {@return when a shutdown that begins now is to be over, on the engine's clock} */
    long shutdownDeadline() {
        return engine.time().nanoTime() + shutdownTimeout.toNanos();
    }

    /** Lets no more connections stay open, and has those that are close. Does not wait. */
    void goAway() {
        closing.set(true);
        Drain leaving = drain.get();
        if (leaving != null) {
            leaving.end();
        }
        engine.connections().forEach(Hosting::goAway);
    }

    private static void goAway(WebSocketConnection connection) {
        connection.lifecycle().closeLater(new CloseStatus(CloseCode.GOING_AWAY, ""), null);
    }

    /** Waits until nothing is open, until a time on the engine's clock. */
    void awaitEmpty(long until, BooleanSupplier empty) {
        try {
            while (!empty.getAsBoolean() && until - engine.time().nanoTime() > 0) {
                // Once in a server's life: not worth a signal from every connection.
                Thread.sleep(5);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Drops what is left, and ends the threads. */
    void end() {
        engine.connections().forEach(WebSocketConnection::abort);
        engine.end();
        ended.countDown();
    }

    /** Waits for the end. */
    void awaitShutdown() throws InterruptedException {
        ended.await();
    }

    private void awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
