// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Role;
import dev.gibbon.TimeSource;
import dev.gibbon.connection.Compression;
import dev.gibbon.connection.Engine;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.observe.FlightRecords;
import dev.gibbon.protocol.MaskingKeys;
import dev.gibbon.spi.Transport;
import dev.gibbon.support.SystemTimeSource;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An engine with the event loops that run its connections. Any thread. */
public final class LoopEngine extends Engine {
    /** How many event loops there are unless somebody says otherwise: one per core. */
    public static final int DEFAULT_LOOPS = Runtime.getRuntime().availableProcessors();

    /** How long the loops may take to let go of their last connections, at most. */
    private static final Duration LAST_TURNS = Duration.ofSeconds(1);

    private final EventLoops loops;
    private final LoopWatch watch;

    public LoopEngine(TimeSource time, MaskingKeys maskingKeys) {
        this(time, maskingKeys, DEFAULT_LOOPS);
    }

    public LoopEngine(TimeSource time, MaskingKeys maskingKeys, int loops) {
        this(time, maskingKeys, loops, false, List.of());
    }

    /**
     * The same.
     *
     * @param explainRefusals whether peers may get to know why they were refused
     * @param observing told what happens to the connections
     */
    public LoopEngine(
            TimeSource time,
            MaskingKeys maskingKeys,
            int loops,
            boolean explainRefusals,
            List<ConnectionObserver> observing) {
        super(time, maskingKeys, explainRefusals, observing, FlightRecords.ifThere());
        this.loops = new EventLoops(this, loops);
        this.watch = new LoopWatch(time, observers(), this.loops);
    }

    /** {@return an engine on the machine's clock, with keys from its cryptographic generator} */
    public static LoopEngine onSystem() {
        return onSystem(DEFAULT_LOOPS);
    }

    public static LoopEngine onSystem(int loops) {
        return onSystem(loops, false, List.of());
    }

    /**
     * The same.
     *
     * @param explainRefusals whether peers may get to know why they were refused
     * @param observing told what happens to the connections
     */
    public static LoopEngine onSystem(int loops, boolean explainRefusals, List<ConnectionObserver> observing) {
        return new LoopEngine(new SystemTimeSource(), new SecureMaskingKeys(), loops, explainRefusals, observing);
    }

    public EventLoops loops() {
        return loops;
    }

    LoopWatch watch() {
        return watch;
    }

    @Override
    public boolean isEventThread() {
        return loops.isEventThread();
    }

    /**
     * Opens a connection on a transport whose opening handshake is done; {@code leftover} came with it and is
     * copied.
     */
    public WebSocketConnection open(
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            ByteBuffer leftover) {
        return open(transport, role, options, subprotocol, null, leftover);
    }

    /** The same, where permessage-deflate may have been agreed on. */
    public WebSocketConnection open(
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover) {
        return open(transport, role, options, subprotocol, compression, leftover, RequestContext.NONE);
    }

    /** The same, where something is known of the request. */
    public WebSocketConnection open(
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover,
            RequestContext request) {
        return WebSocketConnection.open(
                this, Carriers.of(this, transport), role, options, subprotocol, compression, leftover, request);
    }

    /** The same, and waits for the loops' threads; that of the timers goes soon. Not on a loop's thread. */
    @Override
    public void end() {
        super.end();
        try {
            loops.end(time().nanoTime() + LAST_TURNS.toNanos());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
