// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.ProtocolException;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageInflaterTest {
    private static final byte[] HELLO = "Hello".getBytes(UTF_8);

    /** "Hello" as RFC 7692 §7.2.3.1 compresses it. */
    private static final String HELLO_HEX = "f248cdc9c90700";

    private final ZlibPool pool = new ZlibPool(6, 4);
    private final MessageInflater inflater = new MessageInflater(pool, new Direction(false, 15));
    private final MessageInflater takeover = new MessageInflater(pool, new Direction(true, 15));

    @AfterEach
    void everyLeaseIsBackAndEnded() {
        assertEquals(0, pool.leased());
        pool.close();
        assertEquals(0, pool.live());
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    private static byte[] inflate(MessageInflater inflater, byte[] payload) throws ProtocolException {
        return inflate(inflater, payload, payload.length + 1, 4096);
    }

    /** Feeds pieces and drains into a buffer of {@code room} bytes; the payload is left as it was. */
    private static byte[] inflate(MessageInflater inflater, byte[] payload, int piece, int room)
            throws ProtocolException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        ByteBuffer out = ByteBuffer.allocate(room);
        byte[] before = payload.clone();
        int at = 0;
        while (true) {
            int length = Math.min(piece, payload.length - at);
            ByteBuffer in = ByteBuffer.wrap(payload, at, length);
            at += length;
            boolean last = at == payload.length;
            CodecStatus status;
            do {
                status = inflater.inflate(in, last, out);
                message.write(out.array(), 0, out.position());
                out.clear();
            } while (status == CodecStatus.OUTPUT_PENDING);
            assertFalse(in.hasRemaining());
            assertEquals(last ? CodecStatus.ENDED : CodecStatus.INPUT_NEEDED, status);
            if (last) {
                assertArrayEquals(before, payload);
                assertFalse(inflater.midMessage());
                assertEquals(message.size(), inflater.inflated());
                return message.toByteArray();
            }
        }
    }

    /** Compresses with the JDK alone, the tail cut off. */
    private static byte[] reference(Deflater deflater, byte[] message) {
        return reference(deflater, message, Deflater.SYNC_FLUSH, 4);
    }

    private static byte[] reference(Deflater deflater, byte[] message, int flush, int cut) {
        byte[] out = new byte[message.length + message.length / 100 + 100];
        deflater.setInput(message);
        if (flush == Deflater.NO_FLUSH) {
            deflater.finish();
        }
        int length = deflater.deflate(out, 0, out.length, flush);
        assertTrue(length < out.length);
        return Arrays.copyOf(out, length - cut);
    }

    private static byte[] compressed(byte[] message) {
        Deflater deflater = new Deflater(6, true);
        byte[] payload = reference(deflater, message);
        deflater.end();
        return payload;
    }

    /** A stream that ends in a final block. */
    private static byte[] finished(byte[] dictionary, byte[] message) {
        Deflater deflater = new Deflater(6, true);
        deflater.setDictionary(dictionary);
        byte[] payload = reference(deflater, message, Deflater.NO_FLUSH, 0);
        deflater.end();
        return payload;
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            whole.writeBytes(part);
        }
        return whole.toByteArray();
    }

    private static ProtocolException assertFails(MessageInflater inflater, byte[] payload, CloseCode code) {
        ProtocolException failure = assertThrows(ProtocolException.class, () -> inflate(inflater, payload));
        assertEquals(code, failure.closeCode(), failure.getMessage());
        assertThrows(IllegalStateException.class, () -> inflate(inflater, hex(HELLO_HEX)), "nothing more is inflated");
        return failure;
    }

    @Nested
    class ExamplesOfTheRfc {
        @ParameterizedTest(name = "{1}")
        @CsvSource({
            "f248cdc9c90700, one block (§7.2.3.1)",
            "000500faff48656c6c6f00, no compression (§7.2.3.3)",
            "f348cdc9c9070000, a final block (§7.2.3.4)",
            "f248050000 00ffffcac9c90700, two blocks (§7.2.3.5)"
        })
        void helloInEveryShape(String payload, String what) throws ProtocolException {
            for (int piece = 1; piece <= 12; piece++) {
                for (int room = 1; room <= 6; room++) {
                    assertArrayEquals(HELLO, inflate(inflater, hex(payload), piece, room), what);
                    assertArrayEquals(HELLO, inflate(takeover, hex(payload), piece, room), what);
                }
            }
        }

        @Test
        void secondHelloRefersToTheFirst() throws ProtocolException { // §7.2.3.2
            assertArrayEquals(HELLO, inflate(takeover, hex(HELLO_HEX)));
            assertArrayEquals(HELLO, inflate(takeover, hex("f200110000")));
            assertArrayEquals(HELLO, inflate(takeover, hex("f200110000")));
        }
    }

    @Nested
    class EmptyMessages {
        /** PM-05. */
        @ParameterizedTest
        @ValueSource(strings = {"", "00", "0300", "0200", "010000ffff", "010000ffff00"})
        void emptyMessageIsEmptyAndTheNextIsRight(String payload) throws ProtocolException {
            assertArrayEquals(HELLO, inflate(takeover, hex(HELLO_HEX)));
            assertArrayEquals(new byte[0], inflate(takeover, hex(payload)));
            assertArrayEquals(HELLO, inflate(takeover, hex("f200110000")));
        }

        @Test
        void emptyFragmentsAreNothing() throws ProtocolException {
            ByteBuffer nothing = ByteBuffer.allocate(0);
            ByteBuffer out = ByteBuffer.allocate(100);
            assertEquals(CodecStatus.INPUT_NEEDED, inflater.inflate(nothing, false, out));
            assertEquals(0, pool.leased(), "nothing is leased before the first byte");
            for (byte b : hex(HELLO_HEX)) {
                assertEquals(CodecStatus.INPUT_NEEDED, inflater.inflate(ByteBuffer.wrap(new byte[] {b}), false, out));
                assertEquals(CodecStatus.INPUT_NEEDED, inflater.inflate(nothing, false, out));
            }
            assertEquals(CodecStatus.ENDED, inflater.inflate(nothing, true, out));
            assertArrayEquals(HELLO, Arrays.copyOf(out.array(), out.position()));
        }
    }

    @Nested
    class RoundTrips {
        @ParameterizedTest(name = "level {0}, takeover {1}")
        @CsvSource({"0, true", "1, true", "6, true", "9, true", "0, false", "1, false", "6, false", "9, false"})
        void whatTheJdkCompressedComesBack(int level, boolean carries) throws ProtocolException {
            Deflater reference = new Deflater(level, true);
            MessageInflater mine = carries ? takeover : inflater;
            Random random = new Random(level);
            for (byte[] message : Corpus.messages(random, 12)) {
                if (!carries) {
                    reference.reset();
                }
                byte[] payload = message.length == 0 ? new byte[1] : reference(reference, message);
                assertArrayEquals(
                        message, inflate(mine, payload, 1 + random.nextInt(3000), 1 + random.nextInt(20_000)));
                assertEquals(0, pool.leased());
            }
            reference.end();
        }

        @ParameterizedTest(name = "{0} bits")
        @ValueSource(ints = {8, 9, 10, 11, 12, 13, 14, 15})
        void whatWeCompressComesBack(int bits) throws ProtocolException {
            Direction direction = new Direction(true, bits);
            MessageDeflater deflater = new MessageDeflater(pool, direction, false);
            MessageInflater mine = new MessageInflater(pool, direction);
            Random random = new Random(bits);
            for (byte[] message : Corpus.messages(random, bits)) {
                ByteBuffer out = ByteBuffer.allocate(message.length + 100);
                if (deflater.deflate(ByteBuffer.wrap(message), out)) {
                    byte[] payload = Arrays.copyOf(out.array(), out.position());
                    assertArrayEquals(message, inflate(mine, payload, 1 + random.nextInt(500), 4096));
                }
            }
            assertEquals(1 << bits, mine.windowBytes());
            assertEquals(1 << bits, deflater.windowBytes());
            deflater.close();
            mine.close();
            assertEquals(0, mine.windowBytes());
        }

        @Test
        void piecesAndRoomsOfEverySizeGiveTheMessage() throws ProtocolException {
            byte[] message = Corpus.text(new Random(1), 2000);
            byte[] payload = compressed(message);
            for (int size = 1; size <= payload.length; size += 1 + size / 8) {
                assertArrayEquals(message, inflate(takeover, payload, size, 300));
                assertArrayEquals(message, inflate(takeover, payload, 77, size));
            }
        }

        /** PM-09. */
        @ParameterizedTest
        @ValueSource(ints = {-1, 0, 1})
        void lengthsAroundMultiplesOfTheRoom(int off) throws ProtocolException {
            for (int times = 1; times <= 5; times++) {
                byte[] message = Corpus.json(new Random(times), 1024 * times + off);
                assertArrayEquals(message, inflate(inflater, compressed(message), 10_000, 1024));
            }
            byte[] message = Corpus.json(new Random(1), 2 * MessageInflater.STEP_BYTES + off);
            assertArrayEquals(message, inflate(inflater, compressed(message), 100_000, 100_000));
        }

        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void directBuffersDoToo(boolean direct) throws ProtocolException {
            byte[] message = Corpus.json(new Random(1), 5000);
            byte[] payload = compressed(message);
            ByteBuffer in =
                    ByteBuffer.allocateDirect(payload.length).put(payload).flip();
            ByteBuffer out = direct ? ByteBuffer.allocateDirect(6000) : ByteBuffer.allocate(6000);
            assertEquals(CodecStatus.ENDED, takeover.inflate(in, true, out.position(3)));
            byte[] plain = new byte[out.position() - 3];
            out.get(3, plain);
            assertArrayEquals(message, plain);
            assertEquals(8192, takeover.windowBytes(), "the window grew with what came, and no further");
        }
    }

    @Nested
    class Bounds {
        /** PM-01: one step at a time, and a caller that counts can stop. */
        @Test
        void bombComesOutInBoundedSteps() throws ProtocolException {
            byte[] bomb = compressed(Corpus.zeros(16 << 20));
            assertTrue(bomb.length < 20_000, "1000 to 1");
            ByteBuffer in = ByteBuffer.wrap(bomb);
            ByteBuffer out = ByteBuffer.allocate(1 << 20);
            long limit = 1 << 20;
            int steps = 0;
            while (inflater.inflated() <= limit) {
                out.clear();
                assertEquals(CodecStatus.OUTPUT_PENDING, inflater.inflate(in, true, out));
                assertEquals(MessageInflater.STEP_BYTES, out.position());
                steps++;
            }
            assertEquals(limit / MessageInflater.STEP_BYTES + 1, steps);
            assertTrue(in.position() < 2000, "only as much was consumed as was inflated: " + in.position());
            assertEquals(1, pool.leased());
            inflater.release();
            assertEquals(0, pool.leased());
        }

        /** PM-02: the limit, and one more, in one piece and in many. */
        @ParameterizedTest
        @ValueSource(ints = {1, 7, 100_000})
        void countIsOfTheWholeMessage(int piece) throws ProtocolException {
            byte[] message = Corpus.json(new Random(1), 10_000);
            assertEquals(10_000, inflate(inflater, compressed(message), piece, 100).length);
            assertEquals(10_000, inflater.inflated());
            inflate(inflater, hex(HELLO_HEX));
            assertEquals(5, inflater.inflated(), "the next message counts anew");
        }

        /** PM-11. */
        @Test
        void hugeMessageGoesThroughInConstantMemory() throws ProtocolException {
            int size = 64 << 20;
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15), false);
            ByteBuffer plain = ByteBuffer.allocate(64 * 1024);
            ByteBuffer wire = ByteBuffer.allocate(1024);
            ByteBuffer out = ByteBuffer.allocate(16 * 1024);
            long in = 0;
            long total = 0;
            CodecStatus status = CodecStatus.INPUT_NEEDED;
            plain.position(plain.limit());
            while (status != CodecStatus.ENDED) {
                if (!plain.hasRemaining() && in < size) {
                    plain.clear();
                    in += plain.remaining();
                }
                status = deflater.deflate(plain, in == size ? FlushMode.LAST : FlushMode.MORE, wire);
                wire.flip();
                boolean last = status == CodecStatus.ENDED;
                CodecStatus drained;
                do {
                    drained = takeover.inflate(wire, last, out.clear());
                    total += out.position();
                } while (drained == CodecStatus.OUTPUT_PENDING);
                wire.clear();
                assertEquals(last ? CodecStatus.ENDED : CodecStatus.INPUT_NEEDED, drained);
            }
            assertEquals(size, total);
            assertEquals(32 * 1024, takeover.windowBytes());
            deflater.close();
        }

        /** PM-05 with a flood: blocks that say nothing cost no more than their bytes, final ones are counted. */
        @Test
        void finalBlocksWithoutContentAreCounted() {
            byte[] flood = new byte[200_000];
            for (int i = 0; i < flood.length; i += 2) {
                flood[i] = 3; // A final block of nothing: 03 00.
            }
            ProtocolException failure = assertFails(takeover, flood, CloseCode.POLICY_VIOLATION);
            assertTrue(
                    failure.getMessage().startsWith("65 final blocks in a message of 0 bytes"), failure.getMessage());
        }

        @Test
        void finalBlocksWithContentAreNot() throws ProtocolException {
            byte[] part = Corpus.json(new Random(1), 100);
            byte[] stream = finished(new byte[0], part);
            ByteArrayOutputStream payload = new ByteArrayOutputStream();
            for (int i = 0; i < 1000; i++) {
                payload.writeBytes(stream);
            }
            assertEquals(100_000, inflate(takeover, payload.toByteArray()).length);
        }

        @Test
        void emptyBlocksWithoutEndEnd() throws ProtocolException {
            byte[] flood = new byte[500_001];
            for (int i = 0; i + 5 <= flood.length; i += 5) {
                flood[i + 3] = (byte) 0xFF;
                flood[i + 4] = (byte) 0xFF;
            }
            assertEquals(0, inflate(takeover, flood).length);
        }
    }

    /** PM-08, PM-13: RFC 7692 §7.2.3.4. */
    @Nested
    class FinalBlocks {
        private final byte[] first = Corpus.json(new Random(1), 500);
        private final byte[] second = Corpus.json(new Random(2), 500);
        private final byte[] none = {};

        @Test
        void atTheEndWithTheZeroByteAndWithout() throws ProtocolException {
            for (MessageInflater mine : new MessageInflater[] {inflater, takeover}) {
                assertArrayEquals(first, inflate(mine, finished(none, first)));
                assertArrayEquals(second, inflate(mine, join(finished(none, second), new byte[1])));
                assertArrayEquals(first, inflate(mine, finished(none, first), 1, 1));
                assertArrayEquals(HELLO, inflate(mine, hex(HELLO_HEX)));
            }
        }

        @Test
        void inTheMiddle() throws ProtocolException {
            byte[] payload = join(finished(none, first), finished(none, second), compressed(first));
            for (int piece : new int[] {1, 2, 3, 50, 5000}) {
                assertArrayEquals(join(first, second, first), inflate(inflater, payload, piece, 333));
                assertArrayEquals(join(first, second, first), inflate(takeover, payload, piece, 333));
            }
        }

        @Test
        void whatFollowsMayReferToTheWindow() throws ProtocolException {
            assertArrayEquals(first, inflate(takeover, compressed(first)));
            byte[] again = finished(first, first);
            byte[] other = finished(join(first, first), join(second, first));
            assertTrue(again.length < 30);
            assertArrayEquals(join(first, second, first), inflate(takeover, join(again, other)));
            byte[] next = finished(join(first, second, first), second);
            assertTrue(next.length < 30);
            assertArrayEquals(second, inflate(takeover, next));
        }

        @ParameterizedTest(name = "f348cdc9c90700 {0}")
        @ValueSource(strings = {"07", "ff", "48656c6c6f", "000500ffff48", "00 00", "01 00 00 ff", "f3"})
        void garbageBehindOneIsRefused(String garbage) {
            assertFails(takeover, hex("f348cdc9c90700" + garbage), CloseCode.INVALID_PAYLOAD);
        }
    }

    /** PM-12. */
    @Nested
    class Corrupt {
        @ParameterizedTest(name = "{1}")
        @CsvSource({
            "07, block type 3",
            "f248cdc9c907000f, block type 3 behind a good block",
            "000500faf048656c6c6f00, stored length and complement",
            "000500faff48656c, a stored block cut short",
            "00050, half a byte short of a stored length",
            "f200110000, a distance before the start",
            "ed fd ff ff ff ff ff ff ff 00, too many codes",
            "04 00 00 00 00 00 00 00 00 00 00 00 00 00, an incomplete code",
            "04 c0 81 08 00 00 00 00 20 7f eb 0b 00 00, a set of codes",
            "fa ce fe ed 00, noise",
            "00 00, more than the tail needs",
            "f248cdc9c90700 00, a byte too many",
            "f248cdc9c907, a byte too few",
            "ff, one byte"
        })
        void isRefusedWith1007(String payload, String what) {
            String digits = payload.replace(" ", "");
            byte[] bytes = hex(digits.length() % 2 == 0 ? digits : digits + "0");
            ProtocolException failure = assertFails(inflater, bytes, CloseCode.INVALID_PAYLOAD);
            assertTrue(failure.getMessage().contains("RFC 7692"), what);
        }

        @Test
        void everyCutIsSeen() {
            for (byte[] message : new byte[][] {
                HELLO, Corpus.json(new Random(1), 700), Corpus.noise(new Random(1), 200), Corpus.zeros(100_000)
            }) {
                byte[] payload = compressed(message);
                int shortest = payload[0] == 0 ? 2 : 1; // One zero byte is an empty message.
                for (int length = shortest; length < payload.length; length++) {
                    MessageInflater mine = new MessageInflater(pool, new Direction(true, 15));
                    assertFails(mine, Arrays.copyOf(payload, length), CloseCode.INVALID_PAYLOAD);
                }
            }
        }

        /**
         * Whatever the bytes are: a message or a refusal, no more output than DEFLATE can give, and every lease back.
         */
        @Test
        void anyBytesEndInAMessageOrARefusal() {
            Random random = new Random(42);
            byte[] good = compressed(Corpus.json(random, 3000));
            int messages = 0;
            int refusals = 0;
            for (int i = 0; i < 4000; i++) {
                byte[] payload = i % 2 == 0 ? Corpus.noise(random, 1 + random.nextInt(60)) : good.clone();
                if (i % 2 == 1) {
                    payload[random.nextInt(payload.length)] ^= (byte) (1 << random.nextInt(8));
                }
                MessageInflater mine = new MessageInflater(pool, new Direction(i % 4 < 2, 15));
                try {
                    byte[] message = inflate(mine, payload, 1 + random.nextInt(100), 1 + random.nextInt(1000));
                    assertTrue(message.length <= 1032 * payload.length);
                    messages++;
                } catch (ProtocolException e) {
                    assertEquals(CloseCode.INVALID_PAYLOAD, e.closeCode());
                    refusals++;
                }
                assertEquals(0, pool.leased());
            }
            assertTrue(messages > 100, messages + " messages");
            assertTrue(refusals > 1000, refusals + " refusals");
        }

        @Test
        void doesNotHarmAnotherConnection() throws ProtocolException {
            assertArrayEquals(HELLO, inflate(takeover, hex(HELLO_HEX)));
            assertFails(inflater, hex("fa ce fe ed 00"), CloseCode.INVALID_PAYLOAD);
            assertArrayEquals(HELLO, inflate(takeover, hex("f200110000")));
            assertArrayEquals(HELLO, inflate(new MessageInflater(pool, new Direction(false, 15)), hex(HELLO_HEX)));
        }
    }

    @Nested
    class Contexts {
        /** PM-15. */
        @Test
        void earlierMessageIsOutOfReachWithoutTakeover() throws ProtocolException {
            assertArrayEquals(HELLO, inflate(inflater, hex(HELLO_HEX)));
            assertFails(inflater, hex("f200110000"), CloseCode.INVALID_PAYLOAD);
        }

        /** PM-20: nothing of one connection can be reached from another through the objects that they share. */
        @Test
        void anotherConnectionIsOutOfReach() throws ProtocolException {
            MessageInflater victim = new MessageInflater(pool, new Direction(true, 15));
            byte[] secret = "a secret that must not be found".getBytes(UTF_8);
            for (int i = 0; i < 8; i++) {
                assertArrayEquals(secret, inflate(victim, compressed(secret)));
            }
            byte[] reach = finished(secret, secret); // Refers to what it expects in the window.
            assertTrue(reach.length < 10);
            assertFails(new MessageInflater(pool, new Direction(false, 15)), reach, CloseCode.INVALID_PAYLOAD);
            assertFails(new MessageInflater(pool, new Direction(true, 15)), reach, CloseCode.INVALID_PAYLOAD);
            assertArrayEquals(secret, inflate(victim, reach));
        }

        @Test
        void compressorOfAnotherConnectionIsNoHelp() {
            byte[] secret = Corpus.noise(new Random(1), 200);
            byte[] twice = join(secret, secret);
            ByteBuffer alone = ByteBuffer.allocate(500);
            ZlibPool fresh = new ZlibPool(6, 1);
            new MessageDeflater(fresh, new Direction(true, 15), false).deflate(ByteBuffer.wrap(twice), alone);
            fresh.close();
            MessageDeflater one = new MessageDeflater(pool, new Direction(true, 15), false);
            one.deflate(ByteBuffer.wrap(twice), ByteBuffer.allocate(500));
            one.close();
            ByteBuffer after = ByteBuffer.allocate(500);
            assertTrue(
                    new MessageDeflater(pool, new Direction(true, 15), false).deflate(ByteBuffer.wrap(twice), after));
            assertEquals(alone.flip(), after.flip());
        }

        /** PM-21: idle. */
        @Test
        void idleConnectionHoldsItsWindowAndNothingElse() throws ProtocolException {
            for (int i = 0; i < 50; i++) {
                MessageInflater idle = new MessageInflater(pool, new Direction(true, 12));
                assertEquals(0, idle.windowBytes(), "before the first message");
                inflate(idle, hex(HELLO_HEX));
                assertEquals(256, idle.windowBytes());
                inflate(idle, compressed(Corpus.json(new Random(i), 9000)));
                assertEquals(4096, idle.windowBytes());
                assertEquals(0, pool.leased());
            }
            assertEquals(1, pool.live(), "one after the other, they shared one object");
        }
    }

    /** PM-19. */
    @Nested
    class GivingUp {
        @Test
        void atEveryStageTheLeaseIsReturned() throws ProtocolException {
            byte[] payload = join(finished(new byte[0], HELLO), compressed(Corpus.json(new Random(1), 300)));
            for (int length = 0; length <= payload.length; length++) {
                for (boolean carries : new boolean[] {true, false}) {
                    MessageInflater mine = new MessageInflater(pool, new Direction(carries, 15));
                    CodecStatus _ = mine.inflate(ByteBuffer.wrap(payload, 0, length), false, ByteBuffer.allocate(1000));
                    assertEquals(length > 0, mine.midMessage());
                    mine.close();
                    mine.close();
                    assertEquals(0, pool.leased());
                    assertThrows(IllegalStateException.class, () -> inflate(mine, payload));
                }
            }
            assertEquals(1, pool.live());
        }

        @Test
        void withoutTakeoverTheNextMessageMayFollow() throws ProtocolException {
            byte[] payload = compressed(Corpus.json(new Random(1), 300));
            inflater.inflate(ByteBuffer.wrap(payload, 0, 50), false, ByteBuffer.allocate(1000));
            inflater.release();
            inflater.release();
            assertArrayEquals(HELLO, inflate(inflater, hex(HELLO_HEX)));
        }

        @Test
        void withTakeoverNoneCan() throws ProtocolException {
            byte[] payload = compressed(Corpus.json(new Random(1), 300));
            takeover.inflate(ByteBuffer.wrap(payload, 0, 50), false, ByteBuffer.allocate(1000));
            takeover.release();
            assertThrows(IllegalStateException.class, () -> inflate(takeover, hex(HELLO_HEX)));
        }

        @Test
        void releaseBetweenMessagesChangesNothing() throws ProtocolException {
            assertArrayEquals(HELLO, inflate(takeover, hex(HELLO_HEX)));
            takeover.release();
            assertArrayEquals(HELLO, inflate(takeover, hex("f200110000")));
        }
    }
}
