// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import java.io.IOException;

/**
 * Runs the turns of a connection, one at a time: it knows when the stream is ready. A turn never waits, neither for
 * the peer nor for another thread.
 */
public interface Driver {
    /** What a driver serves. In a turn only. */
    interface Driven {
        /** The stream may have bytes, or take some. */
        void ready(boolean readable, boolean writable);

        /** All that was ready has had its turn: what the turn left behind leaves. */
        void endOfTurn();

        /** Only what was written leaves, in the middle of a turn of another connection. */
        void flushEarly();

        /** Serving it threw what nobody expected: only this connection may suffer. */
        void broken(Throwable defect);
    }

    /** Begins to watch the stream. In a turn only. */
    void start() throws IOException;

    /** {@return whether the calling thread runs a turn of this connection now} Any thread. */
    boolean onThread();

    /** Runs {@code task} in a turn, soon, in the order they were given. Any thread. */
    void execute(Runnable task);

    /** {@return what the thread of the turn has at hand} In a turn only. */
    Workspace workspace();

    /** {@return the loop whose thread runs the turns} Any thread. */
    Loop loop();

    /** Says what to wait for from now on. In a turn only. */
    void interest(boolean readable, boolean writable);

    /** Has {@link Driven#endOfTurn} called once this turn has come to its end. In a turn only. */
    void touch();

    /** Has {@link Driven#ready} called again before anybody waits: no readiness would be told. In a turn only. */
    void again();

    /** The stream is gone: nothing is waited for any more. In a turn only. */
    void leave();
}
