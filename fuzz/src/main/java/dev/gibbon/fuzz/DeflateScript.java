// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;

/**
 * What a peer says to {@link DeflateTarget}: steps of an operation, a length and so many bytes. The low three bits of
 * an operation say what becomes of the bytes, the next three the length of fragments (2 to 2^7 bytes; whole if none is
 * set), the next puts a Ping and an empty fragment between them, the last says the bytes 40 times.
 */
final class DeflateScript {
    private static final int PLAIN = 0;
    private static final int FINAL = 2;
    private static final int BLOCKS = 3;
    private static final int AS_IT_IS = 4;
    private static final int DAMAGED = 5;
    private static final int CUT = 6;
    private static final int STORED = 7;

    private static final int BETWEEN = 64;
    private static final int OFTEN = 128;
    private static final int TIMES = 40;
    private static final int MOST_STEPS = 40;

    private static final int BINARY = 2;
    private static final int PING = 9;
    private static final int CLOSE = 8;
    private static final int FIN = 0x80;
    private static final int RSV1 = 0x40;
    private static final int TAIL_BYTES = 4;

    private final Role role;
    private final Direction incoming;
    private final ByteArrayOutputStream wire = new ByteArrayOutputStream();
    private final List<String> expected = new ArrayList<>();
    private byte[] history = {};
    private boolean keptToTheRules = true;

    /**
     * Begins an empty script.
     *
     * @param role the role of the side that hears it
     * @param incoming what its messages should keep to
     */
    DeflateScript(Role role, Direction incoming) {
        this.role = role;
        this.incoming = incoming;
    }

    byte[] wire() {
        return wire.toByteArray();
    }

    /** {@return the messages up to the first one that may break a rule} */
    List<String> expected() {
        return expected;
    }

    boolean keptToTheRules() {
        return keptToTheRules;
    }

    void play(FuzzInput input) {
        for (int step = 0; step < MOST_STEPS && input.hasMore(); step++) {
            int operation = input.choice();
            byte[] once = new byte[input.choice()];
            for (int i = 0; i < once.length; i++) {
                once[i] = (byte) input.choice();
            }
            byte[] bytes = (operation & OFTEN) == 0 ? once : repeated(once);
            message(operation, bytes);
        }
        frame(FIN | CLOSE, new byte[] {3, (byte) 0xE8});
    }

    private static byte[] repeated(byte[] once) {
        byte[] bytes = new byte[TIMES * once.length];
        for (int i = 0; i < TIMES; i++) {
            System.arraycopy(once, 0, bytes, i * once.length, once.length);
        }
        return bytes;
    }

    private void message(int operation, byte[] bytes) {
        int kind = operation & 7;
        boolean tame = kind != AS_IT_IS && kind != DAMAGED && kind != CUT;
        keptToTheRules &= tame;
        byte[] payload = switch (kind) {
            case PLAIN, AS_IT_IS -> bytes;
            case CUT -> Arrays.copyOf(deflated(kind, bytes), bytes.length / 2);
            case DAMAGED -> damaged(deflated(kind, bytes), bytes);
            default -> deflated(kind, bytes);
        };
        fragments(operation, kind == PLAIN ? 0 : RSV1, payload);
        if (keptToTheRules) {
            expected.add("BINARY " + Oracle.latin1(bytes));
        }
        if (tame && kind != PLAIN && incoming.contextTakeover()) {
            history = DeflateTarget.window(history, bytes, incoming.windowBits());
        }
    }

    private static byte[] damaged(byte[] payload, byte[] bytes) {
        if (bytes.length > 1) {
            payload[(bytes[0] & 0xFF) % payload.length] ^= bytes[1];
        }
        return payload;
    }

    private byte[] deflated(int kind, byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[1]; // RFC 7692 §7.2.3.6
        }
        Deflater deflater = new Deflater(kind == STORED ? Deflater.NO_COMPRESSION : 6, true);
        try {
            deflater.setDictionary(history);
            byte[] out = new byte[bytes.length + bytes.length / 8 + 100];
            int half = kind == BLOCKS ? bytes.length / 2 : 0;
            deflater.setInput(bytes, 0, half);
            int length = half == 0 ? 0 : deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
            deflater.setInput(bytes, half, bytes.length - half);
            if (kind == FINAL) { // RFC 7692 §7.2.3.4
                deflater.finish();
                return Arrays.copyOf(out, deflater.deflate(out) + 1);
            }
            length += deflater.deflate(out, length, out.length - length, Deflater.SYNC_FLUSH);
            return Arrays.copyOf(out, length - TAIL_BYTES);
        } finally {
            deflater.end();
        }
    }

    private void fragments(int operation, int rsv, byte[] payload) {
        int size = (operation >> 3 & 7) == 0 ? Math.max(1, payload.length) : 1 << (operation >> 3 & 7);
        int opcode = BINARY | rsv;
        for (int from = 0; from == 0 || from < payload.length; from += size) {
            int to = Math.min(payload.length, from + size);
            frame((to == payload.length ? FIN : 0) | opcode, Arrays.copyOfRange(payload, from, to));
            opcode = 0;
            if ((operation & BETWEEN) != 0) {
                frame(FIN | PING, new byte[] {(byte) from});
                if (to < payload.length) {
                    frame(0, new byte[0]);
                }
            }
        }
    }

    private void frame(int first, byte[] payload) {
        int mask = role == Role.SERVER ? FIN : 0;
        wire.write(first);
        if (payload.length < 126) {
            wire.write(mask | payload.length);
        } else {
            wire.write(mask | 126);
            wire.write(payload.length >> 8);
            wire.write(payload.length);
        }
        if (mask != 0) {
            wire.writeBytes(new byte[4]); // A key that changes nothing, so that the fuzzer sees through it.
        }
        wire.writeBytes(payload);
    }
}
