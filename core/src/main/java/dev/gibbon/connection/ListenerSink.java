// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Listener;

/** Gives received messages to a {@link Listener}, in place, as long as not too much of its own waits to be sent. */
public final class ListenerSink implements Sink {
    /** Enough that pipelined frames come many at a time, and still in a core's second cache. */
    private static final int READ_BYTES = Integer.MAX_VALUE;

    private final WebSocketConnection connection;
    private final Listener listener;
    private final long wholeBytes;
    private String call = "onOpen";

    ListenerSink(WebSocketConnection connection, Listener listener, long wholeBytes) {
        this.connection = connection;
        this.listener = listener;
        this.wholeBytes = wholeBytes;
    }

    @Override
    public boolean accepts(int assembled) {
        return !connection.sender().output().congested();
    }

    @Override
    public int readBytes(int assembled) {
        return READ_BYTES;
    }

    @Override
    public long wholeBytes() {
        return wholeBytes;
    }

    @Override
    public long reservable(long announced, int assembled) {
        return announced;
    }

    @Override
    public void take(ReceivedView message) throws Exception {
        HoldUp holdUp = begin(message.isText() ? "onText" : "onBinary");
        try {
            if (message.isText()) {
                listener.onText(connection, message);
            } else {
                listener.onBinary(connection, message);
            }
        } finally {
            holdUp.end();
        }
    }

    @Override
    public void takePart(ReceivedView part) throws Exception {
        HoldUp holdUp = begin("onPart");
        try {
            listener.onPart(connection, part);
        } finally {
            holdUp.end();
        }
    }

    @Override
    public void writable() throws Exception {
        HoldUp holdUp = begin("onWritable");
        try {
            listener.onWritable(connection);
        } finally {
            holdUp.end();
        }
    }

    /** The first call of all. */
    void open() throws Exception {
        HoldUp holdUp = begin("onOpen");
        try {
            listener.onOpen(connection);
        } finally {
            holdUp.end();
        }
    }

    @Override
    public String called() {
        return call + " of " + WebSocketConnection.nameOf(listener);
    }

    private HoldUp begin(String name) {
        assert !connection.sender().output().holdsLock() : "user code runs under the send lock";
        call = name;
        HoldUp holdUp = connection.driver().loop().holdUp();
        holdUp.begin(listener);
        return holdUp;
    }

    @Override
    public void settle() {}

    @Override
    public void end() {}
}
