// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.Corpus;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.testkit.Frame;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Every window that can be agreed on, on whole connections: what
 * we send is read by a decoder that knows no more than the window.
 */
@Timeout(300)
class CompressionWindowTest {
    private static final int LONG_BYTES = 70_000;

    /** What the ways of writing have in common. */
    private interface Way {
        void write(WebSocketConnection connection, byte[] plain) throws Exception;
    }

    private static final List<Way> WAYS = List.of(
            (connection, plain) -> connection.writeBinary(plain),
            (connection, plain) -> connection.writePrepared(PreparedMessage.binary(plain)),
            (connection, plain) -> {
                try (MessageWriter writer = connection.nextWriter(MessageType.BINARY)) {
                    for (int at = 0; at < plain.length; at += 1000) {
                        writer.write(ByteBuffer.wrap(plain, at, Math.min(1000, plain.length - at)));
                        if (at % 3000 == 0) {
                            writer.flush();
                        }
                    }
                }
            });

    private static DeflateAgreement both(boolean takeover, int bits) {
        return new DeflateAgreement(new Direction(takeover, bits), new Direction(takeover, bits));
    }

    private static List<byte[]> corpus(int bits) {
        Random random = new Random(bits);
        int window = 1 << bits;
        List<byte[]> corpus = new ArrayList<>();
        for (int length : new int[] {0, 1, 300, window - 1, window + 1}) {
            corpus.add(Corpus.json(random, length));
            corpus.add(Corpus.text(random, length));
            corpus.add(Corpus.noise(random, length));
        }
        byte[] farApart = Corpus.noise(random, window * 3 / 4);
        byte[] twice = Arrays.copyOf(farApart, 2 * farApart.length); // Repeats from within the window,
        System.arraycopy(farApart, 0, twice, farApart.length, farApart.length);
        corpus.add(twice);
        byte[] beyond = Corpus.noise(random, window + 10);
        byte[] outside = Arrays.copyOf(beyond, 2 * beyond.length); // and from where it ends.
        System.arraycopy(beyond, 0, outside, beyond.length, beyond.length);
        corpus.add(outside);
        return corpus;
    }

    @ParameterizedTest(name = "PM-17, PM-18 sent with windows of 8 to 15 bits, {0}")
    @Sides
    void whatWeSendStaysWithinTheWindow(Side side) throws Exception {
        for (int bits = PermessageDeflate.MIN_WINDOW_BITS; bits <= PermessageDeflate.MAX_WINDOW_BITS; bits++) {
            for (boolean takeover : new boolean[] {true, false}) {
                DeflateAgreement agreement = both(takeover, bits);
                try (CompressionScene scene = new CompressionScene(side, agreement)) {
                    CompressionScene.Reading reading = scene.reading(agreement);
                    int sent = 0;
                    for (byte[] plain : corpus(bits)) {
                        for (Way way : WAYS) {
                            Rig.Task<Boolean> writing = Rig.go(() -> way.write(scene.connection, plain));
                            assertArrayEquals(plain, reading.next(), () -> plain.length + " bytes");
                            assertTrue(writing.get());
                            sent++;
                        }
                    }
                    // All but noise and the empty ones, and of those
                    // still the streamed ones, which cannot be known.
                    assertTrue(reading.compressed() > sent / 2, reading.compressed() + " of " + sent + " compressed");
                    reading.expectWindowUsed();
                    byte[] fragments = Corpus.json(new Random(bits), LONG_BYTES);
                    Rig.Task<Boolean> writing = Rig.go(() -> scene.connection.writeBinary(fragments));
                    assertArrayEquals(fragments, reading.next());
                    assertTrue(writing.get());
                    scene.expectAllGivenBack();
                }
            }
        }
    }

    @ParameterizedTest(name = "PM-18 received with windows of 8 to 15 bits, {0}")
    @Sides
    void whatThePeerSendsWithinTheWindowIsRead(Side side) throws Exception {
        for (int bits = PermessageDeflate.MIN_WINDOW_BITS; bits <= PermessageDeflate.MAX_WINDOW_BITS; bits++) {
            DeflateAgreement agreement = both(true, bits);
            try (CompressionScene scene = new CompressionScene(side, agreement);
                    MessageDeflater deflater =
                            new MessageDeflater(scene.peersPool, agreement.incoming(side.role()), false)) {
                for (byte[] plain : corpus(bits)) {
                    scene.peer.send(
                            CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, plain)));
                    assertArrayEquals(plain, scene.next().bytes());
                }
                // A zlib that takes 8 bits for 9, as it long did, refers
                // back 2^9 - 262 bytes at most (RFC 7692 §7.1.2).
                byte[] noise = Corpus.noise(new Random(bits), 1 << bits);
                byte[] again = Arrays.copyOfRange(noise, noise.length - 250, noise.length);
                scene.peer.send(Frame.text("between"));
                scene.peer.send(CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, noise)));
                byte[] reference = referring(noise, again);
                assertTrue(reference.length < 16, reference.length + " bytes");
                scene.peer.send(CompressionScene.compressed(Frame.BINARY, reference));
                assertEquals("between", scene.next().text());
                assertArrayEquals(noise, scene.next().bytes());
                assertArrayEquals(again, scene.next().bytes());
                scene.expectAllGivenBack();
            }
        }
    }

    @ParameterizedTest(name = "PM-15 received from beyond windows of 8 to 14 bits, {0}")
    @Sides
    void whatThePeerRefersToBeyondTheWindowIsRefused(Side side) throws Exception {
        for (int bits = PermessageDeflate.MIN_WINDOW_BITS; bits < PermessageDeflate.MAX_WINDOW_BITS; bits++) {
            DeflateAgreement agreement = both(true, bits);
            try (CompressionScene scene = new CompressionScene(side, agreement);
                    MessageDeflater deflater =
                            new MessageDeflater(scene.peersPool, agreement.incoming(side.role()), false)) {
                byte[] noise = Corpus.noise(new Random(bits), (1 << bits) + 2);
                scene.peer.send(CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, noise)));
                assertArrayEquals(noise, scene.next().bytes());
                byte[] reference = referring(noise, Arrays.copyOfRange(noise, 1, 100)); // One byte too far back.
                assertTrue(reference.length < 16, reference.length + " bytes");
                scene.peer.send(CompressionScene.compressed(Frame.BINARY, reference));
                ProtocolException failure = scene.expectRefused(1007, ProtocolException.class);
                assertEquals(CloseCode.INVALID_PAYLOAD, failure.closeCode());
            }
        }
    }

    @ParameterizedTest(name = "a prepared message suits every window at once, {0}")
    @Sides
    void onePreparedMessageGoesToConnectionsOfEveryWindow(Side side) throws Exception {
        Random random = new Random(1);
        List<byte[]> plain = List.of(
                Corpus.json(random, 200),
                Corpus.text(random, 5000),
                Corpus.json(random, 40_000),
                Corpus.noise(random, 600));
        List<PreparedMessage> prepared =
                plain.stream().map(PreparedMessage::binary).toList();
        for (int bits = PermessageDeflate.MIN_WINDOW_BITS; bits <= PermessageDeflate.MAX_WINDOW_BITS; bits++) {
            for (boolean takeover : new boolean[] {true, false}) {
                DeflateAgreement agreement = both(takeover, bits);
                try (CompressionScene scene = new CompressionScene(side, agreement)) {
                    CompressionScene.Reading reading = scene.reading(agreement);
                    for (int i = 0; i < 2 * plain.size(); i++) {
                        scene.connection.writePrepared(prepared.get(i / 2));
                        assertArrayEquals(plain.get(i / 2), reading.next());
                    }
                    assertEquals(6, reading.compressed(), "all but the noise");
                    byte[] next = Arrays.copyOf(plain.get(2), 1000); // May refer to what was prepared elsewhere.
                    scene.connection.writeBinary(next);
                    assertArrayEquals(next, reading.next());
                }
            }
        }
    }

    /** {@return the payload of a message that refers as far back as it takes} */
    private static byte[] referring(byte[] dictionary, byte[] plain) {
        Deflater deflater = new Deflater(9, true);
        try {
            deflater.setDictionary(dictionary);
            deflater.setInput(plain);
            byte[] out = new byte[plain.length + 100];
            int length = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
            return Arrays.copyOf(out, length - 4);
        } finally {
            deflater.end();
        }
    }
}
