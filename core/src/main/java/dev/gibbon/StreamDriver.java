// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.spi.AsyncStream;
import java.nio.channels.SelectionKey;

/** Of a connection whose stream tells by calls when it is ready: each is a task for the loop. */
final class StreamDriver extends LoopDriver {
    private final AsyncStream stream;

    // Loop's thread only: what the stream has been asked to tell.
    private boolean awaitsReadable;
    private boolean awaitsWritable;

    StreamDriver(EventLoop loop, AsyncStream stream, Driven driven) {
        super(loop, driven);
        this.stream = stream;
    }

    @Override
    public void start() {}

    @Override
    public void interest(boolean readable, boolean writable) {
        if (hasLeft()) {
            return;
        }
        if (readable && !awaitsReadable) {
            awaitsReadable = true;
            stream.whenReadable(() -> execute(this::cameReadable));
        }
        if (writable && !awaitsWritable) {
            awaitsWritable = true;
            stream.whenWritable(() -> execute(this::cameWritable));
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
