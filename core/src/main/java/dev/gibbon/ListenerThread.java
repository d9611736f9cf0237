// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Serves a {@link Listener} whose connection's transport no event loop can serve: a virtual thread that reads and
 * calls. A listener that blocks holds up nobody else here, but it is not told where it runs, so the rules are the same.
 */
final class ListenerThread implements Runnable {
    private static final int PART_BYTES = 16 * 1024;
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final WebSocketConnection connection;
    private final Receiver receiver;
    private final Listener listener;
    private final long wholeBytes;
    private final MessageView view = new MessageView();

    ListenerThread(WebSocketConnection connection, Receiver receiver, Listener listener, long wholeBytes) {
        this.connection = connection;
        this.receiver = receiver;
        this.listener = listener;
        this.wholeBytes = wholeBytes;
    }

    @Override
    public void run() {
        receiver.listenHere();
        try {
            if (handled("onOpen", () -> listener.onOpen(connection))) {
                connection.setBatchWrites(true); // What one read brought is answered in one write.
                if (wholeBytes >= connection.maxMessageBytes()) {
                    readWhole();
                } else {
                    readParts();
                }
            }
            awaitEnd();
        } catch (IOException _) {
            awaitEnd(); // The connection has ended, and its status says how.
        } catch (RuntimeException | Error e) { // Of a handler, or a message too large for any array.
            WebSocketException _ = connection.applicationThrew(WebSocketConnection.nameOf(listener), e);
            awaitEnd();
        } finally {
            receiver.listenedToTheEnd();
            connection.tellEnd(listener);
        }
    }

    private void awaitEnd() {
        try {
            while (!connection.lifecycle().awaitClosed(LOOK_AGAIN)) {}
        } catch (InterruptedException e) {
            connection.lifecycle().lost(e);
            Thread.currentThread().interrupt();
        }
    }

    private void readWhole() throws IOException {
        boolean more = true;
        while (more) {
            receiver.admitListener();
            Message message = receiver.readMessage();
            more = message != null && show(message.type(), message.bytes(), message.length(), true, true);
        }
    }

    private void readParts() throws IOException {
        boolean more = true;
        while (more) {
            receiver.admitListener();
            MessageReader message = receiver.nextReader();
            more = message != null && readParts(message);
        }
    }

    private boolean readParts(MessageReader message) throws IOException {
        byte[] piece = new byte[PART_BYTES];
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        boolean inParts = false;
        for (int n = readOn(message, piece); n >= 0; n = readOn(message, piece)) {
            if (inParts) {
                if (!show(message.type(), piece, n, false, false)) {
                    return false;
                }
                continue;
            }
            whole.write(piece, 0, n);
            if (whole.size() > wholeBytes) {
                inParts = true;
                byte[] begun = whole.toByteArray();
                if (!show(message.type(), begun, begun.length, true, false)) {
                    return false;
                }
            }
        }
        byte[] all = inParts ? new byte[0] : whole.toByteArray();
        return show(message.type(), all, all.length, !inParts, true);
    }

    private int readOn(MessageReader message, byte[] piece) throws IOException {
        receiver.admitListener();
        return message.read(ByteBuffer.wrap(piece));
    }

    /** {@return whether the listener has taken it} */
    private boolean show(MessageType type, byte[] bytes, int length, boolean first, boolean last) {
        view.show(type, ByteBuffer.wrap(bytes), 0, length, first, last);
        try {
            return handled(view.isText() ? "onText or onPart" : "onBinary or onPart", () -> {
                if (!first || !last) {
                    listener.onPart(connection, view);
                } else if (view.isText()) {
                    listener.onText(connection, view);
                } else {
                    listener.onBinary(connection, view);
                }
            });
        } finally {
            view.end();
        }
    }

    private interface Call {
        void run() throws IOException;
    }

    /** {@return whether there may be another call: not once the listener has thrown or aborted the connection} */
    private boolean handled(String name, Call callback) {
        try {
            callback.run();
            return !connection.lifecycle().isClosed();
        } catch (Exception | Error e) { // The application's: anything may come, and only this connection may suffer.
            WebSocketException _ = connection.applicationThrew(name + " of " + WebSocketConnection.nameOf(listener), e);
            return false;
        }
    }
}
