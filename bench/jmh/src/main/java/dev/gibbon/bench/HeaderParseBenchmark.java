// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import dev.gibbon.frame.FrameParser;
import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Opcode;
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

/** What one masked frame costs a server before its payload is looked at; no byte should be allocated. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class HeaderParseBenchmark {
    /** Payload length: one of each form. */
    @Param({"16", "1024", "65536"})
    public int payloadLength;

    private final FrameParser parser = new FrameParser(Role.SERVER, 0);
    private final ByteBuffer in = ByteBuffer.allocateDirect(14);
    private final ByteBuffer payload = ByteBuffer.allocate(1 << 16);

    /** Puts one header into the buffer; its key is zero, so that unmasking costs nothing. */
    @Setup
    public void putHeader() {
        FrameSerializer.putMaskedHeader(in, Opcode.BINARY, true, 0, payloadLength, 0);
        in.flip();
    }

    /** The header in one piece. */
    @Benchmark
    public long whole() throws ProtocolException {
        parser.parseHeader(in.rewind());
        return parser.payloadLength() + parser.unmaskPayload(payload);
    }

    /** The header byte by byte, as the slowest peer sends it. */
    @Benchmark
    public long byteByByte() throws ProtocolException {
        int length = in.limit();
        for (int end = 1; end <= length; end++) {
            parser.parseHeader(in.limit(end).position(end - 1));
        }
        return parser.payloadLength() + parser.unmaskPayload(payload);
    }
}
