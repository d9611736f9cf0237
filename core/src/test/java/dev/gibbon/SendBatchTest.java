// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gibbon.connection.SendBatch;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Limits;
import dev.gibbon.protocol.Outbound;
import dev.gibbon.protocol.Protocol;
import dev.gibbon.support.BufferPool;
import dev.gibbon.testkit.Frame;
import dev.gibbon.transport.LoopTransport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Frames that leave together: whatever a transport takes at a time, the bytes are those of the frames, in order. */
class SendBatchTest {
    private static final int[] LENGTHS = {
        0, 1, 125, 126, SendBatch.COPY_LIMIT, SendBatch.COPY_LIMIT + 1, 65_536, 3 * BufferPool.BUFFER_BYTES + 7
    };

    private final BufferPool pool = new BufferPool(4);
    private final SplittableRandom random = new SplittableRandom(10);
    private int nextKey = 0x01020304;

    /** Takes so many bytes a call, and none every other time. */
    private static final class Sip implements LoopTransport {
        @Override
        public Optional<SocketChannel> enterLoop() {
            return Optional.empty();
        }

        @Override
        public boolean flush() {
            return true;
        }

        @Override
        public boolean buffersInput() {
            return false;
        }

        final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        private final int most;
        private boolean full;

        Sip(int most) {
            this.most = most;
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) {
            full = !full;
            int left = full ? 0 : most;
            for (int i = offset; i < offset + length; i++) {
                int n = Math.min(left, srcs[i].remaining());
                byte[] bytes = new byte[n];
                srcs[i].get(bytes);
                taken.writeBytes(bytes);
                left -= n;
            }
            return full ? 0 : most - left;
        }

        @Override
        public int read(ByteBuffer dst) {
            return -1;
        }

        @Override
        public int read(ByteBuffer dst, Duration timeout) {
            return -1;
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {}
    }

    private Outbound outbound(Role role) {
        return new Protocol(role, new Limits(1, 1, 1, 1), () -> nextKey++, () -> 0).outbound();
    }

    /** {@return what the frame of this payload must be on the wire, with the key that comes next} */
    private byte[] wire(Role role, byte[] payload) {
        Frame frame = Frame.binary(payload);
        return (role == Role.CLIENT ? frame.withMaskingKey(nextKey) : frame).encode();
    }

    private byte[] payload(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** {@return what has gone out in all, by as many writes as it takes} */
    private static byte[] writeAll(SendBatch batch, Outbound outbound, Sip transport) throws IOException {
        long[] told = new long[1];
        while (!batch.writeTo(transport, outbound, n -> told[0] += n)) {
            assertTrue(told[0] <= batch.bytes());
        }
        assertEquals(batch.bytes(), told[0], "the progress that was told");
        return transport.taken.toByteArray();
    }

    @ParameterizedTest
    @EnumSource
    void bytesAreThoseOfTheFramesHoweverLittleIsTaken(Role role) throws Exception {
        for (int most : new int[] {7, 1000, BufferPool.BUFFER_BYTES, Integer.MAX_VALUE}) {
            Outbound outbound = outbound(role);
            SendBatch batch = new SendBatch(pool);
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            for (int length : LENGTHS) {
                byte[] payload = payload(length);
                byte[] original = payload.clone();
                expected.writeBytes(wire(role, payload));
                boolean _ = length % 2 == 0
                        ? batch.append(outbound, Opcode.BINARY, true, 0, ByteBuffer.wrap(payload))
                        : batch.append(outbound, Opcode.BINARY, payload);
                assertArrayEquals(original, payload, "the caller's bytes stay as they are");
            }
            assertEquals(expected.size(), batch.bytes());
            assertArrayEquals(expected.toByteArray(), writeAll(batch, outbound, new Sip(most)));
            batch.clear();
            assertTrue(batch.isEmpty());
            assertEquals(0, batch.bytes());
            assertEquals(0, pool.leased());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsOwnedInTheMiddleOfAWriteIsTheCallersAgain(Role role) throws Exception {
        for (int before : new int[] {0, 1, 20_000, 100_000, 300_000}) {
            Outbound outbound = outbound(role);
            SendBatch batch = new SendBatch(pool);
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            byte[][] payloads = {payload(100), payload(150_000), payload(16), payload(200_000)};
            for (byte[] payload : payloads) {
                expected.writeBytes(wire(role, payload));
                boolean borrowed = batch.append(outbound, Opcode.BINARY, payload);
                assertTrue(!borrowed || payload.length > SendBatch.COPY_LIMIT);
            }
            Sip transport = new Sip(10_000);
            while (transport.taken.size() < before) {
                assertFalse(batch.writeTo(transport, outbound, _ -> {}));
            }
            batch.own();
            for (byte[] payload : payloads) {
                Arrays.fill(payload, (byte) -1);
            }
            while (!batch.writeTo(transport, outbound, _ -> {})) {
                // It takes no more for the moment.
            }
            assertArrayEquals(expected.toByteArray(), transport.taken.toByteArray());
            batch.clear();
            assertEquals(0, pool.leased());
        }
    }

    /** A relay sets the position of what it has written back; by then it must be of no concern to the batch. */
    @ParameterizedTest
    @EnumSource
    void whatIsOwnedIsNotSentAgainThoughTheCallerRewindsIt(Role role) throws Exception {
        for (int stuck = 1; stuck <= 40; stuck++) {
            Outbound outbound = outbound(role);
            SendBatch batch = new SendBatch(pool);
            byte[] bytes = payload(190_000);
            byte[] expected = wire(role, bytes);
            ByteBuffer payload = ByteBuffer.wrap(bytes);
            assertTrue(batch.append(outbound, Opcode.BINARY, true, 0, payload));
            Sip transport = new Sip(10_000);
            for (int i = 0; i < stuck; i++) {
                boolean _ = batch.writeTo(transport, outbound, _ -> {});
            }
            batch.own();
            payload.rewind();
            while (!batch.writeTo(transport, outbound, _ -> {})) {
                // It takes no more for the moment.
            }
            assertArrayEquals(expected, transport.taken.toByteArray());
            batch.clear();
            assertEquals(0, pool.leased());
        }
    }

    @ParameterizedTest
    @EnumSource
    void messageThatWaitsAgainAndAgainIsCopiedOnce(Role role) throws Exception {
        Outbound outbound = outbound(role);
        SendBatch batch = new SendBatch(pool);
        int length = 8 << 20;
        boolean _ = batch.append(outbound, Opcode.BINARY, true, 0, ByteBuffer.allocateDirect(length));
        Sip transport = new Sip(BufferPool.BUFFER_BYTES);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        boolean all = false;
        while (!all) {
            all = batch.writeTo(transport, outbound, _ -> {});
            transport.taken.reset();
            batch.own();
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 6L * length, () -> "8 MiB made " + allocated + " bytes");
        batch.clear();
    }

    @ParameterizedTest
    @EnumSource
    void batchThatIsGivenUpHoldsNothingAndCanBeFilledAgain(Role role) throws Exception {
        Outbound outbound = outbound(role);
        SendBatch batch = new SendBatch(pool);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 40; i++) { // More segments than usual.
                boolean _ = batch.append(outbound, Opcode.BINARY, payload(20_000));
            }
            assertFalse(batch.writeTo(new Sip(50_000), outbound, _ -> {}));
            batch.clear();
            assertEquals(0, pool.leased());
            byte[] expected = wire(role, new byte[] {1, 2, 3});
            boolean _ = batch.append(outbound, Opcode.BINARY, new byte[] {1, 2, 3});
            assertArrayEquals(expected, writeAll(batch, outbound, new Sip(1)));
            batch.clear();
        }
    }

    @ParameterizedTest
    @EnumSource
    void encodedFramesGoAsTheyAre(Role role) throws Exception {
        Outbound outbound = outbound(role);
        SendBatch batch = new SendBatch(pool);
        byte[] small = Frame.text("prepared").encode();
        byte[] large = Frame.binary(payload(50_000)).encode();
        assertFalse(batch.appendEncoded(ByteBuffer.wrap(small)));
        assertTrue(batch.appendEncoded(ByteBuffer.wrap(large)));
        assertFalse(batch.appendEncoded(ByteBuffer.wrap(small)));
        batch.own(); // A prepared message never changes: nothing of it is copied.
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        expected.writeBytes(small);
        expected.writeBytes(large);
        expected.writeBytes(small);
        assertArrayEquals(expected.toByteArray(), writeAll(batch, outbound, new Sip(1234)));
        batch.clear();
    }
}
