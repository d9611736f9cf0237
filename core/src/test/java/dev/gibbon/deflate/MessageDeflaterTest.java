// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.deflate.DeflateAgreement.Direction;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageDeflaterTest {
    private final ZlibPool pool = new ZlibPool(6, 4);

    @AfterEach
    void everyLeaseIsBackAndEnded() {
        assertEquals(0, pool.leased());
        pool.close();
        assertEquals(0, pool.live());
    }

    static Stream<Arguments> directions() {
        return IntStream.rangeClosed(8, 15)
                .boxed()
                .flatMap(bits -> Stream.of(Arguments.of(bits, true), Arguments.of(bits, false)));
    }

    private static byte[] streamed(MessageDeflater deflater, byte[] message, int piece, int room) {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        ByteBuffer out = ByteBuffer.allocate(room);
        int at = 0;
        while (true) {
            int length = Math.min(piece, message.length - at);
            ByteBuffer in = ByteBuffer.wrap(message, at, length);
            at += length;
            FlushMode mode = at == message.length ? FlushMode.LAST : FlushMode.MORE;
            CodecStatus status;
            do {
                status = deflater.deflate(in, mode, out);
                payload.write(out.array(), 0, out.position());
                out.clear();
            } while (status == CodecStatus.OUTPUT_PENDING);
            assertFalse(in.hasRemaining());
            assertEquals(mode == FlushMode.LAST ? CodecStatus.ENDED : CodecStatus.INPUT_NEEDED, status);
            if (status == CodecStatus.ENDED) {
                return payload.toByteArray();
            }
        }
    }

    private static Optional<byte[]> whole(MessageDeflater deflater, byte[] message) {
        ByteBuffer out = ByteBuffer.allocate(message.length + 100);
        return deflater.deflate(ByteBuffer.wrap(message), out)
                ? Optional.of(Arrays.copyOf(out.array(), out.position()))
                : Optional.empty();
    }

    /** The proof of PM-17 and PM-18 for sending: any window from 8 bits on is kept to. */
    @Nested
    class Window {
        @ParameterizedTest(name = "{0} bits, takeover {1}")
        @MethodSource("dev.gibbon.deflate.MessageDeflaterTest#directions")
        void wholeMessagesStayWithinIt(int bits, boolean takeover) {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(takeover, bits), false);
            StrictInflater strict = new StrictInflater(bits, takeover);
            int compressed = 0;
            for (byte[] message : Corpus.messages(new Random(bits), bits)) {
                Optional<byte[]> payload = whole(deflater, message);
                if (payload.isPresent()) {
                    compressed++;
                    assertTrue(payload.get().length < message.length);
                    assertArrayEquals(message, strict.message(payload.get()));
                }
                assertEquals(0, pool.leased());
            }
            assertTrue(compressed > 25, compressed + " messages were compressed");
            assertTrue(strict.farthest() > 1 << (bits - 2), "the window is used: " + strict.farthest());
            deflater.close();
        }

        @ParameterizedTest(name = "{0} bits, takeover {1}")
        @MethodSource("dev.gibbon.deflate.MessageDeflaterTest#directions")
        void streamedMessagesStayWithinIt(int bits, boolean takeover) {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(takeover, bits), false);
            StrictInflater strict = new StrictInflater(bits, takeover);
            Random random = new Random(bits);
            for (byte[] message : Corpus.messages(random, bits)) {
                int piece = 1 + random.nextInt(3000);
                int room = MessageDeflater.MIN_ROOM + random.nextInt(2000);
                assertArrayEquals(message, strict.message(streamed(deflater, message, piece, room)));
            }
            deflater.close();
        }

        @ParameterizedTest(name = "{0} bits, takeover {1}")
        @MethodSource("dev.gibbon.deflate.MessageDeflaterTest#directions")
        void manySmallMessagesInARowStayWithinIt(int bits, boolean takeover) {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(takeover, bits), false);
            StrictInflater strict = new StrictInflater(bits, takeover);
            Random random = new Random(bits);
            for (int i = 0; i < 400; i++) {
                byte[] message = Corpus.json(random, 1 + random.nextInt(300));
                byte[] payload = i % 3 == 0
                        ? streamed(deflater, message, 50, 64)
                        : whole(deflater, message).orElse(null);
                if (payload != null) {
                    assertArrayEquals(message, strict.message(payload));
                }
            }
            assertTrue(deflater.windowBytes() <= 1 << bits);
            assertEquals(takeover, deflater.windowBytes() > 0);
            deflater.close();
            assertEquals(0, deflater.windowBytes());
        }

        @Test
        void theCheckItselfSeesADistanceThatIsTooFar() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            byte[] unit = Corpus.noise(new Random(1), 600);
            byte[] message = Arrays.copyOf(unit, 1200);
            System.arraycopy(unit, 0, message, 600, 600);
            byte[] payload = whole(deflater, message).orElseThrow();
            assertArrayEquals(message, new StrictInflater(10, false).message(payload));
            AssertionError error =
                    assertThrows(AssertionError.class, () -> new StrictInflater(9, false).message(payload));
            assertEquals("distance 600 > window 512", error.getMessage());
        }

        @Test
        void primedCompressorIsAsGoodAsOneThatIsKept() {
            MessageDeflater primed = new MessageDeflater(pool, new Direction(true, 15), false);
            Deflater kept = new Deflater(6, true);
            Random random = new Random(7);
            int ofPrimed = 0;
            int ofKept = 0;
            byte[] out = new byte[4096];
            for (int i = 0; i < 200; i++) {
                byte[] message = Corpus.json(random, 200);
                ofPrimed += whole(primed, message).orElseThrow().length;
                kept.setInput(message);
                ofKept += kept.deflate(out, 0, out.length, Deflater.SYNC_FLUSH) - 4;
            }
            kept.end();
            primed.close();
            assertTrue(Math.abs(ofPrimed - ofKept) * 100 <= ofKept, ofPrimed + " bytes primed, " + ofKept + " kept");
        }
    }

    /** A sender may keep less than the peer's window has room for. */
    @Nested
    class ShortHistory {
        private final MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15, 9), false);
        private final StrictInflater strict = new StrictInflater(15, true);

        @AfterEach
        void end() {
            deflater.close();
        }

        @Test
        void messageGoesAsFarBackAsTheWindowWithinItself() {
            byte[] unit = Corpus.noise(new Random(1), 20_000);
            byte[] twice = Arrays.copyOf(unit, 40_000);
            System.arraycopy(unit, 0, twice, 20_000, 20_000);
            byte[] payload = whole(deflater, twice).orElseThrow();
            assertTrue(payload.length < 21_000);
            assertArrayEquals(twice, strict.message(payload));
            assertEquals(20_000, strict.farthest());
            assertArrayEquals(twice, strict.message(streamed(deflater, twice, 999, 777)));
        }

        @Test
        void onlyTheNewestBytesAreKept() {
            byte[] message = Corpus.noise(new Random(1), 300);
            byte[] mixed = Arrays.copyOf(message, 600);
            assertArrayEquals(mixed, strict.message(whole(deflater, mixed).orElseThrow()));
            assertEquals(512, deflater.windowBytes());
            pool.release(pool.leaseDeflater()); // For another connection's message.
            byte[] older = Arrays.copyOf(message, 80);
            assertEquals(Optional.empty(), whole(deflater, older), "forgotten");
            byte[] newer = Arrays.copyOfRange(message, 100, 300);
            byte[] payload = whole(deflater, newer).orElseThrow();
            assertTrue(payload.length < 10, "remembered");
            assertArrayEquals(newer, strict.message(payload));
        }

        @Test
        void compressorThatNoOneElseNeededKnowsMore() {
            byte[] noise = Corpus.noise(new Random(1), 2000);
            byte[] mixed = Arrays.copyOf(noise, 4000);
            assertArrayEquals(mixed, strict.message(whole(deflater, mixed).orElseThrow()));
            byte[] older = Arrays.copyOf(noise, 80);
            byte[] payload = whole(deflater, older).orElseThrow();
            assertTrue(payload.length < 10, "leased again");
            assertArrayEquals(older, strict.message(payload));
            assertArrayEquals(older, strict.message(streamed(deflater, older, 7, 99)));
        }

        @Test
        void compressorThatMissedAPreparedMessageIsPrimedAnew() {
            byte[] text = Arrays.copyOf(Corpus.noise(new Random(2), 100), 300);
            byte[] prepared =
                    MessageDeflater.encode(pool, 15, ByteBuffer.wrap(text)).orElseThrow();
            byte[] mixed = Arrays.copyOf(Corpus.noise(new Random(1), 100), 300);
            assertArrayEquals(mixed, strict.message(whole(deflater, mixed).orElseThrow()));
            assertArrayEquals(text, strict.message(prepared));
            deflater.remember(ByteBuffer.wrap(text));
            assertArrayEquals(mixed, strict.message(whole(deflater, mixed).orElseThrow()));
        }

        @ParameterizedTest
        @ValueSource(ints = {8, 9, 10, 11, 12, 13, 14})
        void segmentsDoWithLittleHistoryToo(int bits) {
            MessageDeflater segmented = new MessageDeflater(pool, new Direction(true, bits, 8), false);
            StrictInflater narrow = new StrictInflater(bits, true);
            Random random = new Random(bits);
            for (byte[] message : Corpus.messages(random, bits)) {
                assertArrayEquals(message, narrow.message(streamed(segmented, message, 500, 300)));
                Optional<byte[]> payload = whole(segmented, message);
                if (payload.isPresent()) {
                    assertArrayEquals(message, narrow.message(payload.get()));
                }
            }
            assertEquals(256, segmented.windowBytes());
            segmented.close();
        }
    }

    @Nested
    class Takeover {
        private static final byte[] MESSAGE = "A message that is said again and again.".getBytes(UTF_8);

        @Test
        void laterMessageRefersToAnEarlierOne() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15), false);
            int first = whole(deflater, MESSAGE).orElseThrow().length;
            int second = whole(deflater, MESSAGE).orElseThrow().length;
            assertTrue(second < first / 3, first + " then " + second);
            deflater.close();
        }

        @Test
        void withoutItEveryMessageIsTheSame() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            assertArrayEquals(
                    whole(deflater, MESSAGE).orElseThrow(),
                    whole(deflater, MESSAGE).orElseThrow());
            assertEquals(0, deflater.windowBytes());
        }

        /** PM-14: what is sent uncompressed is not in the peer's window. */
        @Test
        void messageThatDoesNotShrinkLeavesNoTrace() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15), false);
            StrictInflater strict = new StrictInflater(15, true);
            byte[] noise = Corpus.noise(new Random(5), 500);
            ByteBuffer plain = ByteBuffer.wrap(noise);
            ByteBuffer out = ByteBuffer.allocate(2000).position(7);
            assertArrayEquals(MESSAGE, strict.message(whole(deflater, MESSAGE).orElseThrow()));
            assertFalse(deflater.deflate(plain, out));
            assertEquals(500, plain.remaining());
            assertEquals(7, out.position());
            assertEquals(2000, out.limit());
            assertArrayEquals(MESSAGE, strict.message(whole(deflater, MESSAGE).orElseThrow()));
            byte[] mixed = Arrays.copyOf(noise, 1500); // Shrinks, and would refer to the noise if that were known.
            assertArrayEquals(mixed, strict.message(whole(deflater, mixed).orElseThrow()));
            deflater.close();
        }

        @Test
        void messageCompressedElsewhereIsRemembered() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 10), false);
            StrictInflater strict = new StrictInflater(10, true);
            byte[] prepared = MessageDeflater.encode(
                            pool,
                            MessageDeflater.form(new Direction(true, 10), MESSAGE.length),
                            ByteBuffer.wrap(MESSAGE))
                    .orElseThrow();
            assertArrayEquals(MESSAGE, strict.message(prepared));
            deflater.remember(ByteBuffer.wrap(MESSAGE));
            byte[] next = whole(deflater, MESSAGE).orElseThrow();
            assertTrue(next.length < prepared.length / 3);
            assertArrayEquals(MESSAGE, strict.message(next));
            deflater.close();
        }

        @Test
        void messageGivenUpBeforeItWasSentIsForgotten() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 12), false);
            ByteBuffer out = ByteBuffer.allocate(100);
            deflater.deflate(ByteBuffer.wrap(MESSAGE), FlushMode.MORE, out);
            assertTrue(deflater.midMessage());
            assertEquals(1, pool.leased());
            deflater.release();
            deflater.release();
            assertFalse(deflater.midMessage());
            assertArrayEquals(
                    MESSAGE,
                    new StrictInflater(12, true)
                            .message(whole(deflater, MESSAGE).orElseThrow()));
            deflater.close();
        }
    }

    @Nested
    class Live {
        private final MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15), true);
        private final StrictInflater strict = new StrictInflater(15, true);

        @AfterEach
        void end() {
            deflater.close();
            deflater.close();
        }

        @Test
        void oneCompressorServesAllMessages() {
            Random random = new Random(3);
            for (int i = 0; i < 300; i++) {
                byte[] message = i % 50 == 49 ? new byte[0] : Corpus.json(random, 2 + random.nextInt(2000));
                byte[] payload =
                        i % 2 == 0 ? whole(deflater, message).orElseThrow() : streamed(deflater, message, 100, 40);
                assertArrayEquals(message, strict.message(payload));
                assertEquals(1, pool.live());
                assertEquals(0, deflater.windowBytes());
            }
        }

        @Test
        void noiseIsSentCompressedSoThatTheContextLives() {
            byte[] message = Corpus.json(new Random(1), 500);
            assertArrayEquals(message, strict.message(whole(deflater, message).orElseThrow()));
            byte[] noise = Corpus.noise(new Random(1), 500);
            byte[] payload = whole(deflater, noise).orElseThrow();
            assertTrue(payload.length <= 510);
            assertArrayEquals(noise, strict.message(payload));
            assertTrue(whole(deflater, message).orElseThrow().length < 30);
        }

        @Test
        void messageThatDoesNotFitStartsANewContext() {
            byte[] message = Corpus.json(new Random(1), 500);
            assertArrayEquals(message, strict.message(whole(deflater, message).orElseThrow()));
            byte[] noise = Corpus.noise(new Random(1), 500);
            assertFalse(deflater.deflate(ByteBuffer.wrap(noise), ByteBuffer.allocate(100)));
            byte[] mixed = Arrays.copyOf(noise, 1500);
            assertArrayEquals(mixed, strict.message(whole(deflater, mixed).orElseThrow()));
        }

        @Test
        void messageCompressedElsewhereIsRemembered() {
            byte[] message = Corpus.json(new Random(1), 500);
            byte[] other = Corpus.json(new Random(2), 500);
            assertArrayEquals(other, strict.message(whole(deflater, other).orElseThrow()));
            byte[] prepared =
                    MessageDeflater.encode(pool, 15, ByteBuffer.wrap(message)).orElseThrow();
            assertArrayEquals(message, strict.message(prepared));
            deflater.remember(ByteBuffer.wrap(message));
            byte[] next = whole(deflater, message).orElseThrow();
            assertTrue(next.length < 30, next.length + " bytes");
            assertArrayEquals(message, strict.message(next));
        }
    }

    @Nested
    class Whole {
        @ParameterizedTest
        @ValueSource(booleans = {true, false})
        void buffersMayBeDirectAndOfEitherOrder(boolean direct) {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 8), false);
            byte[] message = Corpus.json(new Random(1), 5000);
            ByteBuffer plain = direct ? ByteBuffer.allocateDirect(6000) : ByteBuffer.allocate(6000);
            plain.position(10).put(message).limit(5010).position(10).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer out = direct ? ByteBuffer.allocateDirect(6000) : ByteBuffer.allocate(6000);
            out.position(20).order(ByteOrder.LITTLE_ENDIAN);
            assertTrue(deflater.deflate(plain, out));
            assertEquals(5010, plain.position());
            byte[] payload = new byte[out.position() - 20];
            out.get(20, payload);
            assertArrayEquals(message, new StrictInflater(8, false).message(payload));
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 1})
        void nothingIsShorterThanNothing(int length) {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            assertEquals(Optional.empty(), whole(deflater, new byte[length]));
            assertEquals(0, pool.live());
        }

        @Test
        void roomIsEnoughIfTheTailFitsToo() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            byte[] message = Corpus.json(new Random(1), 500);
            int length = whole(deflater, message).orElseThrow().length;
            assertFalse(deflater.deflate(ByteBuffer.wrap(message), ByteBuffer.allocate(length + 4)));
            ByteBuffer out = ByteBuffer.allocate(length + 5);
            assertTrue(deflater.deflate(ByteBuffer.wrap(message), out));
            assertEquals(length, out.position());
        }

        /** PM-26. */
        @Test
        void noiseIsNotCompressed() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            for (int length : new int[] {10, 1000, 100_000}) {
                assertEquals(Optional.empty(), whole(deflater, Corpus.noise(new Random(length), length)));
            }
        }

        @Test
        void messageInFlightComesFirst() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            deflater.deflate(ByteBuffer.allocate(9), FlushMode.MORE, ByteBuffer.allocate(99));
            assertThrows(
                    IllegalStateException.class,
                    () -> deflater.deflate(ByteBuffer.allocate(9), ByteBuffer.allocate(99)));
            assertThrows(IllegalStateException.class, () -> deflater.remember(ByteBuffer.allocate(9)));
            deflater.close();
        }
    }

    @Nested
    class Streaming {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 5, 16, 100, 1000, 100_000})
        void piecesOfEverySizeGiveTheMessage(int piece) {
            byte[] message = Corpus.text(new Random(1), 20_000);
            for (int bits : new int[] {8, 12, 15}) {
                MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, bits), false);
                StrictInflater strict = new StrictInflater(bits, true);
                for (int room : new int[] {16, 17, 18, 19, 20, 21, 22, 23, 100, 30_000}) {
                    assertArrayEquals(message, strict.message(streamed(deflater, message, piece, room)));
                }
                deflater.close();
            }
        }

        /** §7.2.3.6. */
        @Test
        void emptyMessageIsOneZeroByte() {
            for (boolean live : new boolean[] {true, false}) {
                MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15), live);
                assertArrayEquals(new byte[1], streamed(deflater, new byte[0], 1, 16));
                assertArrayEquals(new byte[1], streamed(deflater, new byte[0], 1, 16));
                assertEquals(0, pool.leased());
                deflater.close();
            }
        }

        /** §7.2.3.1: the RFC's own example. */
        @Test
        void helloIsAsInTheRfc() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            assertArrayEquals(
                    new byte[] {(byte) 0xF2, 0x48, (byte) 0xCD, (byte) 0xC9, (byte) 0xC9, 0x07, 0x00},
                    streamed(deflater, "Hello".getBytes(UTF_8), 5, 16));
        }

        @Test
        void flushedBytesCanBeReadAtOnce() throws DataFormatException {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            Inflater reference = new Inflater(true);
            byte[] message = Corpus.json(new Random(1), 3000);
            ByteArrayOutputStream payload = new ByteArrayOutputStream();
            for (int at = 0; at < 3000; at += 1000) {
                ByteBuffer out = ByteBuffer.allocate(4000);
                assertEquals(
                        CodecStatus.INPUT_NEEDED,
                        deflater.deflate(ByteBuffer.wrap(message, at, 1000), FlushMode.FLUSH, out));
                reference.setInput(out.array(), 0, out.position());
                byte[] plain = new byte[4000];
                assertEquals(1000, reference.inflate(plain));
                assertArrayEquals(Arrays.copyOfRange(message, at, at + 1000), Arrays.copyOf(plain, 1000));
                payload.write(out.array(), 0, out.position());
                int position = out.position();
                assertEquals(CodecStatus.INPUT_NEEDED, deflater.deflate(ByteBuffer.allocate(0), FlushMode.FLUSH, out));
                assertEquals(position, out.position(), "a second flush has nothing to say");
            }
            ByteBuffer end = ByteBuffer.allocate(16);
            assertEquals(CodecStatus.ENDED, deflater.deflate(ByteBuffer.allocate(0), FlushMode.LAST, end));
            assertEquals(1, end.position());
            payload.write(0);
            assertArrayEquals(message, new StrictInflater(15, false).message(payload.toByteArray()));
            reference.end();
        }

        @Test
        void aStepTakesInNoMoreThanItSays() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            ByteBuffer in = ByteBuffer.allocate(100_000);
            ByteBuffer out = ByteBuffer.allocate(100_000);
            assertEquals(CodecStatus.OUTPUT_PENDING, deflater.deflate(in, FlushMode.LAST, out));
            assertEquals(MessageDeflater.STEP_BYTES, in.position());
            deflater.close();
        }

        @Test
        void withoutRoomNothingHappens() {
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            ByteBuffer in = ByteBuffer.allocate(10);
            assertEquals(CodecStatus.OUTPUT_PENDING, deflater.deflate(in, FlushMode.LAST, ByteBuffer.allocate(15)));
            assertEquals(10, in.remaining());
            deflater.close();
        }

        /** PM-26: what is sent compressed all the same grows by a thousandth at most. */
        @Test
        void noiseGrowsByLittle() {
            byte[] noise = Corpus.noise(new Random(1), 1 << 20);
            MessageDeflater deflater = new MessageDeflater(pool, new Direction(false, 15), false);
            int length = streamed(deflater, noise, 64 * 1024, 64 * 1024).length;
            assertTrue(length <= noise.length + noise.length / 1000, length + " bytes");
        }
    }

    @Nested
    class Prepared {
        @Test
        void windowsThatTheMessageFitsShareOneForm() {
            assertEquals(15, MessageDeflater.form(new Direction(true, 8), 256));
            assertEquals(8, MessageDeflater.form(new Direction(true, 8), 257));
            assertEquals(12, MessageDeflater.form(new Direction(false, 12), 5000));
            assertEquals(15, MessageDeflater.form(new Direction(false, 15), Integer.MAX_VALUE));
        }

        @Test
        void encodingOfAFormSuitsEveryConnectionOfThatForm() {
            Random random = new Random(1);
            for (int length : List.of(100, 256, 257, 5000, 70_000)) {
                byte[] message = Corpus.json(random, length);
                for (int bits = 8; bits <= 15; bits++) {
                    int form = MessageDeflater.form(new Direction(false, bits), length);
                    byte[] payload = MessageDeflater.encode(pool, form, ByteBuffer.wrap(message))
                            .orElseThrow();
                    assertArrayEquals(message, new StrictInflater(bits, false).message(payload));
                }
            }
        }

        @Test
        void noiseHasNoEncoding() {
            ByteBuffer noise = ByteBuffer.wrap(Corpus.noise(new Random(1), 300));
            assertEquals(Optional.empty(), MessageDeflater.encode(pool, 15, noise));
        }
    }
}
