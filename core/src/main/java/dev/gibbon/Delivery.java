// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Inbound;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way in of a connection on an event loop: turns bytes into calls of its {@link Listener}. A message that came in
 * one read is shown where it lies; others are put together, large ones by reading straight into their place. Loop's
 * thread only, unless a method says otherwise.
 */
final class Delivery implements Input {
    /** From here on the rest of a frame is read straight into its place. */
    private static final int DIRECT_BYTES = 16 * 1024;

    /**
     * What is inflated in one turn, which takes about half a millisecond;
     * a read's worth of input could make a thousand times as much.
     */
    private static final int INFLATED_PER_TURN = 256 * 1024;

    /** What a step counts for however little comes of it. */
    private static final int STEP_COST = 512;

    private final WebSocketConnection connection;
    private final Inbound inbound;
    private final Listener listener;
    private final long wholeBytes;

    private @Nullable EventLoop loop;

    /** The message that is put together, and how much of it there is. */
    private @Nullable ByteBuffer assembly;

    private int assembled;

    /** Whether the present message is handed out in parts, and whether it is thrown away. */
    private boolean inParts;

    private boolean skipping;

    /** Whether the last read went to the message's own place. */
    private boolean inPlace;

    /**
     * Whether the message before was large; then of the next one little is read until it is known whether it is, too.
     */
    private boolean largeBefore;

    private boolean ended;

    /** How many bytes may still be inflated before the connections that wait get their turn. */
    private int inflateBudget = INFLATED_PER_TURN;

    /** Looked at by the tick. */
    private volatile Input.Waiting waiting = Input.Waiting.FOR_A_MESSAGE;

    private volatile long awaitedMessage;
    private volatile long awaitedBytes;
    private volatile long reads;

    Delivery(WebSocketConnection connection, Inbound inbound, Listener listener, long wholeBytes) {
        this.connection = connection;
        this.inbound = inbound;
        this.listener = listener;
        this.wholeBytes = wholeBytes;
    }

    @Override
    public Input.Waiting waiting() {
        return waiting;
    }

    @Override
    public long awaitedMessage() {
        return awaitedMessage;
    }

    @Override
    public long awaitedBytes() {
        return awaitedBytes;
    }

    @Override
    public long reads() {
        return reads;
    }

    void noteRead() {
        long count = reads + 1; // The loop's thread alone writes it.
        reads = count;
    }

    /** Reading pauses, or goes on: nobody waits for the peer meanwhile. */
    void paused(boolean now) {
        waiting = now ? Input.Waiting.NO : waitingFor();
    }

    private Input.Waiting waitingFor() {
        return assembled > 0 ? Input.Waiting.FOR_THE_REST_OF_A_MESSAGE : Input.Waiting.FOR_A_MESSAGE;
    }

    private EventLoop loop() {
        EventLoop own = loop;
        if (own == null) {
            throw new IllegalStateException("not on a loop yet");
        }
        return own;
    }

    /** Takes over from a blocking reader, and makes the first call of the listener. */
    void open(EventLoop own, Receiver.Rest rest) {
        loop = own;
        skipping = rest.skipRest();
        byte[] begun = rest.begun();
        if (begun.length > 0) {
            collect(ByteBuffer.wrap(begun), 0, begun.length);
        }
        call("onOpen", () -> listener.onOpen(connection));
    }

    /** {@return where to read to: the place of a large frame's rest, limited to it, or the loop's own buffer} */
    ByteBuffer target() {
        ByteBuffer partial = assembly;
        long toCome = partial == null ? 0 : inbound.plainBytesToCome();
        if (partial == null || toCome < DIRECT_BYTES || inParts || skipping) {
            inPlace = false;
            ByteBuffer shared = loop().receiveBuffer();
            return largeBefore && partial == null ? shared.limit(DIRECT_BYTES) : shared;
        }
        inPlace = true;
        ByteBuffer place = withRoom(DIRECT_BYTES, assembled + toCome, inbound.frameEndsMessage());
        place.limit((int) Math.min(place.capacity(), assembled + toCome));
        return place.position(assembled);
    }

    /** The loop has come to this connection again. */
    void beginTurn() {
        inflateBudget = INFLATED_PER_TURN;
    }

    /** {@return whether this connection has had more than its share, so that it is to go on in a later turn} */
    boolean exhausted() {
        return inflateBudget <= 0;
    }

    /** {@return whether there is something to go on with even if no byte of input is left} */
    boolean inflating() {
        return inbound.inflating() && !ended;
    }

    /** Consumes bytes up to the end, or up to where the connection is too congested to go on, or has had its share. */
    void accept(ByteBuffer in) {
        while (!ended && inflateBudget > 0 && !connection.sender().congested()) {
            switch (next(in)) {
                case INPUT_NEEDED -> {
                    return;
                }
                case DATA -> {
                    int from = in.position();
                    in.position(from + inbound.length());
                    data(in, from);
                }
                case COMPRESSED -> inflate(in);
                case PING ->
                    call(
                            "onPing or the ping handler",
                            () -> connection.controlFrames().ping(connection, inbound.controlPayload()));
                case PONG ->
                    call(
                            "onPong or the pong handler",
                            () -> connection.controlFrames().pong(connection, inbound.controlPayload()));
                case CLOSE -> {
                    CloseStatus status = inbound.closeStatus();
                    call("the close handler", () -> connection.controlFrames().close(status));
                    connection.lifecycle().closeReceived(status, inbound.midMessage());
                    ended = true;
                }
            }
        }
        if (ended) {
            in.position(in.limit());
        }
    }

    private Inbound.Event next(ByteBuffer in) {
        try {
            return inbound.next(in);
        } catch (ProtocolException e) {
            refuse(e, e.closeCode());
        } catch (MessageTooBigException e) {
            refuse(e, e.closeCode());
        }
        in.position(in.limit());
        return Inbound.Event.INPUT_NEEDED;
    }

    private void refuse(WebSocketException problem, CloseCode code) {
        ended = true;
        WebSocketException _ = connection.lifecycle().fail(problem, code);
    }

    private void inflate(ByteBuffer in) {
        ByteBuffer step = loop().inflateBuffer();
        try {
            boolean any = inbound.inflate(in, step);
            inflateBudget -= step.position() + STEP_COST;
            if (any) {
                data(step, 0);
            }
        } catch (ProtocolException e) {
            refuse(e, e.closeCode());
        } catch (MessageTooBigException e) {
            refuse(e, e.closeCode());
        }
    }

    /** A part of a message is there, from that byte on. */
    private void data(ByteBuffer in, int from) {
        int length = inbound.length();
        boolean last = inbound.last();
        if (skipping) {
            skipping = !last;
        } else if (inParts) {
            part(in, from, length, false, last);
            inParts = !last;
        } else if (assembled + length + inbound.plainBytesToCome() > wholeBytes) {
            beginParts(in, from, length, last);
        } else if (assembly == null && last) {
            whole(in, from, length);
        } else {
            collect(in, from, length);
            if (last) {
                ByteBuffer message = assembly;
                int size = assembled;
                if (message != null) {
                    assembly = null; // So that a listener that throws leaves nothing behind.
                    assembled = 0;
                    assembled(message, size);
                    waiting = waitingFor();
                }
            }
        }
    }

    private void beginParts(ByteBuffer in, int from, int length, boolean last) {
        ByteBuffer begun = assembly;
        int size = assembled;
        assembly = null;
        assembled = 0;
        if (begun != null) {
            part(begun, 0, size, true, false);
            loop().assemblies().release(begun);
            waiting = waitingFor(); // As of a streamed message, nobody waits for its rest.
        }
        part(in, from, length, begun == null, last);
        inParts = !last;
    }

    /** Adds bytes to the message that is put together; those that were read into their place are there already. */
    @SuppressWarnings("ReferenceEquality") // Whether it is that very buffer, not one of equal content.
    private void collect(ByteBuffer in, int from, int length) {
        if (!inPlace || inbound.compressed()) {
            boolean begins = assembly == null;
            long size = (long) assembled + length;
            // How long a message gets is known with its final
            // frame, and of a compressed one at its end.
            boolean exact = inbound.compressed() ? inbound.last() : inbound.frameEndsMessage();
            ByteBuffer place = withRoom(length, size + inbound.plainBytesToCome(), exact);
            place.clear().put(assembled, in, from, length);
            if (begins) {
                awaitedMessage = nextMessage();
            }
        }
        assembled += length;
        awaitedBytes = assembled;
        if (waiting != Input.Waiting.FOR_THE_REST_OF_A_MESSAGE) {
            waiting = Input.Waiting.FOR_THE_REST_OF_A_MESSAGE;
        }
    }

    private long nextMessage() {
        return awaitedMessage + 1;
    }

    private ByteBuffer withRoom(int more, long announced, boolean exact) {
        ByteBuffer place = loop().assemblies().withRoom(assembly, assembled, more, announced, exact);
        assembly = place;
        return place;
    }

    /**
     * Hands out a message that was put together; its buffer goes back unless a queue that it was written to keeps it.
     */
    private void assembled(ByteBuffer message, int size) {
        largeBefore = inPlace;
        MessageView view = loop().view();
        show(message, 0, size, true, true);
        view.lentBy(loop());
        tell(view);
        if (!view.isKept()) {
            loop().assemblies().release(message);
        }
    }

    private void whole(ByteBuffer source, int from, int length) {
        largeBefore = false;
        show(source, from, length, true, true);
        tell(loop().view());
    }

    private void tell(MessageView view) {
        loop().holdUp().begin(listener);
        try {
            if (view.isText()) {
                listener.onText(connection, view);
            } else {
                listener.onBinary(connection, view);
            }
        } catch (Exception | Error e) { // The application's: anything may come, and only this connection may suffer.
            failed(view.isText() ? "onText" : "onBinary", e);
        } finally {
            loop().holdUp().end();
            view.end();
        }
    }

    private void part(ByteBuffer source, int from, int length, boolean first, boolean last) {
        show(source, from, length, first, last);
        call("onPart", () -> listener.onPart(connection, loop().view()));
        loop().view().end();
    }

    private void show(ByteBuffer source, int from, int length, boolean first, boolean last) {
        MessageType type = inbound.opcode() == Opcode.TEXT ? MessageType.TEXT : MessageType.BINARY;
        loop().view().show(type, source, from, length, first, last);
    }

    /** There is room again. */
    void writable() {
        call("onWritable", () -> listener.onWritable(connection));
    }

    private interface Call {
        void run() throws IOException;
    }

    private void call(String name, Call callback) {
        loop().holdUp().begin(listener);
        try {
            callback.run();
        } catch (Exception | Error e) { // The application's: anything may come, and only this connection may suffer.
            failed(name, e);
        } finally {
            loop().holdUp().end();
        }
    }

    private void failed(String name, Throwable e) {
        ended = true;
        WebSocketException _ = connection.applicationThrew(name + " of " + WebSocketConnection.nameOf(listener), e);
    }

    /** Nothing that has come is delivered any more. */
    void stop() {
        ended = true;
    }

    /** The transport is gone: the last call. */
    void ended() {
        ended = true;
        boolean _ = inbound.giveUpInflating();
        ByteBuffer left = assembly;
        if (left != null) {
            assembly = null;
            assembled = 0;
            loop().assemblies().release(left);
        }
        HoldUp holdUp = loop().holdUp();
        holdUp.begin(listener);
        try {
            connection.tellEnd(listener);
        } finally {
            holdUp.end();
        }
    }
}
