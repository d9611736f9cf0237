// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.TimeSource;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A turn of a connection, in the order of its work: what was stuck goes on, what came is read, what was written
 * leaves, and then it is settled what to wait for. In a turn only, unless a method says otherwise.
 */
public final class Turn implements Driver.Driven {
    private final WebSocketConnection connection;

    /** How often a stream is read that takes no more bytes: what the system has kept of a peer that is gone. */
    private static final int READS_BEFORE_THE_END = 64;

    /** How long to read where bytes may be on their way. */
    private static final Duration BEFORE_THE_END = Duration.ofSeconds(1);

    /** What broke the output, until all that the peer had sent before is read. */
    private @Nullable Throwable outputFailure;

    /** Ends the wait for it. */
    private TimeSource.@Nullable Timer lastReads;

    private boolean ended;

    Turn(WebSocketConnection connection) {
        this.connection = connection;
    }

    /** {@return the connection by its number alone: what is defective may be what else there is to tell} */
    @Override
    public String toString() {
        return "WebSocket " + connection.id();
    }

    /** The first turn: what came with the opening handshake, and what the stream may hold already. */
    void begin() {
        try {
            connection.driver().start();
        } catch (IOException e) {
            connection.lifecycle().lost(e);
            return;
        }
        if (connection.stream().buffersInput()) {
            connection.driver().again();
        }
        resume();
    }

    @Override
    public void ready(boolean readable, boolean writable) {
        connection.input().beginTurn();
        if (writable) {
            connection.sender().output().writable();
            connection.driver().touch(); // A Pong may have waited.
        }
        if (readable && !connection.lifecycle().isGone()) {
            connection.input().read();
        }
        settle();
    }

    @Override
    public void endOfTurn() {
        connection.sender().takeAside();
        connection.controlFrames().releasePongs();
        connection.sender().output().push();
        settle();
    }

    @Override
    public void flushEarly() {
        connection.sender().output().push();
    }

    @Override
    public void broken(Throwable defect) {
        connection.lifecycle().lost(defect);
    }

    /** Goes on with input that the sink takes now. */
    void resume() {
        if (!ended) {
            connection.input().resume();
            settle();
        }
    }

    /** The stream takes no more bytes: what the peer sent before may say why, and is read before the end. */
    void outputFailed(Throwable why) {
        if (outputFailure != null || ended) {
            return;
        }
        outputFailure = why;
        for (int reads = READS_BEFORE_THE_END; reads > 0 && connection.input().readBeforeTheEnd(); reads--) {}
        if (connection.input().hasEnded() || !connection.stream().buffersInput()) {
            settleFailure();
        } else { // It may be on its way from a thread that reads.
            lastReads = connection
                    .engine()
                    .time()
                    .schedule(BEFORE_THE_END, () -> connection.driver().execute(this::settleFailure));
            settle();
        }
    }

    private void settleFailure() {
        Throwable why = outputFailure;
        if (why != null && !ended) {
            connection.lifecycle().lost(why);
            connection.sender().output().failureSettled();
        }
    }

    /**
     * Looks, after everything that may have changed it, whether to end, to tell that there is room, and what to
     * wait for.
     */
    void settle() {
        if (ended) {
            return;
        }
        connection.sink().settle();
        if (outputFailure != null && connection.input().hasEnded()) {
            settleFailure();
            return;
        }
        if (connection.ending().phase() != Ending.Phase.OPEN) {
            connection.ending().step();
        } else if (connection.sender().output().congested()) {
            connection.sender().output().push();
            if (connection.sender().drained()) {
                relieved();
            }
        }
        if (!ended) {
            connection
                    .driver()
                    .interest(
                            connection.input().wantsBytes(),
                            connection.sender().output().blocked());
        }
    }

    private void relieved() {
        Observed seen = connection.observed();
        if (seen != null) {
            seen.relieved();
        }
        try {
            connection.sink().writable();
        } catch (Exception | Error e) {
            // The application's: anything may come, and only this connection may suffer.
            connection.input().failed(e);
        }
        connection.input().resume();
        connection.driver().touch(); // What was written there leaves with this turn, too.
    }

    /** The transport is gone: the last call. */
    void gone() {
        if (!ended) {
            ended = true;
            if (lastReads != null) {
                lastReads.cancel();
            }
            connection.ending().gone();
            connection.input().release();
            connection.sink().release();
            connection.driver().leave();
            connection.sink().gone();
            Observed seen = connection.observed();
            if (seen != null) {
                seen.closed();
            }
        }
    }

    // ---- Any thread

    /** Input that had to wait goes on. */
    void resumeLater() {
        connection.driver().execute(this::resume);
    }

    /** Something has changed that a turn looks at. */
    void settleLater() {
        Driver driver = connection.driver();
        if (driver.onThread()) {
            driver.touch();
        } else {
            driver.execute(this::settle);
        }
    }

    /** The protocol is done: what is queued leaves, and the transport ends. */
    void finish() {
        Driver driver = connection.driver();
        if (driver.onThread()) {
            connection.ending().begin();
            driver.touch();
        } else {
            driver.execute(() -> {
                connection.ending().begin();
                settle();
            });
        }
    }
}
