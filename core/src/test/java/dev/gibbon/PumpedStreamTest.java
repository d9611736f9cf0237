// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.loop.PumpedStream;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.TransportPair;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PumpedStreamTest {
    /** Writes as an output does, in pieces of every size, and looks at each byte that arrives. */
    @Test
    void bytesArriveInOrderHoweverTheyAreWritten() throws Exception {
        TransportPair pair = TransportPair.builder().capacity(64 * 1024).build();
        LoopEngine engine = new LoopEngine(new ManualClock(), new SecureMaskingKeys(), 1);
        PumpedStream stream = new PumpedStream(pair.client(), engine);
        SplittableRandom random = new SplittableRandom(6455);
        int total = 64 << 20;
        Rig.Task<Boolean> reading = Rig.go(() -> {
            ByteBuffer in = ByteBuffer.allocate(100_000);
            for (int at = 0; at < total; ) {
                int n = pair.server().read(in.clear());
                for (int i = 0; i < n; i++, at++) {
                    assertEquals((byte) (at * 31 + (at >> 8)), in.get(i), "at " + at);
                }
            }
        });
        Semaphore writable = new Semaphore(0);
        for (int at = 0; at < total; ) {
            int n = Math.min(total - at, 1 + random.nextInt(random.nextBoolean() ? 200_000 : 1000));
            ByteBuffer[] srcs = {ByteBuffer.allocate(n / 3), ByteBuffer.allocateDirect(n - n / 3)};
            for (ByteBuffer src : srcs) {
                while (src.hasRemaining()) {
                    src.put((byte) (at * 31 + (at >> 8)));
                    at++;
                }
                src.flip();
            }
            while (srcs[0].hasRemaining() || srcs[1].hasRemaining()) {
                if (stream.write(srcs, 0, 2) == 0) {
                    stream.whenWritable(writable::release);
                    writable.acquire();
                }
            }
        }
        reading.get();
        stream.close();
    }
}
