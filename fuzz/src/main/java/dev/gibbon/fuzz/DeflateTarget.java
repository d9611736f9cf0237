// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.ObservedConnection;
import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A connection that agreed on permessage-deflate, and a peer that plays a script of messages: plain, compressed by the
 * JDK, in several blocks, with final blocks, damaged, cut, or what the fuzzer says as it is; in fragments, Pings
 * between. As long as the script keeps to the rules, the messages must come as they were; what we send must be read by
 * the JDK, with no more of a dictionary than the window. Choices: 1 byte of flags (1: we are the client; 2: messages
 * are streamed; 4, 8: the peer, we take the context over; 16: the transport breaks instead of ending; 32: the message
 * limit is small; 64: fragments are few), 1 of window bits (8 and the low three bits for the peer's, the next three for
 * ours), then sizes of pieces, then the script, see {@link DeflateScript}.
 */
public final class DeflateTarget {
    private static final int CLIENT = 1;
    private static final int STREAMED = 2;
    private static final int TAKEOVER_IN = 4;
    private static final int TAKEOVER_OUT = 8;
    private static final int BREAKS = 16;
    private static final int SMALL = 32;
    private static final int FEW = 64;

    private static final int LEAST_BITS = 8;
    private static final int SMALL_BYTES = 100;
    private static final int FEW_FRAGMENTS = 4;
    private static final int MANY = 1 << 20;

    private static final Pattern COUNT = Pattern.compile("corrupt after \\d+ bytes");

    private DeflateTarget() {}

    /**
     * Runs one input whole and in pieces.
     *
     * @param data choices and script
     */
    public static void fuzzerTestOneInput(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int flags = input.choice();
        int bits = input.choice();
        Direction incoming = new Direction((flags & TAKEOVER_IN) != 0, LEAST_BITS + (bits & 7));
        Direction outgoing = new Direction((flags & TAKEOVER_OUT) != 0, LEAST_BITS + (bits >> 3 & 7));
        int[] sizes = input.sizes();
        Role role = (flags & CLIENT) == 0 ? Role.SERVER : Role.CLIENT;
        DeflateScript script = new DeflateScript(role, incoming);
        script.play(input);
        List<String> whole = run(flags & ~STREAMED, role, incoming, outgoing, script, new int[] {Integer.MAX_VALUE});
        Oracle.requireEqual(whole, run(flags, role, incoming, outgoing, script, sizes));
        boolean bounded = (flags & (SMALL | FEW)) != 0;
        List<String> expected = script.expected();
        List<String> came = whole.subList(0, Math.min(expected.size(), whole.size()));
        Oracle.require(bounded || came.equals(expected), "came " + whole + ", not " + expected);
        if (!bounded && script.keptToTheRules() && (flags & BREAKS) == 0) {
            Oracle.require(
                    whole.size() == expected.size() + 1 && whole.getLast().equals("a clean end"),
                    "refused what keeps to the rules: " + whole.getLast());
        }
    }

    /** {@return the messages that came, and the end as reads report it} */
    private static List<String> run(
            int flags, Role role, Direction incoming, Direction outgoing, DeflateScript script, int[] sizes) {
        PieceTransport transport = new PieceTransport(script.wire(), sizes, (flags & BREAKS) != 0);
        ConnectionOptions options = ConnectionOptions.builder()
                .maxMessageBytes((flags & SMALL) != 0 ? SMALL_BYTES : MANY)
                .maxFragments((flags & FEW) != 0 ? FEW_FRAGMENTS : MANY)
                .maxControlFramesPerMinute(MANY)
                .build();
        DeflateAgreement agreement = role == Role.SERVER
                ? new DeflateAgreement(outgoing, incoming)
                : new DeflateAgreement(incoming, outgoing);
        ObservedConnection observed = ObservedConnection.openCompressed(transport, role, options, agreement);
        List<String> seen = new ArrayList<>();
        List<String> echoed = new ArrayList<>();
        String end;
        try {
            end = ConnectionTarget.converse(flags & STREAMED, observed.connection(), seen, echoed);
        } finally {
            observed.connection().close();
        }
        ConnectionTarget.requireGone(observed);
        observed.endCodecs();
        Oracle.require(end != null, "no end");
        boolean cut = !ConnectionTarget.CLEAN_END.equals(end);
        List<String> sent = readable(transport.written(), role, outgoing, cut);
        ConnectionTarget.requireEchoes(sent, seen, echoed, cut);
        seen.replaceAll(DeflateTarget::withoutCount);
        return seen;
    }

    /** How much comes out before zlib notices that what follows is corrupt depends on the pieces it gets. */
    private static String withoutCount(String seen) {
        return seen.startsWith("ProtocolException ") ? COUNT.matcher(seen).replaceFirst("corrupt") : seen;
    }

    /**
     * {@return the messages as the JDK reads them, with what the window holds of earlier ones and nothing else}
     *
     * @param cut whether the last frame may have left in part
     */
    private static List<String> readable(byte[] written, Role role, Direction outgoing, boolean cut) {
        ByteBuffer wire = ByteBuffer.wrap(written);
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        byte[] history = {};
        int opcode = 0;
        boolean compressed = false;
        List<String> messages = new ArrayList<>();
        while (wire.hasRemaining()) {
            int first = wire.get();
            int length = wire.get() & 0x7F;
            length = length == 126 ? wire.getShort() & 0xFFFF : length == 127 ? (int) wire.getLong() : length;
            byte[] key = new byte[4];
            if (role == Role.CLIENT) {
                wire.get(key);
            }
            if (cut && wire.remaining() < length) {
                break;
            }
            byte[] bytes = new byte[length];
            wire.get(bytes);
            for (int i = 0; i < length; i++) {
                bytes[i] ^= key[i & 3];
            }
            if ((first & 8) != 0) {
                continue;
            }
            if ((first & 0xF) != 0) {
                opcode = first & 0xF;
                compressed = (first & 0x40) != 0;
            }
            payload.writeBytes(bytes);
            if ((first & 0x80) != 0) {
                byte[] plain = payload.toByteArray();
                if (compressed) {
                    plain = inflated(plain, history);
                    history = outgoing.contextTakeover() ? window(history, plain, outgoing.windowBits()) : history;
                }
                messages.add((opcode == 1 ? "TEXT " : "BINARY ") + Oracle.latin1(plain));
                payload.reset();
            }
        }
        return messages;
    }

    /** {@return what is left in the window once {@code more} has come} */
    static byte[] window(byte[] before, byte[] more, int bits) {
        byte[] all = Arrays.copyOf(before, before.length + more.length);
        System.arraycopy(more, 0, all, before.length, more.length);
        return Arrays.copyOfRange(all, Math.max(0, all.length - (1 << bits)), all.length);
    }

    private static byte[] inflated(byte[] payload, byte[] history) {
        Inflater inflater = new Inflater(true);
        try {
            byte[] whole = Arrays.copyOf(payload, payload.length + 4);
            whole[whole.length - 2] = (byte) 0xFF;
            whole[whole.length - 1] = (byte) 0xFF;
            inflater.setDictionary(history);
            inflater.setInput(whole);
            ByteArrayOutputStream plain = new ByteArrayOutputStream();
            byte[] step = new byte[4096];
            for (int n = inflater.inflate(step); n > 0; n = inflater.inflate(step)) {
                plain.write(step, 0, n);
            }
            Oracle.require(inflater.getRemaining() == 0 && !inflater.finished(), "sent more than a message");
            return plain.toByteArray();
        } catch (DataFormatException e) {
            throw new AssertionError("sent what cannot be inflated", e);
        } finally {
            inflater.end();
        }
    }
}
