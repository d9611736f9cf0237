// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import dev.gibbon.frame.FrameParser;
import dev.gibbon.frame.Opcode;
import dev.gibbon.frame.Utf8Validator;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of the protocol (§5, §6.2, §8.1): bytes in, events out. Reader thread only.
 *
 * <p>Events are enum constants and what belongs to them is asked of this object, so that a frame costs no allocation; the payload
 * of {@link Event#DATA} lies unmasked in the caller's buffer.
 */
public final class Inbound {
    /** What the bytes turned out to be. */
    public enum Event {
        /** All bytes are consumed; nothing happened that needs an answer. */
        INPUT_NEEDED,
        /** A part of a data message: {@link #opcode()}, {@link #first()}, {@link #last()}, {@link #length()}. */
        DATA,
        /** A Ping frame (§5.5.2): {@link #controlPayload()}. */
        PING,
        /** A Pong frame (§5.5.3): {@link #controlPayload()}. */
        PONG,
        /** The peer's Close frame (§5.5.1): {@link #closeStatus()}. Whatever follows it is discarded. */
        CLOSE
    }

    private static final byte[] NO_BYTES = {};

    private final FrameParser parser;
    private final ClosingHandshake closing;
    private final LongSupplier nanoClock;
    private final ControlFrameBudget controlFrames;
    private final Utf8Validator utf8 = new Utf8Validator();

    /** May be changed by any thread; the next frame's header meets the new ones. */
    private volatile Limits limits;

    // The message whose frames are coming; null between messages.
    private @Nullable Opcode message;
    private long messageBytes;
    private int fragments;

    // The present frame, from its header to its last byte.
    private boolean inFrame;
    private boolean startsMessage;
    private byte[] control = NO_BYTES;
    private int controlBytes;

    // What the last DATA or CLOSE event was about.
    private Opcode opcode = Opcode.BINARY;
    private boolean first;
    private boolean last;
    private int length;
    private CloseStatus closeStatus = CloseStatus.EMPTY;

    Inbound(Role role, Limits limits, ClosingHandshake closing, LongSupplier nanoClock) {
        this.parser = new FrameParser(role, 0);
        this.limits = limits;
        this.closing = closing;
        this.nanoClock = nanoClock;
        this.controlFrames = new ControlFrameBudget(limits.maxControlFramesPerMinute());
    }

    /**
     * Consumes bytes up to the next event. For {@link Event#DATA} the payload is the next {@link #length()} bytes of {@code in},
     * already unmasked; move the position past them before the next call.
     *
     * @param in bytes as they came; their payload is unmasked in place
     * @throws ProtocolException if the peer broke a rule; this object must not be used any more
     * @throws MessageTooBigException if a limit is crossed; this object must not be used any more
     */
    public Event next(ByteBuffer in) throws ProtocolException, MessageTooBigException {
        while (true) {
            if (closing.progress().received() != null) {
                in.position(in.limit()); // §5.5.1, §7.1.4: nothing that follows a Close frame means anything.
                return Event.INPUT_NEEDED;
            }
            if (!inFrame) {
                if (!parser.parseHeader(in)) {
                    return Event.INPUT_NEEDED;
                }
                beginFrame();
            }
            Event event = parser.opcode().isControl() ? controlBytes(in) : dataBytes(in);
            if (event != null) {
                return event;
            }
            if (inFrame && !in.hasRemaining()) {
                return Event.INPUT_NEEDED;
            }
        }
    }

    /** Changes the limits; the message limit counts from the next frame on. Any thread. */
    public void limits(Limits changed) {
        limits = changed;
    }

    /** {@return whether the message of the last {@link Event#DATA} is text or binary} */
    public Opcode opcode() {
        return opcode;
    }

    /** {@return whether the last {@link Event#DATA} begins its message} */
    public boolean first() {
        return first;
    }

    /** {@return whether the last {@link Event#DATA} ends its message} */
    public boolean last() {
        return last;
    }

    /** {@return how many payload bytes the last {@link Event#DATA} has in the buffer} */
    public int length() {
        return length;
    }

    /** {@return how many payload bytes of the present frame are still to come; 0 between frames} */
    public long frameBytesToCome() {
        return inFrame ? parser.payloadRemaining() : 0;
    }

    /** {@return whether the frame that is coming ends its message} */
    public boolean frameEndsMessage() {
        return parser.fin();
    }

    /** {@return whether part of a message or of a frame's header has come, and the rest has not} */
    public boolean midMessage() {
        return message != null || inFrame || !parser.idle();
    }

    /** {@return the payload of the last {@link Event#PING} or {@link Event#PONG}; the caller's to keep} */
    public byte[] controlPayload() {
        return control;
    }

    /** {@return the code and reason of {@link Event#CLOSE}} */
    public CloseStatus closeStatus() {
        return closeStatus;
    }

    private void beginFrame() throws ProtocolException, MessageTooBigException {
        Opcode frame = parser.opcode();
        inFrame = true;
        if (frame.isControl()) {
            beginControlFrame(frame);
            return;
        }
        startsMessage = frame != Opcode.CONTINUATION;
        if (startsMessage) {
            if (message != null) {
                throw violation("new " + frame + " frame before the fragmented message ended (§5.4)");
            }
            message = frame;
            messageBytes = 0;
            fragments = 0;
        } else if (message == null) {
            throw violation("CONTINUATION frame without a message to continue (§5.4)");
        }
        long payload = parser.payloadLength();
        Limits limits = this.limits;
        if (payload > limits.maxFrameBytes()) {
            throw new MessageTooBigException(
                    "frame of " + payload + " bytes > " + limits.maxFrameBytes() + " (§10.4)", limits.maxFrameBytes());
        }
        if (payload > limits.maxMessageBytes() - messageBytes) {
            throw new MessageTooBigException(
                    "message of " + messageBytes + " + " + payload + " bytes > " + limits.maxMessageBytes()
                            + " (§10.4)",
                    limits.maxMessageBytes());
        }
        messageBytes += payload;
        if (++fragments > limits.maxFragments()) {
            throw new ProtocolException(
                    CloseCode.POLICY_VIOLATION, "message of more than " + limits.maxFragments() + " fragments (§10.4)");
        }
    }

    private void beginControlFrame(Opcode frame) throws ProtocolException {
        int payload = (int) parser.payloadLength();
        control = payload == 0 ? NO_BYTES : new byte[payload];
        controlBytes = 0;
        if (frame != Opcode.CLOSE && !controlFrames.take(nanoClock.getAsLong())) {
            throw new ProtocolException(
                    CloseCode.POLICY_VIOLATION,
                    "more than " + controlFrames.perMinute() + " control frames a minute (§10.4)");
        }
    }

    private @Nullable Event controlBytes(ByteBuffer in) throws ProtocolException {
        int n = parser.unmaskPayload(in);
        in.get(control, controlBytes, n);
        controlBytes += n;
        if (controlBytes < control.length) {
            return null;
        }
        inFrame = false;
        return switch (parser.opcode()) {
            case PING -> Event.PING;
            case PONG -> Event.PONG;
            case CLOSE -> {
                closeStatus = ClosePayload.decode(control);
                yield closing.received(closeStatus) ? Event.CLOSE : null;
            }
            case CONTINUATION, TEXT, BINARY -> throw new IllegalStateException("not a control frame");
        };
    }

    private @Nullable Event dataBytes(ByteBuffer in) throws ProtocolException {
        int n = parser.unmaskPayload(in);
        boolean frameEnds = parser.payloadRemaining() == 0;
        boolean messageEnds = frameEnds && parser.fin();
        Opcode type = message;
        if (type == null) {
            throw new IllegalStateException("no message");
        }
        if (type == Opcode.TEXT && !validText(in, n, messageEnds)) {
            throw new ProtocolException(CloseCode.INVALID_PAYLOAD, "text message is not UTF-8 (§8.1)");
        }
        boolean begins = startsMessage;
        startsMessage = false;
        if (frameEnds) {
            inFrame = false;
        }
        if (messageEnds) {
            message = null;
        }
        if (closing.progress().sent() != null) {
            in.position(in.position() + n); // §1.4: data that crosses our Close frame is of no use any more.
            return null;
        }
        if (n == 0 && !begins && !messageEnds) {
            return null;
        }
        opcode = type;
        first = begins;
        last = messageEnds;
        length = n;
        return Event.DATA;
    }

    private boolean validText(ByteBuffer in, int n, boolean messageEnds) {
        if (!utf8.accept(in, in.position(), in.position() + n)) {
            return false;
        }
        if (!messageEnds) {
            return true;
        }
        boolean whole = utf8.complete();
        utf8.reset();
        return whole;
    }

    private static ProtocolException violation(String message) {
        return new ProtocolException(CloseCode.PROTOCOL_ERROR, message);
    }
}
