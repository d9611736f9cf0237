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

/**
 * A client's binary message into a transport that only counts: what {@link ServerWriteBenchmark} measures, a masking
 * key and the masked copy, since the caller's bytes are not ours to change.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class ClientSendBenchmark {
    /** Payload length. */
    @Param({"16", "16384", "1048576"})
    public int payloadLength;

    /** Where the payload lies. */
    @Param({"heap", "direct"})
    public String memory = "heap";

    private final LoopTransport transport = LoopTransport.counting(0);
    private final Connection client = Connection.over(transport, Role.CLIENT, ConnectionOptions.defaults());
    private ByteBuffer payload = ByteBuffer.allocate(0);

    /** Makes the payload. */
    @Setup
    public void makePayload() {
        payload = memory.equals("heap") ? ByteBuffer.allocate(payloadLength) : ByteBuffer.allocateDirect(payloadLength);
    }

    /** Drops the connection. */
    @TearDown
    public void drop() {
        client.abort();
    }

    /** One message, handed to the transport when this returns. */
    @Benchmark
    public long send() throws IOException {
        client.writeBinary(payload.clear());
        return transport.bytesWritten();
    }
}
