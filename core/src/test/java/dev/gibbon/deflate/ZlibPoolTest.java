// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.ProtocolException;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

class ZlibPoolTest {
    private final ZlibPool pool = new ZlibPool(1, 2);

    @Test
    void releasedObjectIsLeasedAgain() {
        Deflater deflater = pool.leaseDeflater();
        Inflater inflater = pool.leaseInflater();
        assertEquals(2, pool.leased());
        assertEquals(2, pool.live());
        pool.release(deflater);
        pool.release(inflater);
        assertEquals(0, pool.leased());
        assertSame(deflater, pool.leaseDeflater());
        assertSame(inflater, pool.leaseInflater());
        assertEquals(2, pool.live());
        pool.release(deflater);
        pool.release(inflater);
        pool.close();
    }

    @Test
    void moreThanItKeepsAreEndedWhenTheyComeBack() {
        List<Deflater> deflaters = new ArrayList<>();
        List<Inflater> inflaters = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            deflaters.add(pool.leaseDeflater());
            inflaters.add(pool.leaseInflater());
        }
        assertEquals(10, pool.live());
        deflaters.forEach(pool::release);
        inflaters.forEach(pool::release);
        assertEquals(4, pool.live());
        assertThrows(RuntimeException.class, deflaters.getLast()::reset, "ended");
        assertThrows(RuntimeException.class, inflaters.getLast()::reset, "ended");
        pool.close();
        assertEquals(0, pool.live());
        assertThrows(RuntimeException.class, deflaters.getFirst()::reset, "ended");
    }

    @Test
    void discardedObjectIsEnded() {
        Inflater inflater = pool.leaseInflater();
        pool.discard(inflater);
        Deflater deflater = pool.leaseDeflater();
        pool.discard(deflater);
        assertEquals(0, pool.live());
        assertEquals(0, pool.leased());
        assertThrows(RuntimeException.class, inflater::reset);
    }

    @Test
    void whatComesBackAfterTheEndIsEnded() {
        Deflater deflater = pool.leaseDeflater();
        Inflater inflater = pool.leaseInflater();
        pool.close();
        pool.close();
        assertEquals(2, pool.live());
        pool.release(deflater);
        pool.release(inflater);
        assertEquals(0, pool.live());
        Inflater late = pool.leaseInflater(); // A connection that is still ending may need one.
        pool.release(late);
        assertEquals(0, pool.live());
    }

    /** PM-19, with the pool closed while threads are at work. */
    @Test
    void threadsThatMeetTheEndLeaveNothingBehind() throws InterruptedException, ExecutionException {
        byte[] message = Corpus.json(new Random(1), 300);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                boolean abandons = t % 2 == 0;
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 2000; i++) {
                        connection(message, abandons);
                        if (i == 1000) {
                            pool.close();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertEquals(0, pool.leased());
        assertEquals(0, pool.live());
    }

    private void connection(byte[] message, boolean abandons) throws ProtocolException {
        Direction direction = new Direction(true, 12);
        try (MessageDeflater deflater = new MessageDeflater(pool, direction, abandons);
                MessageInflater inflater = new MessageInflater(pool, direction)) {
            ByteBuffer payload = ByteBuffer.allocate(400);
            if (!deflater.deflate(ByteBuffer.wrap(message), payload)) {
                throw new AssertionError("not compressed");
            }
            ByteBuffer plain = ByteBuffer.allocate(400);
            CodecStatus _ = inflater.inflate(payload.flip(), !abandons, plain);
            assertEquals(ByteBuffer.wrap(message), plain.flip());
        }
    }
}
