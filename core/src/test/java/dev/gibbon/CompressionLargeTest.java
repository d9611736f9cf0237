// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.testkit.Frame;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Inflater;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** The threat catalogue's PM-11: one message of 64 MiB each way, through transports that hold a few KiB. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CompressionLargeTest {
    private static final int BYTES = 64 << 20;
    private static final int FRAME_BYTES = 10_000;

    private final byte[] plain = large();
    private final byte[] payload = CompressionScene.deflated(
            new MessageDeflater(new ZlibPool(6, 1), CompressionScene.NO_TAKEOVER.client(), false), plain);

    private static byte[] large() {
        byte[] plain = new byte[BYTES];
        byte[] line = "{\"symbol\":\"GIB\",\"price\":12.5,\"venue\":\"XETRA\"}\n".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(line, 0, plain, 0, line.length);
        for (int filled = line.length; filled < BYTES; filled *= 2) {
            System.arraycopy(plain, 0, plain, filled, Math.min(filled, BYTES - filled));
        }
        return plain;
    }

    @ParameterizedTest(name = "PM-11 64 MiB both ways, {0}")
    @Sides
    void messageOf64MiBGoesThroughBothWays(Side side) throws Exception {
        ConnectionOptions options =
                ConnectionOptions.builder().maxMessageBytes(BYTES).build();
        try (CompressionScene scene =
                new CompressionScene(side, CompressionScene.TAKEOVER, CompressionScene.OPTIONS, options)) {
            scene.peer.deadline(Duration.ofSeconds(60));
            int[] cuts = new int[payload.length / FRAME_BYTES];
            Arrays.setAll(cuts, i -> (i + 1) * FRAME_BYTES);
            List<Frame> frames = new ArrayList<>(
                    CompressionScene.compressed(Frame.BINARY, payload).fragment(cuts));
            frames.add(frames.size() / 2, Frame.ping(new byte[] {1}));
            Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.send(frames));
            scene.neighbourEchoes();
            scene.peer.expectPong(new byte[] {1}); // Passes while the message is under way.
            Message message = scene.next();
            assertTrue(sending.get());
            assertTrue(Arrays.equals(plain, message.bytes()));
            Rig.Task<Boolean> writing = Rig.go(() -> {
                if (side.face() == Face.PULL) {
                    scene.connection.writeMessage(message);
                    return;
                }
                try (MessageWriter writer = scene.connection.nextWriter(MessageType.BINARY)) {
                    writer.write(ByteBuffer.wrap(message.bytes()));
                }
            });
            scene.neighbourEchoes();
            assertEquals(BYTES, readBack(scene));
            assertTrue(writing.get());
            scene.expectAllGivenBack();
        }
    }

    /** {@return how many bytes came, all of them as they should be} */
    private long readBack(CompressionScene scene) throws Exception {
        Inflater inflater = new Inflater(true);
        byte[] piece = new byte[64 * 1024];
        int at = 0;
        try {
            Frame frame;
            do {
                frame = scene.peer.expectFrame();
                inflater.setInput(frame.unmasked().payload());
                for (int n = inflater.inflate(piece); n > 0; n = inflater.inflate(piece)) {
                    assertTrue(Arrays.equals(piece, 0, n, plain, at, at + n));
                    at += n;
                }
            } while (!frame.fin());
            return at;
        } finally {
            inflater.end();
        }
    }
}
