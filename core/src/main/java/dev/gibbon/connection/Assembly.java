// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.MessageType;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Inbound;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Makes messages of the parts that come, and gives them to the sink: one that came in one read where it lies;
 * others are put together, large ones by reading straight into their place; and part by part what the sink does not
 * want whole. In a turn of the connection only, unless a method says otherwise.
 */
public final class Assembly {
    /** From here on the rest of a frame is read straight into its place. */
    private static final int DIRECT_BYTES = 16 * 1024;

    private final WebSocketConnection connection;
    private final Inbound inbound;

    /** The message that is put together, and how much of it there is. */
    private @Nullable ByteBuffer begun;

    private int assembled;

    /** Whether the present message is handed out in parts, and whether it is thrown away. */
    private boolean inParts;

    private boolean skipping;

    /** Whether items come that belong to a streamed message which a listener does not get. */
    private boolean leftOver;

    /** Whether the last read went to the message's own place. */
    private boolean inPlace;

    /**
     * Whether the message before was large; then of the next one little is read until it is known whether it is,
     * too.
     */
    private boolean largeBefore;

    /** Looked at by the tick. */
    private volatile Input.Waiting waiting = Input.Waiting.FOR_A_MESSAGE;

    private volatile long number;
    private volatile long bytes;

    Assembly(WebSocketConnection connection, Inbound inbound) {
        this.connection = connection;
        this.inbound = inbound;
    }

    /** {@return what the peer is to bring next} Any thread. */
    Input.Waiting waiting() {
        return waiting;
    }

    /** {@return which message is put together, by number} Any thread. */
    long number() {
        return number;
    }

    /** {@return how much of it there is} Any thread. */
    long bytes() {
        return bytes;
    }

    private Workspace workspace() {
        return connection.driver().workspace();
    }

    private Sink sink() {
        return connection.sink();
    }

    /** {@return whether the sink takes more} */
    boolean accepts() {
        return sink().accepts(assembled);
    }

    /** {@return where to read to: the place of a large frame's rest, limited to it, or the buffer that all share} */
    ByteBuffer target() {
        ByteBuffer partial = begun;
        long toCome = partial == null ? 0 : inbound.plainBytesToCome();
        if (partial == null
                || toCome < DIRECT_BYTES
                || inParts
                || skipping
                || assembled + toCome > sink().wholeBytes()) {
            inPlace = false;
            ByteBuffer shared = workspace().receiveBuffer();
            int most = largeBefore && partial == null ? DIRECT_BYTES : sink().readBytes(assembled);
            return shared.limit(Math.min(shared.capacity(), most));
        }
        long announced = sink().reservable(toCome, assembled);
        if (announced < toCome) { // Nobody waits for it yet: as much as the sink takes now.
            inPlace = false;
            ByteBuffer shared = workspace().receiveBuffer();
            return shared.limit(Math.min(shared.capacity(), sink().readBytes(assembled)));
        }
        inPlace = true;
        ByteBuffer place = withRoom(DIRECT_BYTES, assembled + toCome, inbound.frameEndsMessage());
        place.limit((int) Math.min(place.capacity(), assembled + toCome));
        return place.position(assembled);
    }

    /** What was read waits elsewhere: what is parsed and unmasked there is not what lies in its place. */
    void movedAway() {
        inPlace = false;
    }

    /** A part of a message is there, from that byte on. */
    void data(ByteBuffer in, int from) throws Exception {
        int length = inbound.length();
        boolean last = inbound.last();
        Observed seen = connection.observed();
        if (seen != null) {
            seen.received(type(), length, last);
        }
        if (skipping) {
            skipping = !last;
        } else if (inParts) {
            inParts = !last;
            part(in, from, length, false, last);
        } else if (assembled + length + inbound.plainBytesToCome() > sink().wholeBytes()) {
            inParts = !last;
            boolean first = !giveBegun();
            part(in, from, length, first, last);
        } else if (begun == null && last) {
            largeBefore = false;
            whole(in, type(), from, length);
        } else {
            collect(in, from, length);
            if (last) {
                complete(type());
            }
        }
    }

    private MessageType type() {
        return inbound.opcode() == Opcode.TEXT ? MessageType.TEXT : MessageType.BINARY;
    }

    /** Hands out what there is of a message that the sink wants in parts by now. */
    void offerBegun() {
        if (begun != null && sink().wholeBytes() == 0) {
            try {
                inParts = giveBegun();
            } catch (Exception | Error e) {
                connection.input().failed(e);
            }
        }
    }

    /** No more comes: what there is of a message goes to those that may read it piece by piece. */
    void giveUp() {
        if (begun != null && sink() instanceof Mailbox) {
            try {
                boolean _ = giveBegun();
            } catch (Exception e) {
                throw new IllegalStateException("a mailbox refused a part", e);
            }
        }
    }

    /** {@return whether there was a part that waited for more} */
    private boolean giveBegun() throws Exception {
        ByteBuffer part = begun;
        if (part == null) {
            return false;
        }
        int size = assembled;
        forget();
        try {
            part(part, 0, size, true, false);
        } finally {
            workspace().assemblies().release(part);
        }
        return true;
    }

    /** Adds bytes to the message that is put together; those that were read into their place are there already. */
    private void collect(ByteBuffer in, int from, int length) {
        if (inPlace && !inbound.compressed()) {
            assembled += length;
            progress();
            return;
        }
        long toCome = inbound.plainBytesToCome();
        long room = sink().reservable(toCome, assembled + length);
        // How long a message gets is known with its final frame, and of a compressed one at its
        // end.
        boolean exact = (inbound.compressed() ? inbound.last() : inbound.frameEndsMessage()) && room == toCome;
        append(in, from, length, (long) assembled + length + room, exact);
    }

    private void append(ByteBuffer in, int from, int length, long announced, boolean exact) {
        if (begun == null) {
            long next = number + 1; // Turns alone write it.
            number = next;
        }
        withRoom(length, announced, exact).clear().put(assembled, in, from, length);
        assembled += length;
        progress();
    }

    private void progress() {
        Input.Waiting now = assembled > 0 ? Input.Waiting.FOR_THE_REST_OF_A_MESSAGE : Input.Waiting.FOR_A_MESSAGE;
        bytes = assembled;
        if (waiting != now) {
            waiting = now;
        }
        if (sink() instanceof Mailbox mailbox) {
            mailbox.assembling(assembled, begun == null ? 0 : begun.capacity());
        }
    }

    private ByteBuffer withRoom(int more, long announced, boolean exact) {
        ByteBuffer place = workspace().assemblies().withRoom(begun, assembled, more, announced, exact);
        begun = place;
        return place;
    }

    /**
     * Hands out a message that was put together; its buffer goes back unless a queue that it was written to keeps
     * it.
     */
    private void complete(MessageType type) throws Exception {
        ByteBuffer message = begun;
        if (message == null) {
            return;
        }
        largeBefore = inPlace;
        int size = assembled;
        forget();
        ReceivedView view = workspace().view();
        view.show(type, message, 0, size, true, true);
        view.lentBy(workspace().assemblies());
        try {
            sink().take(view);
        } finally {
            view.end();
            if (!view.isKept()) {
                workspace().assemblies().release(message);
            }
        }
    }

    private void forget() {
        begun = null;
        assembled = 0;
        progress();
    }

    private void whole(ByteBuffer source, MessageType type, int from, int length) throws Exception {
        ReceivedView view = workspace().view();
        view.show(type, source, from, length, true, true);
        try {
            sink().take(view);
        } finally {
            view.end();
        }
    }

    private void part(ByteBuffer source, int from, int length, boolean first, boolean last) throws Exception {
        ReceivedView view = workspace().view();
        view.show(type(), source, from, length, first, last);
        try {
            sink().takePart(view);
        } finally {
            view.end();
        }
    }

    /**
     * A listener takes over: what was taken of a message in parts is put together again, or its rest is thrown
     * away.
     */
    void takeOver(byte[] taken, boolean skipRest) {
        skipping = inParts && skipRest;
        inParts = false;
        leftOver = skipRest;
        if (taken.length > 0) {
            inPlace = false;
            append(ByteBuffer.wrap(taken), 0, taken.length, taken.length, false);
        }
    }

    /** A listener takes over: an item that nobody has read. */
    void takeOver(Mailbox.Item item) throws Exception {
        byte[] bytes = item.takeBytes();
        if (leftOver) { // Of the message that was streamed.
            leftOver = !item.last();
        } else if (item.isWhole()) {
            whole(ByteBuffer.wrap(bytes), item.type(), 0, bytes.length);
        } else {
            append(ByteBuffer.wrap(bytes), 0, bytes.length, bytes.length, false);
            if (item.last()) {
                complete(item.type());
            }
        }
    }

    /** The stream is gone. */
    void release() {
        ByteBuffer left = begun;
        if (left != null) {
            forget();
            workspace().assemblies().release(left);
        }
    }
}
