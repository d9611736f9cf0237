// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.FrameParser;
import dev.gibbon.protocol.Inbound;
import dev.gibbon.protocol.Limits;
import dev.gibbon.protocol.Protocol;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Frames of a peer, fed to the parser and to the receiving half of the protocol. Choices: 1 byte of flags (1: we are
 * the client; 2: our Close frame was sent; 4, 8, 16: RSV3, RSV2, RSV1 are permitted to the parser), 4 of limits (frame,
 * message, fragments, control frames), then sizes of pieces.
 */
public final class FrameTarget {
    private static final int CLIENT = 1;
    private static final int CLOSE_SENT = 2;

    /** Per byte of input at most: a Ping of no payload takes two bytes, and the pieces themselves are allocated too. */
    private static final int ALLOCATION_FACTOR = 64;

    private FrameTarget() {}

    /**
     * Runs one input whole and in pieces.
     *
     * @param data choices and wire bytes
     */
    public static void fuzzerTestOneInput(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int flags = input.choice();
        Role role = (flags & CLIENT) == 0 ? Role.SERVER : Role.CLIENT;
        boolean closeSent = (flags & CLOSE_SENT) != 0;
        int rsvBits = flags << 2 & FrameHeader.RSV_BITS;
        Limits limits = new Limits(input.powerOfTwo(), input.powerOfTwo(), 1 + input.choice(), 1 + input.choice());
        int[] sizes = input.sizes();
        byte[] wire = input.rest();
        List<byte[]> whole = List.of(wire);
        List<byte[]> pieces = FuzzInput.cut(wire, sizes);

        Oracle.requireEqual(frames(role, rsvBits, whole), frames(role, rsvBits, pieces));
        Oracle.requireEqual(events(role, closeSent, limits, whole), events(role, closeSent, limits, pieces));
        Oracle.requireFrugal(wire.length, ALLOCATION_FACTOR, () -> discard(role, closeSent, limits, pieces));
    }

    /** {@return each frame's header and unmasked payload, then the failure and where it was, if any} */
    private static List<String> frames(Role role, int rsvBits, List<byte[]> pieces) {
        List<String> seen = new ArrayList<>();
        FrameParser parser = new FrameParser(role, rsvBits);
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        int consumedBefore = 0;
        for (byte[] piece : pieces) {
            ByteBuffer in = Oracle.guarded(piece);
            int start = in.position();
            try {
                while (in.hasRemaining()) {
                    int before = in.position();
                    if (parser.payloadRemaining() == 0) {
                        if (!parser.parseHeader(in)) {
                            Oracle.require(!in.hasRemaining(), "wants more, leaves some");
                            break;
                        }
                        seen.add(parser.opcode() + " " + parser.fin() + " " + parser.rsv() + " " + parser.rsv1() + " "
                                + parser.payloadLength());
                    }
                    int n = parser.unmaskPayload(in);
                    byte[] unmasked = new byte[n];
                    in.get(unmasked);
                    payload.writeBytes(unmasked);
                    Oracle.require(in.position() > before, "no byte consumed, no failure");
                }
            } catch (ProtocolException e) {
                Oracle.require(e.closeCode().equals(CloseCode.PROTOCOL_ERROR), "the parser fails with 1002 only");
                Oracle.requirePrintable(e.getMessage());
                seen.add(e.getMessage() + " at " + (consumedBefore + in.position() - start));
                break;
            } finally {
                Oracle.requireGuardsIntact(in);
            }
            consumedBefore += piece.length;
        }
        seen.add(Oracle.latin1(payload.toByteArray()));
        return seen;
    }

    /** {@return whole messages, control frames, what came of an unfinished message, and the failure, if any} */
    static List<String> events(Role role, boolean closeSent, Limits limits, List<byte[]> pieces) {
        List<String> seen = new ArrayList<>();
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        Inbound inbound = inbound(role, closeSent, limits);
        try {
            for (byte[] piece : pieces) {
                ByteBuffer in = Oracle.guarded(piece);
                try {
                    eventsOf(inbound, in, message, seen);
                } finally {
                    Oracle.requireGuardsIntact(in);
                }
            }
            seen.add("then " + Oracle.latin1(message.toByteArray()) + " " + inbound.midMessage());
        } catch (ProtocolException e) {
            Oracle.requirePrintable(e.getMessage());
            seen.add(e.closeCode() + " " + e.getMessage());
        } catch (MessageTooBigException e) {
            Oracle.requirePrintable(e.getMessage());
            seen.add(e.limit() + " " + e.getMessage());
        }
        return seen;
    }

    private static void eventsOf(Inbound inbound, ByteBuffer in, ByteArrayOutputStream message, List<String> seen)
            throws ProtocolException, MessageTooBigException {
        while (true) {
            int before = in.position();
            Inbound.Event event = inbound.next(in);
            switch (event) {
                case INPUT_NEEDED -> {
                    Oracle.require(!in.hasRemaining(), "wants more, leaves some");
                    return;
                }
                case DATA -> {
                    Oracle.require(inbound.length() <= in.remaining(), "announces more than is there");
                    Oracle.require(!inbound.first() || message.size() == 0, "a message within a message");
                    byte[] part = new byte[inbound.length()];
                    in.get(part);
                    message.writeBytes(part);
                    if (inbound.last()) {
                        seen.add(inbound.opcode() + " " + Oracle.latin1(message.toByteArray()));
                        message.reset();
                    }
                }
                case COMPRESSED -> Oracle.require(false, "RSV1 passed, and nobody agreed on permessage-deflate");
                case PING, PONG -> seen.add(event + " " + Oracle.latin1(inbound.controlPayload()));
                case CLOSE -> seen.add(event + " " + inbound.closeStatus());
            }
            Oracle.require(in.position() > before, "no byte consumed by " + event);
        }
    }

    private static void discard(Role role, boolean closeSent, Limits limits, List<byte[]> pieces) {
        Inbound inbound = inbound(role, closeSent, limits);
        try {
            for (byte[] piece : pieces) {
                ByteBuffer in = ByteBuffer.wrap(piece);
                for (Inbound.Event event; (event = inbound.next(in)) != Inbound.Event.INPUT_NEEDED; ) {
                    if (event == Inbound.Event.DATA) {
                        in.position(in.position() + inbound.length());
                    }
                }
            }
        } catch (ProtocolException | MessageTooBigException _) {
            // The runs before have looked at it.
        }
    }

    private static Inbound inbound(Role role, boolean closeSent, Limits limits) {
        Protocol protocol = new Protocol(role, limits, () -> 0, () -> 0);
        if (closeSent) {
            boolean _ = protocol.closing().sent(CloseStatus.EMPTY);
        }
        return protocol.inbound();
    }
}
