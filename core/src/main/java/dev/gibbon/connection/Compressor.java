// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.InterruptedCallException;
import dev.gibbon.MessageType;
import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Outbound;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The compressed messages of a connection that agreed on permessage-deflate: which they are, and in how many frames
 * they leave. They are compressed in the order in which they leave, under the send lock.
 */
public final class Compressor {
    /** Longer messages are compressed in steps, each of which leaves as a fragment. */
    static final int WHOLE_BYTES = 60 * 1024;

    /**
     * A message for which the codec may hold its thread up at most,
     * about a millisecond: on an event loop longer ones go out plain.
     */
    static final int MOST_AT_ONCE = 256 * 1024;

    /** Stands for the length of a message that is not known when it begins. */
    static final long UNKNOWN_LENGTH = Long.MAX_VALUE;

    private final Compression terms;
    private final DeflateAgreement.Direction outgoing;
    private final ZlibPool pool;

    /** Guarded by the send lock. */
    private final MessageDeflater deflater;

    private volatile boolean enabled = true;

    Compressor(Compression terms, Role role, ZlibPool pool) {
        this.terms = terms;
        this.outgoing = terms.agreement().outgoing(role);
        this.pool = pool;
        this.deflater = new MessageDeflater(pool, outgoing, terms.options().liveStreams());
    }

    void enabled(boolean on) {
        enabled = on;
    }

    /** {@return whether to compress a message} Asks the application, so not under a lock. Any thread. */
    boolean wants(Opcode opcode, long length) {
        return enabled
                && terms.options().compresses(opcode == Opcode.TEXT ? MessageType.TEXT : MessageType.BINARY, length);
    }

    /**
     * {@return the encoding of a prepared message for this connection:
     * compressed if it is to be and gets shorter by it} Any thread.
     */
    EncodedMessage.Encoding encoding(EncodedMessage message) {
        int length = message.length();
        if (!wants(message.opcode(), length)) {
            return message.plain();
        }
        return message.compressed(pool, MessageDeflater.form(outgoing, length));
    }

    /**
     * Compresses and sends a whole message, as one frame if it is not long. A long one goes out in fragments: where
     * the caller may wait, each leaves before the next is compressed; elsewhere all are appended at once, and one
     * that would take too long for that is not compressed.
     */
    void sendMessage(Sender sender, Opcode opcode, ByteBuffer payload, long until) throws IOException {
        Output output = sender.output();
        Delivery delivery = sender.delivery();
        if (payload.remaining() > WHOLE_BYTES && delivery.mayWait()) {
            sendLong(sender, opcode, payload, until);
            return;
        }
        int bytes = payload.remaining();
        long duty = Delivery.HELD;
        output.lock.lock();
        try {
            if (sender.mustWaitBehindLocked()) {
                sender.waitBehindLocked(Aside.Written.copyOf(opcode, payload, true), until);
            } else {
                sender.awaitTurnLocked(until);
                duty = delivery.dutyLocked(appendMessageLocked(output, opcode, payload));
            }
        } finally {
            output.lock.unlock();
        }
        sender.sent(opcode, bytes);
        delivery.deliver(duty, until);
    }

    private void sendLong(Sender sender, Opcode opcode, ByteBuffer payload, long until) throws IOException {
        int bytes = payload.remaining();
        sender.beginMessage(until);
        boolean sent = false;
        try {
            sendPart(sender, opcode, FlushMode.LAST, payload, false, until);
            sent = true;
        } catch (InterruptedCallException e) {
            sent = true;
            throw e;
        } finally {
            if (sent) {
                sender.sent(opcode, bytes);
            } else {
                sender.abandonMessage("a message could not be compressed to its end (§5.4)");
            }
        }
    }

    /**
     * Appends a message at once, compressed if it gets shorter by it; {@return whether {@code payload} is borrowed,
     * as it may be if not}
     */
    boolean appendMessageLocked(Output output, Opcode opcode, ByteBuffer payload) {
        int length = payload.remaining();
        if (length > WHOLE_BYTES && length <= MOST_AT_ONCE) {
            appendFragmentsLocked(output, opcode, payload);
            return false;
        }
        SendBatch batch = output.batchLocked();
        Outbound outbound = output.outbound();
        boolean compressed = length <= WHOLE_BYTES && batch.appendDeflated(outbound, opcode, deflater, payload);
        boolean borrowed = !compressed && batch.append(outbound, opcode, true, 0, payload);
        output.countLocked();
        return borrowed;
    }

    private void appendFragmentsLocked(Output output, Opcode opcode, ByteBuffer payload) {
        Opcode next = opcode;
        boolean all = false;
        while (!all) {
            long before = output.batchLocked().bytes();
            all = appendFragmentLocked(output, next, FlushMode.LAST, payload);
            if (output.batchLocked().bytes() > before) {
                output.countLocked();
                next = Opcode.CONTINUATION;
            }
        }
    }

    /** Appends a fragment of what comes of {@code plain}, if any does; {@return whether that is all of it} */
    private boolean appendFragmentLocked(Output output, Opcode opcode, FlushMode mode, ByteBuffer plain) {
        return output.batchLocked().appendDeflated(output.outbound(), opcode, deflater, plain, mode);
    }

    /**
     * Compresses a part of the message that the caller began, and sends what comes of it in fragments, each of which
     * leaves before the next is compressed; the final one, after {@link FlushMode#LAST}, lets the next message begin.
     *
     * @param opcode the message's
     * @param plain consumed
     * @param awaitsRoom whether to wait for room before each fragment
     * @param until when a wait must have ended
     * @throws InterruptedCallException if the wait for it ended early; it is sent all the same
     */
    void sendPart(Sender sender, Opcode opcode, FlushMode mode, ByteBuffer plain, boolean awaitsRoom, long until)
            throws IOException {
        Output output = sender.output();
        Delivery delivery = sender.delivery();
        InterruptedCallException interrupted = null;
        boolean all = false;
        while (!all) {
            long duty = Delivery.HELD;
            output.lock.lock();
            try {
                output.requireSendableLocked();
                if (awaitsRoom && interrupted == null) {
                    interrupted = sender.awaitRoomInMessageLocked(until);
                }
                long before = output.batchLocked().bytes();
                all = appendFragmentLocked(output, sender.nextLocked(opcode), mode, plain);
                if (output.batchLocked().bytes() > before) {
                    output.countLocked();
                    if (all && mode == FlushMode.LAST) {
                        sender.endMessageLocked();
                    }
                    duty = delivery.dutyLocked(false);
                }
            } finally {
                output.lock.unlock();
            }
            try {
                delivery.deliver(duty, until);
            } catch (InterruptedCallException e) { // The rest is sent without waiting.
                interrupted = e;
            }
        }
        if (interrupted != null) {
            throw interrupted;
        }
    }

    /** Notes that a message was appended that was compressed elsewhere. */
    void remember(ByteBuffer plain) {
        deflater.remember(plain);
    }

    /** The message in flight will not end, and nothing of it was appended. */
    void abandonMessage() {
        deflater.release();
    }

    /** Gives back what is leased; nothing may be compressed afterwards. */
    void close() {
        deflater.close();
    }
}
