// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.ProtocolException;
import dev.gibbon.deflate.CodecStatus;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.deflate.ZlibPool;
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

/** One JSON message compressed or decompressed (RFC 7692), under each form of context takeover. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class CompressionBenchmark {
    /** Message length. */
    @Param({"64", "512", "4096", "65536"})
    public int payloadLength;

    /** No takeover, takeover with so many bits kept of a window of so many, or a compressor that is kept. */
    @Param({"none", "10/15", "12/15", "15/15", "live", "10/10", "12/12"})
    public String form = "none";

    /** How hard to compress. */
    @Param({"1", "6"})
    public int level;

    private ZlibPool pool = new ZlibPool(1, 1);
    private MessageDeflater deflater = CompressionSubject.deflater(pool, "none");
    private MessageInflater inflater = CompressionSubject.inflater(pool, "none");
    private ByteBuffer[] plain = {};
    private ByteBuffer[] compressed = {};
    private ByteBuffer out = ByteBuffer.allocate(0);
    private int next;

    /** Compresses two rounds: the first fills the windows, the second is what is decompressed over and over. */
    @Setup
    public void prepare() throws ProtocolException {
        pool.close();
        pool = new ZlibPool(level, 2);
        deflater = CompressionSubject.deflater(pool, form);
        inflater = CompressionSubject.inflater(pool, form);
        byte[][] messages = CompressionSubject.messages(payloadLength);
        plain = new ByteBuffer[messages.length];
        compressed = new ByteBuffer[messages.length];
        out = ByteBuffer.allocateDirect(payloadLength + 100);
        for (int i = 0; i < 2 * messages.length; i++) {
            int at = i % messages.length;
            plain[at] = ByteBuffer.wrap(messages[at]);
            CodecStatus status = CodecStatus.OUTPUT_PENDING;
            out.clear();
            while (status != CodecStatus.ENDED) {
                status = deflater.deflate(plain[at], FlushMode.LAST, out);
            }
            compressed[at] =
                    ByteBuffer.allocateDirect(out.flip().remaining()).put(out).flip();
            inflate(compressed[at]);
        }
    }

    /** Ends everything. */
    @TearDown
    public void end() {
        deflater.close();
        inflater.close();
        pool.close();
    }

    /** A whole message into a direct buffer. */
    @Benchmark
    public boolean compress() {
        int i = next;
        next = (i + 1) % plain.length;
        return deflater.deflate(plain[i].clear(), out.clear());
    }

    /** A whole message out of a direct buffer into another. */
    @Benchmark
    public int decompress() throws ProtocolException {
        int i = next; // In order, since each may refer to those before it.
        next = (i + 1) % compressed.length;
        inflate(compressed[i].rewind());
        return out.position();
    }

    private void inflate(ByteBuffer payload) throws ProtocolException {
        out.clear();
        while (inflater.inflate(payload, true, out) != CodecStatus.ENDED) {
            // The buffer has room for all.
        }
    }
}
