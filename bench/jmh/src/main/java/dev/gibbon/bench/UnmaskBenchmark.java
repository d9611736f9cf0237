// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.frame.Masking;
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
import org.openjdk.jmh.annotations.Warmup;

/** Unmasking where a payload lies after a client's header: unaligned. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class UnmaskBenchmark {
    private static final int OFFSET = 6; // a short masked header
    private static final int KEY = 0x37FA213D;

    /** Payload length. */
    @Param({"16", "125", "1024", "16384"})
    public int payloadLength;

    /** Where the bytes are. */
    @Param({"direct", "heap"})
    public String memory = "direct";

    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private ByteBuffer copy = ByteBuffer.allocate(0);

    /** Makes room for one payload behind its header. */
    @Setup
    public void allocate() {
        int capacity = OFFSET + payloadLength;
        boolean direct = memory.equals("direct");
        buffer = direct ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
        copy = direct ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
    }

    /** As a server does on receipt. */
    @Benchmark
    public ByteBuffer inPlace() {
        Masking.mask(buffer, OFFSET, OFFSET + payloadLength, KEY, 0);
        return buffer;
    }

    /** As a client does before it sends. */
    @Benchmark
    public ByteBuffer copying() {
        Masking.mask(buffer.position(OFFSET), copy.position(OFFSET), KEY, 0);
        return copy;
    }
}
