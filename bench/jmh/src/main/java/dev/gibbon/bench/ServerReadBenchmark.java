// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Message;
import dev.gibbon.Role;
import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Masking;
import dev.gibbon.frame.Opcode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A server reads masked messages of which 16 have come at once; the
 * figures are for one of them. The message is its caller's to keep.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class ServerReadBenchmark {
    private static final int FRAMES = 16;
    private static final int MASKING_KEY = 0x37FA213D;
    private static final int MAX_HEADER_BYTES = 14;

    /** Payload length of each. */
    @Param({"16", "512", "16384"})
    public int payloadLength;

    private ByteBuffer frames = ByteBuffer.allocate(0);
    private LoopTransport transport = LoopTransport.counting(0);
    private Connection server = Connection.over(transport, Role.SERVER, ConnectionOptions.defaults());

    /** Encodes the frames. */
    @Setup
    public void encode() {
        frames = ByteBuffer.allocateDirect(FRAMES * (payloadLength + MAX_HEADER_BYTES));
        ByteBuffer payload = ByteBuffer.allocate(payloadLength);
        for (int i = 0; i < FRAMES; i++) {
            FrameSerializer.putMaskedHeader(frames, Opcode.BINARY, true, 0, payloadLength, MASKING_KEY);
            Masking.mask(payload.clear(), frames, MASKING_KEY, 0);
        }
        frames.flip();
        transport = LoopTransport.counting(frames.capacity());
        server = Connection.over(transport, Role.SERVER, ConnectionOptions.defaults());
    }

    /** Drops the connection. */
    @TearDown
    public void drop() {
        server.abort();
    }

    /** All 16. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long read() throws IOException {
        transport.refill(frames);
        long bytes = 0;
        for (int i = 0; i < FRAMES; i++) {
            Message message = server.readMessage();
            if (message == null) {
                throw new IllegalStateException("the connection ended");
            }
            bytes += message.length();
        }
        return bytes;
    }
}
