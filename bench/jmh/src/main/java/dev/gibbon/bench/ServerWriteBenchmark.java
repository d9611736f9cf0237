// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A server's binary message into a transport that only counts: framing, locks, the copy of what is small. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class ServerWriteBenchmark {
    /** Payload length. */
    @Param({"16", "16384", "1048576"})
    public int payloadLength;

    /** Where the payload lies. */
    @Param({"heap", "direct"})
    public String memory = "heap";

    private final LoopTransport transport = LoopTransport.counting(0);
    private final Connection server = Connection.over(transport, Role.SERVER, ConnectionOptions.defaults());
    private ByteBuffer payload = ByteBuffer.allocate(0);

    /** Makes the payload. */
    @Setup
    public void makePayload() {
        payload = memory.equals("heap") ? ByteBuffer.allocate(payloadLength) : ByteBuffer.allocateDirect(payloadLength);
    }

    /** Drops the connection. */
    @TearDown
    public void drop() {
        server.abort();
    }

    /** One message, handed to the transport when this returns. */
    @Benchmark
    public long write() throws IOException {
        server.writeBinary(payload.clear());
        return transport.bytesWritten();
    }
}
