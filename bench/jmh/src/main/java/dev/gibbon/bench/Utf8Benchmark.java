// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gibbon.frame.Utf8Validator;
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

/** Validating one text payload. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class Utf8Benchmark {
    /** Payload length, about. */
    @Param({"20", "125", "1024", "16384"})
    public int payloadLength;

    /** What the text is made of: only ASCII, some of each length, three bytes each. */
    @Param({"ascii", "mixed", "cjk"})
    public String text = "ascii";

    private final Utf8Validator validator = new Utf8Validator();
    private ByteBuffer payload = ByteBuffer.allocate(0);

    /** Writes the text until the payload is full. */
    @Setup
    public void fill() {
        String unit = switch (text) {
            case "ascii" -> "The quick brown fox jumps over the lazy dog. ";
            case "mixed" -> "na\u00efve caf\u00e9, \u20ac 5, \u03ba\u03cc\u03c3\u03bc\u03b5 \ud83d\ude00 ok. ";
            case "cjk" -> "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059";
            default -> throw new IllegalStateException("no such text: " + text);
        };
        byte[] bytes = unit.repeat(1 + payloadLength / unit.length()).getBytes(UTF_8);
        int end = payloadLength;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--; // not within a code point
        }
        payload = ByteBuffer.allocateDirect(end).put(bytes, 0, end).flip();
    }

    /** From the first byte to a complete text. */
    @Benchmark
    public boolean validate() {
        validator.reset();
        return validator.accept(payload, 0, payload.limit()) && validator.complete();
    }
}
