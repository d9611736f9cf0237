// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.SecureMaskingKeys;
import dev.gibbon.internal.SystemTimeSource;
import dev.gibbon.protocol.MaskingKeys;
import dev.gibbon.spi.Transport;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An engine with the event loops that run its connections. Any thread. */
final class LoopEngine extends Engine {
    /** How many event loops there are unless somebody says otherwise: one per core. */
    static final int DEFAULT_LOOPS = Runtime.getRuntime().availableProcessors();

    /** How long the loops may take to let go of their last connections, at most. */
    private static final Duration LAST_TURNS = Duration.ofSeconds(1);

    private final EventLoops loops;
    private final LoopWatch watch;

    LoopEngine(TimeSource time, MaskingKeys maskingKeys) {
        this(time, maskingKeys, DEFAULT_LOOPS);
    }

    LoopEngine(TimeSource time, MaskingKeys maskingKeys, int loops) {
        this(time, maskingKeys, loops, false);
    }

    private LoopEngine(TimeSource time, MaskingKeys maskingKeys, int loops, boolean explainRefusals) {
        super(time, maskingKeys, explainRefusals);
        this.loops = new EventLoops(this, loops);
        this.watch = new LoopWatch(time, log(), this.loops);
    }

    /** {@return an engine on the machine's clock, with keys from its cryptographic generator} */
    static LoopEngine onSystem() {
        return onSystem(DEFAULT_LOOPS);
    }

    static LoopEngine onSystem(int loops) {
        return onSystem(loops, false);
    }

    /** The same, where peers may get to know why they were refused. */
    static LoopEngine onSystem(int loops, boolean explainRefusals) {
        return new LoopEngine(new SystemTimeSource(), new SecureMaskingKeys(), loops, explainRefusals);
    }

    EventLoops loops() {
        return loops;
    }

    LoopWatch watch() {
        return watch;
    }

    @Override
    boolean isEventThread() {
        return loops.isEventThread();
    }

    /**
     * Opens a connection on a transport whose opening handshake is done; {@code leftover} came with it and is
     * copied.
     */
    WebSocketConnection open(
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            ByteBuffer leftover) {
        return open(transport, role, options, subprotocol, null, leftover);
    }

    /** The same, where permessage-deflate may have been agreed on. */
    WebSocketConnection open(
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover) {
        return WebSocketConnection.open(
                this,
                Carriers.of(this, transport),
                role,
                options,
                subprotocol,
                compression,
                leftover,
                RequestContext.NONE);
    }

    /** The same, and waits for the loops' threads; that of the timers goes soon. Not on a loop's thread. */
    @Override
    void end() {
        super.end();
        try {
            loops.end(time().nanoTime() + LAST_TURNS.toNanos());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
