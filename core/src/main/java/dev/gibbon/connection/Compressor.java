// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.MessageType;
import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Outbound;
import java.nio.ByteBuffer;

/**
 * What a connection that agreed on permessage-deflate needs to send: which messages to compress, and the codec. The
 * messages are compressed in the order in which they leave, under the send lock.
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
     * Appends a whole message as one compressed frame; {@return false if it would not be shorter, with nothing done}
     */
    boolean appendWhole(SendBatch batch, Outbound outbound, Opcode opcode, ByteBuffer plain) {
        return batch.appendDeflated(outbound, opcode, deflater, plain);
    }

    /** Appends a fragment of what comes of {@code plain}; {@return whether that is all of it} */
    boolean appendFragment(SendBatch batch, Outbound outbound, Opcode opcode, ByteBuffer plain, FlushMode mode) {
        return batch.appendDeflated(outbound, opcode, deflater, plain, mode);
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
