// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs every seed, and variations of it, through its target, without a fuzzer. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SeedsTest {
    private static final Map<String, Consumer<byte[]>> TARGETS = Map.of(
            "Frame", FrameTarget::fuzzerTestOneInput,
            "Request", RequestTarget::fuzzerTestOneInput,
            "Response", ResponseTarget::fuzzerTestOneInput,
            "Connection", ConnectionTarget::fuzzerTestOneInput,
            "Calls", CallsTarget::fuzzerTestOneInput,
            "Deflate", DeflateTarget::fuzzerTestOneInput);

    private static final int VARIATIONS = 20;

    private static Stream<Arguments> seeds() throws IOException {
        List<Arguments> all = new ArrayList<>();
        for (String target : TARGETS.keySet().stream().sorted().toList()) {
            Path file = Path.of(System.getProperty("gibbon.fuzz.seeds"), target + ".txt");
            Seeds.read(file).forEach((name, seed) -> all.add(Arguments.of(target, name, seed)));
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("seeds")
    void seedPassesItsTarget(String target, String name, byte[] seed) {
        TARGETS.get(target).accept(seed);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("seeds")
    void seedWithChangedBytesPassesItsTarget(String target, String name, byte[] seed) {
        Random random = new Random(name.hashCode()); // The same on each run.
        for (int i = 0; i < VARIATIONS; i++) {
            byte[] varied = seed.clone();
            for (int changes = 1 + random.nextInt(3); changes > 0 && varied.length > 0; changes--) {
                varied[random.nextInt(varied.length)] = (byte) random.nextInt(256);
            }
            TARGETS.get(target).accept(varied);
        }
    }

    @Nested
    class Reading {
        @TempDir
        private Path directory;

        private Map<String, byte[]> read(String text) throws IOException {
            return Seeds.read(Files.writeString(directory.resolve("seeds.txt"), text));
        }

        @Test
        void hexAndTextMayAlternateAndRepeat() throws IOException {
            Map<String, byte[]> seeds = read("# a comment\n\none: 8001*2 \"a\\r\\n\\\"\" ff\n");
            byte[] expected = "\u0080\u0001\u0080\u0001a\r\n\"\u00ff".getBytes(StandardCharsets.ISO_8859_1);
            assertEquals(1, seeds.size());
            assertArrayEquals(expected, seeds.get("one"));
        }

        @Test
        void malformedLineIsRefused() {
            assertThrows(IllegalArgumentException.class, () -> read("one: 8"));
            assertThrows(IllegalArgumentException.class, () -> read("one 80"));
            assertThrows(IllegalArgumentException.class, () -> read("one: 80\none: 81"));
        }
    }

    @Test
    void oracleNoticesWhatTheSplitChanges() {
        AssertionError found =
                assertThrows(AssertionError.class, () -> Oracle.requireEqual(List.of("a"), List.of("b")));
        assertTrue(found.getMessage().contains("split"), found.getMessage());
    }
}
