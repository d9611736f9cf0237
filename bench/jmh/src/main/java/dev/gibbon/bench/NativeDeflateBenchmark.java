// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.ProtocolException;
import dev.gibbon.deflate.CodecStatus;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.deflate.ZlibPool;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * One JSON message from an array into a direct buffer and back, by core and by what libraries the system has. A library
 * that is not there fails its own rows only.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Thread)
public class NativeDeflateBenchmark {
    private static final int LEVEL = 1;

    /** Message length. */
    @Param({"64", "512", "4096", "16384", "65536"})
    public int payloadLength;

    /** {@code core} and a form of context takeover, or what {@link NativeDeflate#of} makes. */
    @Param({
        "core none",
        "core 12/15",
        "core live",
        "libz 15/8 0",
        "libz 12/5 0",
        "libz 15/8 12",
        "libz 12/5 12",
        "libdeflate array",
        "libdeflate copy"
    })
    public String subject = "core none";

    private final ZlibPool pool = new ZlibPool(LEVEL, 2);
    private @Nullable NativeDeflate library;
    private MessageDeflater deflater = CompressionSubject.deflater(pool, "none");
    private MessageInflater inflater = CompressionSubject.inflater(pool, "none");
    private byte[][] plain = {};
    private ByteBuffer[] compressed = {};
    private MemorySegment[] compressedSegments = {};
    private ByteBuffer out = ByteBuffer.allocate(0);
    private MemorySegment outSegment = MemorySegment.NULL;
    private int next;

    /** Compresses two rounds: the first fills the windows, the second is what is decompressed over and over. */
    @Setup
    public void prepare() throws ProtocolException {
        if (subject.startsWith("core ")) {
            String form = subject.substring("core ".length());
            deflater = CompressionSubject.deflater(pool, form);
            inflater = CompressionSubject.inflater(pool, form);
        } else {
            library = NativeDeflate.of(subject, LEVEL, payloadLength);
        }
        plain = CompressionSubject.messages(payloadLength);
        compressed = new ByteBuffer[plain.length];
        compressedSegments = new MemorySegment[plain.length];
        out = ByteBuffer.allocateDirect(payloadLength + 100);
        outSegment = MemorySegment.ofBuffer(out);
        long sum = 0;
        for (int i = 0; i < 2 * plain.length; i++) {
            next = i % plain.length;
            int length = library == null ? whole(plain[next]) : library.deflate(plain[next], outSegment);
            sum += i < plain.length ? 0 : length;
            ByteBuffer payload = ByteBuffer.allocateDirect(length + NativeDeflate.TAIL.length);
            payload.put(0, out, 0, length).put(length, NativeDeflate.TAIL);
            compressedSegments[next] = MemorySegment.ofBuffer(payload);
            compressed[next] = payload.slice(0, length);
            int back = inflate(next);
            if (back != payloadLength || !out.slice(0, back).equals(ByteBuffer.wrap(plain[next]))) {
                throw new IllegalStateException("not the message that went in");
            }
        }
        next = 0;
        System.out.printf(Locale.ROOT, "ratio %.2f%n", (double) payloadLength * plain.length / sum);
    }

    /** Ends everything. */
    @TearDown
    public void end() {
        deflater.close();
        inflater.close();
        pool.close();
        if (library != null) {
            library.close();
        }
    }

    /** A whole message into a direct buffer. */
    @Benchmark
    public int compress() {
        int i = next;
        next = (i + 1) % plain.length;
        if (library != null) {
            return library.deflate(plain[i], outSegment);
        }
        deflater.deflate(ByteBuffer.wrap(plain[i]), out.clear());
        return out.position();
    }

    /** A whole message out of a direct buffer into another. */
    @Benchmark
    public int decompress() throws ProtocolException {
        int i = next; // In order, since each may refer to those before it.
        next = (i + 1) % compressed.length;
        return inflate(i);
    }

    /** A message by core, in the form that always succeeds. */
    private int whole(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        out.clear();
        while (deflater.deflate(in, dev.gibbon.deflate.FlushMode.LAST, out) != CodecStatus.ENDED) {
            // The buffer has room for all.
        }
        return out.position();
    }

    private int inflate(int i) throws ProtocolException {
        if (library != null) {
            return library.inflate(compressedSegments[i], outSegment);
        }
        out.clear();
        ByteBuffer payload = compressed[i].rewind();
        while (inflater.inflate(payload, true, out) != CodecStatus.ENDED) {
            // The buffer has room for all.
        }
        return out.position();
    }
}
