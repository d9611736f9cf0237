// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseStatus;
import dev.gibbon.Listener;
import dev.gibbon.WebSocketException;

/** Gives received messages to a {@link Listener}, in place, as long as not too much of its own waits to be sent. */
public final class ListenerSink implements Sink, HoldUp.Code {
    /** Enough that pipelined frames come many at a time, and still in a core's second cache. */
    private static final int READ_BYTES = Integer.MAX_VALUE;

    private final WebSocketConnection connection;
    private final Listener listener;
    private final long wholeBytes;
    private String call = "onOpen";

    /** Whether the listener has been told of the end. */
    private boolean told;

    ListenerSink(WebSocketConnection connection, Listener listener, long wholeBytes) {
        this.connection = connection;
        this.listener = listener;
        this.wholeBytes = wholeBytes;
    }

    /**
     * Takes over from those that read: the listener is told of the connection, and gets what nobody has read. In a
     * turn.
     *
     * @param mailbox theirs, retired
     * @param taken pieces of a message whose rest has not come
     * @param skipRest whether the rest of a message is to be thrown away
     */
    void takeOver(Mailbox mailbox, byte[] taken, boolean skipRest) {
        connection.controlFrames().listener(listener);
        mailbox.release();
        connection.sink(this);
        Assembly assembly = connection.input().assembly();
        try {
            open();
            assembly.takeOver(taken, skipRest);
            for (Mailbox.Item item = mailbox.poll(); item != null; item = mailbox.poll()) {
                assembly.takeOver(item);
            }
        } catch (Exception | Error e) {
            // The application's: anything may come, and only this connection may suffer.
            connection.input().failed(e);
        }
        if (connection.ending().phase() == Ending.Phase.GONE) {
            gone();
        } else {
            connection.turn().resume();
            connection.driver().touch();
        }
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
    private void open() throws Exception {
        HoldUp holdUp = begin("onOpen");
        try {
            listener.onOpen(connection);
        } finally {
            holdUp.end();
        }
    }

    @Override
    public Object code() {
        return listener;
    }

    @Override
    public WebSocketConnection connection() {
        return connection;
    }

    @Override
    public String called() {
        return call + " of " + ApplicationFaults.nameOf(listener);
    }

    private HoldUp begin(String name) {
        assert !connection.sender().output().holdsLock() : "user code runs under the send lock";
        call = name;
        HoldUp holdUp = connection.driver().loop().holdUp();
        holdUp.begin(this);
        return holdUp;
    }

    @Override
    public void settle() {}

    @Override
    public void end() {}

    @Override
    public void release() {}

    /** Tells the listener how the connection ended, once. */
    @Override
    public void gone() {
        if (told) {
            return;
        }
        told = true;
        WebSocketException failure = connection.lifecycle().lastFailure();
        HoldUp holdUp = connection.driver().loop().holdUp();
        holdUp.begin(this);
        try {
            if (failure != null) {
                listener.onFailure(connection, failure);
            } else {
                listener.onClose(connection, connection.closeStatus().orElse(CloseStatus.EMPTY));
            }
        } catch (RuntimeException | Error e) { // The application's: there is nothing left to close.
            String last = failure != null ? "onFailure of " : "onClose of ";
            connection.engine().applicationThrew(last + ApplicationFaults.nameOf(listener), connection, e);
        } finally {
            holdUp.end();
        }
    }
}
