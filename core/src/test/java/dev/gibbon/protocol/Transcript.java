// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseStatus;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import dev.gibbon.frame.Opcode;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.LengthForm;
import dev.gibbon.testkit.Splitter;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32;

/**
 * What a peer sends to an {@link Inbound}, fed to a new one whole, byte by byte and at
 * random splits, and told in words that no split may change. What had come of a message
 * that failed is left out: how much of it was handed out does depend on the split.
 */
final class Transcript {
    static final Limits LIMITS = new Limits(1 << 20, 1 << 20, 16_384, 300);

    private static final int SHOWN_BYTES = 40;
    private static final List<Splitter> FEEDS = List.of(
            Splitter.whole(),
            Splitter.bytewise(),
            Splitter.random(0x6455, 3),
            Splitter.random(0x7692, 16),
            Splitter.random(0x8441, 200));

    private final Role role;
    private final ByteArrayOutputStream wire = new ByteArrayOutputStream();
    private final SplittableRandom maskingKeys = new SplittableRandom(0x6455);
    private Limits limits = LIMITS;
    private boolean closeSent;

    private Transcript(Role role) {
        this.role = role;
    }

    /** Begins a transcript of what the peer of {@code role} sends. */
    static Transcript to(Role role) {
        return new Transcript(role);
    }

    Transcript limits(Limits changed) {
        limits = changed;
        return this;
    }

    /** Lets our Close frame have been sent before the first byte comes. */
    Transcript afterOurClose() {
        closeSent = true;
        return this;
    }

    /** Adds frames, with the mask that a peer of our role must use. */
    Transcript frames(Frame... frames) {
        return frames(List.of(frames));
    }

    Transcript frames(List<Frame> frames) {
        frames.forEach(frame -> wire.writeBytes(masked(frame).encode()));
        return this;
    }

    /** Adds a frame whose header declares {@code length}, whatever its payload is. */
    Transcript declaring(Frame frame, LengthForm form, long length) {
        wire.writeBytes(masked(frame).encode(form, length));
        return this;
    }

    /** Adds bytes as they are. */
    Transcript raw(String hex) {
        wire.writeBytes(HexFormat.of().parseHex(hex.replace(" ", "")));
        return this;
    }

    /** Adds frames as they are, masked or not. */
    Transcript asIs(Frame... frames) {
        for (Frame frame : frames) {
            wire.writeBytes(frame.encode());
        }
        return this;
    }

    private Frame masked(Frame frame) {
        return role == Role.SERVER ? frame.withMaskingKey(maskingKeys.nextInt()) : frame;
    }

    /** Checks that exactly this happens, under every feed. */
    void expect(String... events) {
        List<String> expected = List.of(events);
        for (Splitter feed : FEEDS) {
            assertEquals(expected, run(feed), () -> role + " fed " + feed);
        }
    }

    /** {@return a whole message as {@link #expect} wants it} */
    static String message(Frame frame) {
        return show(frame.opcode() == Frame.TEXT ? Opcode.TEXT : Opcode.BINARY, frame.payload());
    }

    static String ping(byte[] payload) {
        return "PING " + HexFormat.of().formatHex(payload);
    }

    static String pong(byte[] payload) {
        return "PONG " + HexFormat.of().formatHex(payload);
    }

    private static String show(Opcode opcode, byte[] bytes) {
        if (bytes.length > SHOWN_BYTES) {
            CRC32 crc = new CRC32();
            crc.update(bytes);
            return opcode + " " + bytes.length + " bytes " + Long.toHexString(crc.getValue());
        }
        return opcode + " "
                + (opcode == Opcode.TEXT
                        ? new String(bytes, StandardCharsets.UTF_8)
                        : HexFormat.of().formatHex(bytes));
    }

    private List<String> run(Splitter feed) {
        Protocol protocol = new Protocol(role, limits, Transcript::noKey, () -> 0);
        if (closeSent) {
            assertTrue(protocol.closing().sent(CloseStatus.EMPTY));
        }
        Listener listener = new Listener(protocol.inbound());
        byte[] bytes = wire.toByteArray();
        try {
            for (int position = 0; position < bytes.length; ) {
                int n = feed.split(position, bytes.length - position);
                listener.take(ByteBuffer.wrap(Arrays.copyOfRange(bytes, position, position + n)));
                position += n;
            }
        } catch (ProtocolException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("§"), "no section is named: " + e.getMessage());
            return listener.failed("fail " + e.closeCode().value());
        } catch (MessageTooBigException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("§"), "no section is named: " + e.getMessage());
            return listener.failed("fail " + e.closeCode().value() + " limit " + e.limit());
        }
        return listener.unfinished();
    }

    private static int noKey() {
        throw new AssertionError("what is received needs no masking key of ours");
    }

    /** Puts events together and checks what they say of themselves. */
    private static final class Listener {
        private final Inbound inbound;
        private final List<String> events = new ArrayList<>();
        private Optional<Opcode> type = Optional.empty();
        private final ByteArrayOutputStream message = new ByteArrayOutputStream();

        Listener(Inbound inbound) {
            this.inbound = inbound;
        }

        void take(ByteBuffer in) throws ProtocolException, MessageTooBigException {
            while (true) {
                switch (inbound.next(in)) {
                    case INPUT_NEEDED -> {
                        assertFalse(in.hasRemaining(), "asks for input while there is some");
                        return;
                    }
                    case DATA -> data(in);
                    case COMPRESSED -> throw new AssertionError("permessage-deflate was not agreed on");
                    case PING -> events.add(ping(inbound.controlPayload()));
                    case PONG -> events.add(pong(inbound.controlPayload()));
                    case CLOSE -> events.add("CLOSE " + inbound.closeStatus());
                }
            }
        }

        private void data(ByteBuffer in) {
            assertEquals(type.isEmpty(), inbound.first(), "first");
            type = type.or(() -> Optional.of(inbound.opcode()));
            assertEquals(type.orElseThrow(), inbound.opcode(), "the type of a message stays");
            byte[] piece = new byte[inbound.length()];
            in.get(piece);
            message.writeBytes(piece);
            if (inbound.last()) {
                events.add(show(type.orElseThrow(), message.toByteArray()));
                type = Optional.empty();
                message.reset();
            }
        }

        List<String> failed(String how) {
            events.add(how);
            return events;
        }

        List<String> unfinished() {
            type.ifPresent(opcode -> events.add("unfinished " + show(opcode, message.toByteArray())));
            return events;
        }
    }
}
