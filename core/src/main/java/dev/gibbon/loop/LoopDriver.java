// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.connection.Driver;
import dev.gibbon.connection.Workspace;

/** Runs the turns of a connection on the thread of an {@link EventLoop}. */
public abstract sealed class LoopDriver implements Driver, EventLoop.Ready permits ChannelDriver, StreamDriver {
    private final EventLoop loop;
    private final Driven driven;

    // Loop's thread only.
    private boolean touched;

    /** Whether what was written has left, and the turn has yet to end. */
    private boolean flushed;

    private boolean left;

    LoopDriver(EventLoop loop, Driven driven) {
        this.loop = loop;
        this.driven = driven;
    }

    @Override
    public final EventLoop loop() {
        return loop;
    }

    final Driven driven() {
        return driven;
    }

    final boolean hasLeft() {
        return left;
    }

    @Override
    public final boolean onThread() {
        return loop.onThread();
    }

    @Override
    public final void execute(Runnable task) {
        loop.execute(guarded(task));
    }

    /** {@return what runs a task so that only this connection suffers from what it throws} */
    final Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                loop.broken(this, e);
            }
        };
    }

    @Override
    public final Workspace workspace() {
        return loop;
    }

    @Override
    public final void touch() {
        if (!touched) {
            touched = true;
            loop.touched(this);
        }
    }

    @Override
    public final void again() {
        if (!left) {
            loop.again(this);
        }
    }

    @Override
    public void leave() {
        left = true;
    }

    // ---- What the loop calls

    /** The end of the turn. */
    final void endOfTurn() {
        touched = false;
        flushed = false;
        driven.endOfTurn();
    }

    /** Only writes: some listener is being called. {@return whether the end of the turn is yet to be told to it} */
    final boolean flushEarly() {
        touched = false;
        boolean first = !flushed;
        flushed = true;
        driven.flushEarly();
        return first;
    }

    @Override
    public final void broken(Throwable defect) {
        driven.broken(defect);
    }

    /** {@return what it drives, for the log} */
    @Override
    public final String toString() {
        return driven.toString();
    }
}
