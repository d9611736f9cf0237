// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/** Of a connection whose channel the loop's selector watches. */
public final class ChannelDriver extends LoopDriver {
    private final SelectorLoop loop;
    private final SelectableChannel channel;

    /** Loop's thread only. */
    private @Nullable SelectionKey key;

    ChannelDriver(SelectorLoop loop, SelectableChannel channel, Driven driven) {
        super(loop, driven);
        this.loop = loop;
        this.channel = channel;
    }

    @Override
    public void start() throws ClosedChannelException {
        key = loop.register(channel, SelectionKey.OP_READ, this);
    }

    @Override
    public void interest(boolean readable, boolean writable) {
        SelectionKey registered = key;
        if (registered == null || !registered.isValid()) {
            return;
        }
        int wanted = (readable ? SelectionKey.OP_READ : 0) | (writable ? SelectionKey.OP_WRITE : 0);
        try {
            if (registered.interestOps() != wanted) {
                registered.interestOps(wanted);
            }
        } catch (CancelledKeyException _) {
            // Another thread has just closed the channel, and the end is on its way.
        }
    }

    @Override
    public void ready(int operations) {
        driven().ready((operations & SelectionKey.OP_READ) != 0, (operations & SelectionKey.OP_WRITE) != 0);
    }

    @Override
    public void leave() {
        super.leave();
        key = null;
    }
}
