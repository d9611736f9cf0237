// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import dev.gibbon.WebSocketException;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a thread does that reads: takes whole messages, or one piece by piece, out of the {@link Mailbox}. The
 * mailbox lets one thread in at a time, and its state here is that thread's.
 */
public final class Reading {
    private static final byte[] NOTHING = {};

    private final Mailbox mailbox;
    private final Lifecycle lifecycle;

    /** The message that is streamed, until all of it has come. */
    private @Nullable IncomingMessage current;

    /** Pieces of a message that was to be streamed and is not: a read ran out of time between them. */
    private @Nullable Gathered gathered;

    private static final class Gathered {
        final MessageType type;
        byte[] bytes;
        int length;

        Gathered(MessageType type, byte[] bytes) {
            this.type = type;
            this.bytes = bytes;
            this.length = bytes.length;
        }

        void add(byte[] more) {
            if (length + more.length > bytes.length) {
                bytes = Arrays.copyOf(bytes, (int)
                        Math.min(Integer.MAX_VALUE - 8, Math.max(2L * length, length + (long) more.length)));
            }
            System.arraycopy(more, 0, bytes, length, more.length);
            length += more.length;
        }

        byte[] all() {
            return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
        }
    }

    Reading(Mailbox mailbox, Lifecycle lifecycle) {
        this.mailbox = mailbox;
        this.lifecycle = lifecycle;
    }

    /** {@return the next message, or null at a clean end} */
    @Nullable
    Message readMessage(Duration atMost) throws IOException {
        mailbox.enter("readMessage");
        try {
            long until = mailbox.until(atMost);
            skipCurrent(until);
            Message message = null;
            while (message == null) {
                Mailbox.Item item = mailbox.next(Mailbox.Want.MESSAGE, until);
                if (item == null) {
                    gathered = null;
                    return atEnd();
                }
                message = whole(item);
            }
            return message;
        } finally {
            mailbox.exit();
        }
    }

    private @Nullable Message whole(Mailbox.Item item) {
        if (item.isWhole()) {
            return new OwnedMessage(item.type(), item.takeBytes());
        }
        Gathered parts = gathered;
        if (parts == null) {
            parts = new Gathered(item.type(), item.takeBytes());
            gathered = parts;
        } else {
            parts.add(item.takeBytes());
        }
        if (!item.last()) {
            return null;
        }
        gathered = null;
        return new OwnedMessage(parts.type, parts.all());
    }

    /** {@return the next message piece by piece, or null at a clean end} */
    @Nullable
    MessageReader nextReader(Duration atMost) throws IOException {
        mailbox.enter("nextReader");
        try {
            long until = mailbox.until(atMost);
            skipCurrent(until);
            IncomingMessage message;
            Gathered parts = gathered;
            if (parts != null) {
                gathered = null;
                message = new IncomingMessage(this, parts.type, parts.all(), false);
            } else {
                Mailbox.Item item = mailbox.next(Mailbox.Want.PIECES, until);
                if (item == null) {
                    atEnd();
                    return null;
                }
                message = new IncomingMessage(this, item.type(), item.takeBytes(), item.last());
            }
            current = message;
            return message;
        } finally {
            mailbox.exit();
        }
    }

    /** Goes to the end of a streamed message that was left; one that runs out of time goes on here the next time. */
    private void skipCurrent(long until) throws IOException {
        IncomingMessage unread = current;
        if (unread == null) {
            return;
        }
        unread.supersede();
        while (!unread.hasAll()) {
            Mailbox.Item item = mailbox.next(Mailbox.Want.PIECES, until);
            if (item == null) {
                break;
            }
            unread.skip(item.last());
        }
        current = null;
    }

    /** Brings the next piece of the streamed message. */
    void more(IncomingMessage message, Duration atMost) throws IOException {
        mailbox.enter(IncomingMessage.READ);
        try {
            requireCurrent(message);
            Mailbox.Item item = mailbox.next(Mailbox.Want.PIECES, mailbox.until(atMost));
            if (item == null) {
                throw lifecycle.closedForReading();
            }
            message.came(item.takeBytes(), item.last());
        } finally {
            mailbox.exit();
        }
    }

    @SuppressWarnings("ReferenceEquality") // Whether it is that very message.
    void requireCurrent(IncomingMessage message) {
        if (message.superseded() || (message != current && !message.hasAll())) {
            throw new IllegalStateException("this reader's message was left for a newer one");
        }
    }

    private @Nullable Message atEnd() throws IOException {
        WebSocketException failure = lifecycle.lastFailure();
        if (failure != null) {
            throw failure;
        }
        return null;
    }

    // ---- A listener takes over

    Mailbox mailbox() {
        return mailbox;
    }

    /** {@return pieces that were taken of a message whose rest has not come} */
    byte[] takeGathered() {
        Gathered parts = gathered;
        gathered = null;
        return parts == null ? NOTHING : parts.all();
    }

    /** {@return whether a message is being streamed whose rest is to be thrown away} */
    boolean leavesStream() {
        IncomingMessage unread = current;
        current = null;
        if (unread != null) {
            unread.supersede();
        }
        return unread != null && !unread.hasAll();
    }
}
