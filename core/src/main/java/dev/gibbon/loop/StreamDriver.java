// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.spi.AsyncStream;
import java.nio.channels.SelectionKey;

/** Of a connection whose stream tells by calls when it is ready: each is an event for the loop. */
public final class StreamDriver extends LoopDriver {
    private final AsyncStream stream;

    // What the stream calls, on any thread: made once, since it is asked for every read.
    private final Runnable readable;
    private final Runnable writable;

    // Loop's thread only: what the stream has been asked to tell.
    private boolean awaitsReadable;
    private boolean awaitsWritable;

    StreamDriver(EventLoop loop, AsyncStream stream, Driven driven) {
        super(loop, driven);
        this.stream = stream;
        Runnable cameReadable = guarded(this::cameReadable);
        Runnable cameWritable = guarded(this::cameWritable);
        this.readable = () -> loop.event(cameReadable);
        this.writable = () -> loop.event(cameWritable);
    }

    @Override
    public void start() {}

    @Override
    public void interest(boolean wantsReadable, boolean wantsWritable) {
        if (hasLeft()) {
            return;
        }
        if (wantsReadable && !awaitsReadable) {
            awaitsReadable = true;
            stream.whenReadable(readable);
        }
        if (wantsWritable && !awaitsWritable) {
            awaitsWritable = true;
            stream.whenWritable(writable);
        }
    }

    private void cameReadable() {
        awaitsReadable = false;
        driven().ready(true, false);
    }

    private void cameWritable() {
        awaitsWritable = false;
        driven().ready(false, true);
    }

    /** The loop comes back to it. */
    @Override
    public void ready(int operations) {
        driven().ready((operations & SelectionKey.OP_READ) != 0, false);
    }
}
