// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

class SlidingWindowTest {
    /** What a zlib object knows after being primed shows in what it can refer to. */
    @Test
    void holdsTheNewestBytesWhateverThePiecesWere() throws DataFormatException {
        Random random = new Random(9);
        for (int round = 0; round < 300; round++) {
            SlidingWindow window = new SlidingWindow(8);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int i = random.nextInt(12); i >= 0; i--) {
                byte[] piece = Corpus.noise(random, random.nextInt(round % 2 == 0 ? 100 : 700));
                int offset = random.nextInt(5);
                ByteBuffer buffer = ByteBuffer.allocate(piece.length + 10).put(offset, piece);
                window.append(buffer, offset, offset + piece.length);
                all.writeBytes(piece);
            }
            byte[] whole = all.toByteArray();
            byte[] newest = Arrays.copyOfRange(whole, Math.max(0, whole.length - 256), whole.length);
            assertEquals(newest.length, window.size());
            assertTrue(window.allocated() <= 256);
            if (newest.length >= 3) {
                assertArrayEquals(newest, asSeenByAnInflater(window, newest));
                int part = 3 + random.nextInt(newest.length - 2);
                byte[] tail = Arrays.copyOfRange(newest, newest.length - part, newest.length);
                assertTrue(asCompressed(window, tail, part) < 20, "the newest bytes are found");
            }
        }
    }

    @Test
    void growsInStepsUpToItsSize() {
        SlidingWindow window = new SlidingWindow(12);
        assertEquals(0, window.allocated());
        int[] expected = {256, 256, 512, 512, 1024, 1024, 1024, 1024, 2048};
        for (int i = 0; i < expected.length; i++) {
            window.append(ByteBuffer.allocate(128), 0, 128);
            assertEquals(expected[i], window.allocated(), "after " + (i + 1));
        }
        window.append(ByteBuffer.allocate(100_000), 0, 100_000);
        assertEquals(4096, window.allocated());
        assertEquals(4096, window.size());
        window.clear();
        assertEquals(0, window.allocated());
        assertEquals(0, window.size());
    }

    private static byte[] asSeenByAnInflater(SlidingWindow window, byte[] expected) throws DataFormatException {
        Deflater deflater = new Deflater(9, true);
        deflater.setDictionary(expected);
        deflater.setInput(expected);
        deflater.finish();
        byte[] compressed = new byte[expected.length + 50];
        int length = deflater.deflate(compressed);
        deflater.end();
        Inflater inflater = new Inflater(true);
        window.prime(inflater);
        inflater.setInput(compressed, 0, length);
        byte[] plain = new byte[expected.length];
        assertEquals(expected.length, inflater.inflate(plain));
        inflater.end();
        return plain;
    }

    private static int asCompressed(SlidingWindow window, byte[] message, int atMost) {
        Deflater deflater = new Deflater(9, true);
        window.prime(deflater, atMost);
        deflater.setInput(message);
        deflater.finish();
        int length = deflater.deflate(new byte[message.length + 50]);
        deflater.end();
        return length;
    }
}
