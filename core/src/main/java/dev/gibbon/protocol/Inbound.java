// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import dev.gibbon.deflate.CodecStatus;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.FrameParser;
import dev.gibbon.frame.Opcode;
import dev.gibbon.frame.Utf8Validator;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of the protocol (§5, §6.2, §8.1; RFC 7692 §6.2): bytes in, events out. Reader thread only.
 *
 * <p>Events are enum constants and what belongs to them is asked of this object, so that a frame costs no allocation;
 * the payload of {@link Event#DATA} lies unmasked in the caller's buffer. That of a compressed message is inflated in
 * steps of bounded size, each into a buffer that the caller has ready for it.
 */
public final class Inbound {
    /** What the bytes turned out to be. */
    public enum Event {
        /** All bytes are consumed; nothing happened that needs an answer. */
        INPUT_NEEDED,
        /** A part of a data message: {@link #opcode()}, {@link #first()}, {@link #last()}, {@link #length()}. */
        DATA,
        /** A part of a compressed message: {@link #inflate} it, which may come to a part of data. */
        COMPRESSED,
        /** A Ping frame (§5.5.2): {@link #controlPayload()}. */
        PING,
        /** A Pong frame (§5.5.3): {@link #controlPayload()}. */
        PONG,
        /** The peer's Close frame (§5.5.1): {@link #closeStatus()}. Whatever follows it is discarded. */
        CLOSE
    }

    private static final byte[] NO_BYTES = {};

    private final FrameParser parser;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable MessageInflater inflater;

    private final ClosingHandshake closing;
    private final LongSupplier nanoClock;

    /** Asked how many Pings were sent. */
    private final Outbound outbound;

    private final int maxControlFramesPerMinute;

    /** Made with the first control frame. */
    private @Nullable ControlFrameBudget controlFrames;

    /** How many Pongs came that Pings of ours had earned their place. */
    private long pongsAskedFor;

    private final Utf8Validator utf8 = new Utf8Validator();

    /** May be changed by any thread; the next frame's header meets the new ones. */
    private volatile Limits limits;

    // The message whose frames are coming; null between messages.
    private @Nullable Opcode message;
    private long messageBytes;
    private int fragments;

    // If it is compressed. Then messageBytes counts what is on
    // the wire, and the limits are those of its latest frame.
    private boolean compressed;
    private long inflatedBytes;
    private long mostInflated;

    // The present frame, from its header to its last byte.
    private boolean inFrame;
    private boolean startsMessage;
    private byte[] control = NO_BYTES;
    private int controlBytes;

    /**
     * Whether a part of the frame waits to be inflated, or to go on
     * with that; its first bytes, unmasked, are at the position.
     */
    private boolean inflating;

    private int toInflate;

    // What the last DATA or CLOSE event was about.
    private Opcode opcode = Opcode.BINARY;
    private boolean first;
    private boolean last;
    private int length;
    private CloseStatus closeStatus = CloseStatus.EMPTY;

    Inbound(
            Role role,
            Limits limits,
            ClosingHandshake closing,
            LongSupplier nanoClock,
            Outbound outbound,
            @Nullable MessageInflater inflater) {
        this.parser = new FrameParser(role, inflater == null ? 0 : FrameHeader.RSV1_BIT);
        this.inflater = inflater;
        this.limits = limits;
        this.closing = closing;
        this.nanoClock = nanoClock;
        this.outbound = outbound;
        this.maxControlFramesPerMinute = limits.maxControlFramesPerMinute();
    }

    /**
     * Consumes bytes up to the next event. For {@link Event#DATA} the payload is the next
     * {@link #length()} bytes of {@code in}, already unmasked; move the position past
     * them before the next call. After {@link Event#COMPRESSED} call {@link #inflate}.
     *
     * @param in bytes as they came; their payload is unmasked in place
     * @throws ProtocolException if the peer broke a rule; this object must not be used any more
     * @throws MessageTooBigException if a limit is crossed; this object must not be used any more
     */
    public Event next(ByteBuffer in) throws ProtocolException, MessageTooBigException {
        while (true) {
            if (closing.progress().received() != null) {
                // §5.5.1, §7.1.4: nothing that follows a Close frame means anything.
                in.position(in.limit());
                giveUpInflating();
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

    /**
     * Inflates a step of the message of the last {@link Event#COMPRESSED}: as much as fits {@code out}, or {@link
     * MessageInflater#STEP_BYTES}, or the message limit, is there, or there is no more input. Call {@link #next} again
     * afterwards, which may ask for another step; between two steps a caller can let others on.
     *
     * @param in the same bytes as for {@link #next}; what is inflated is consumed
     * @param out gets the plain payload, {@link #length()} bytes from its position on, which moves past them; has room
     * @return whether there is a part of data, as with {@link Event#DATA}; if not, too little has come to say anything
     * @throws ProtocolException if the message is corrupt or no UTF-8; this object must not be used any more
     * @throws MessageTooBigException if its limit is crossed; no more was inflated than one byte too many
     */
    public boolean inflate(ByteBuffer in, ByteBuffer out) throws ProtocolException, MessageTooBigException {
        MessageInflater codec = inflater;
        Opcode type = message;
        if (codec == null || type == null || !inflating) {
            throw new IllegalStateException("nothing to inflate");
        }
        boolean frameEnds = parser.payloadRemaining() == 0;
        int from = out.position();
        CodecStatus status = inflateStep(codec, in, frameEnds && parser.fin(), out);
        int n = out.position() - from;
        inflatedBytes += n;
        if (inflatedBytes > mostInflated) {
            boolean _ = giveUpInflating();
            throw new MessageTooBigException(
                    "message of more than " + mostInflated + " bytes once inflated (§10.4)", mostInflated);
        }
        boolean messageEnds = status == CodecStatus.ENDED;
        if (type == Opcode.TEXT && !validText(out, from, n, messageEnds)) {
            boolean _ = giveUpInflating();
            throw new ProtocolException(CloseCode.INVALID_PAYLOAD, "text message is not UTF-8 (§8.1)");
        }
        inflating = status == CodecStatus.OUTPUT_PENDING;
        boolean begins = startsMessage;
        startsMessage = false;
        inFrame = inflating || !frameEnds;
        if (messageEnds) {
            message = null;
        }
        opcode = type;
        first = begins;
        last = messageEnds;
        length = n;
        return n > 0 || begins || messageEnds;
    }

    private CodecStatus inflateStep(MessageInflater codec, ByteBuffer in, boolean messageEnds, ByteBuffer out)
            throws ProtocolException {
        int inLimit = in.limit();
        int outLimit = out.limit();
        long left = Math.max(0, mostInflated - inflatedBytes);
        try {
            in.limit(in.position() + toInflate);
            if (left < out.remaining()) {
                // A full buffer does not show whether there is more.
                out.limit(out.position() + (int) left + 1);
            }
            return codec.inflate(in, messageEnds, out);
        } finally {
            toInflate = in.remaining();
            in.limit(inLimit);
            out.limit(outLimit);
        }
    }

    /**
     * Ends a message that is being inflated, if there is one, and gives back what it takes; for a connection that has
     * come to its end. Nothing compressed may follow.
     *
     * @return whether there was one
     */
    public boolean giveUpInflating() {
        MessageInflater codec = inflater;
        if (codec == null || !codec.midMessage()) {
            return false;
        }
        codec.close();
        return true;
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

    /**
     * {@return how many bytes of its message the present frame is
     * still to bring, as they will be handed out; 0 if nobody knows}
     */
    public long plainBytesToCome() {
        return compressed ? 0 : frameBytesToCome();
    }

    /** {@return whether the frame that is coming ends its message} */
    public boolean frameEndsMessage() {
        return parser.fin();
    }

    /** {@return whether the present message came compressed, or the last one if none has begun since} */
    public boolean compressed() {
        return compressed;
    }

    /**
     * {@return whether {@link #next} will go on without further
     * input, since there is more of a compressed message to hand out}
     */
    public boolean inflating() {
        return inflating;
    }

    /** {@return whether part of a message or of a frame's header has come, and the rest has not} */
    public boolean midMessage() {
        return message != null || inFrame || !parser.idle();
    }

    /**
     * {@return whether {@code in}, behind a whole message, goes on with a frame that ends the connection: a Close,
     * or one whose first byte breaks a rule (§5.2, §5.4, §5.5)}
     */
    public boolean endComesNext(ByteBuffer in) {
        return in.hasRemaining() && !inflating && !midMessage() && !parser.mayBeginWith(in.get(in.position()));
    }

    /** {@return whether {@code in}, behind a whole message, goes on with the first byte of the next} */
    public boolean messageComesNext(ByteBuffer in) {
        return in.hasRemaining() && !inflating && !midMessage() && parser.mayBeginMessageWith(in.get(in.position()));
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
            compressed = parser.rsv1();
            inflatedBytes = 0;
        } else if (message == null) {
            throw violation("CONTINUATION frame without a message to continue (§5.4)");
        }
        Limits limits = this.limits;
        fragments++;
        limits.checkFragments(fragments);
        long payload = parser.payloadLength();
        if (compressed) { // What it says is counted as it is inflated.
            mostInflated = limits.maxMessageBytes();
            limits.checkCompressed(payload, messageBytes, fragments);
        } else {
            limits.checkPlain(payload, messageBytes);
        }
        messageBytes += payload;
    }

    private ControlFrameBudget budget() {
        ControlFrameBudget known = controlFrames;
        if (known == null) {
            known = new ControlFrameBudget(maxControlFramesPerMinute);
            controlFrames = known;
        }
        return known;
    }

    private void beginControlFrame(Opcode frame) throws ProtocolException {
        int payload = (int) parser.payloadLength();
        control = payload == 0 ? NO_BYTES : new byte[payload];
        controlBytes = 0;
        if (frame != Opcode.CLOSE && !wasAskedFor(frame) && !budget().take(nanoClock.getAsLong())) {
            throw new ProtocolException(
                    CloseCode.POLICY_VIOLATION,
                    "more than " + maxControlFramesPerMinute + " control frames a minute (§10.4)");
        }
    }

    /**
     * {@return whether it is a Pong that a Ping of ours has earned its place} The peer owes us that one, so it is
     * no flood.
     */
    private boolean wasAskedFor(Opcode frame) {
        if (frame != Opcode.PONG || pongsAskedFor >= outbound.pings()) {
            return false;
        }
        pongsAskedFor++;
        return true;
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
        if (compressed) {
            return compressedBytes(in);
        }
        int n = parser.unmaskPayload(in);
        boolean frameEnds = parser.payloadRemaining() == 0;
        boolean messageEnds = frameEnds && parser.fin();
        Opcode type = message;
        if (type == null) {
            throw new IllegalStateException("no message");
        }
        if (type == Opcode.TEXT && !validText(in, in.position(), n, messageEnds)) {
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
            // §1.4: data that crosses our Close frame is of no use any more.
            in.position(in.position() + n);
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

    private @Nullable Event compressedBytes(ByteBuffer in) {
        if (!inflating) {
            toInflate = parser.unmaskPayload(in);
            if (toInflate == 0 && parser.payloadRemaining() > 0 && !startsMessage) {
                return null;
            }
            inflating = true;
        }
        if (closing.progress().sent() == null) {
            return Event.COMPRESSED;
        }
        // §1.4: data that crosses our Close frame is of no
        // use any more; nor is the context of later messages.
        boolean _ = giveUpInflating();
        in.position(in.position() + toInflate);
        inflating = false;
        inFrame = parser.payloadRemaining() > 0;
        if (!inFrame && parser.fin()) {
            message = null;
        }
        return null;
    }

    private boolean validText(ByteBuffer in, int from, int n, boolean messageEnds) {
        if (!utf8.accept(in, from, from + n)) {
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
