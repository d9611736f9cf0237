// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Seeds as a person can write and review them: one a line, a name and a colon, then
 * bytes in hex and text in quotes, where escapes are those of Java, and {@code *N}
 * behind a piece repeats it. Lines that begin with {@code #} are comments.
 */
public final class Seeds {
    private static final Pattern LINE = Pattern.compile("([A-Za-z0-9-]+):(.*)");
    private static final Pattern PIECE =
            Pattern.compile("\\s+(?:((?:[0-9A-Fa-f]{2})+)|\"((?:[^\"\\\\]|\\\\.)*)\")(?:\\*(\\d+))?");

    private Seeds() {}

    /**
     * Writes the seeds of a file for a fuzzer, one file each.
     *
     * @param args the file of seeds, and the directory to fill
     * @throws IOException if the file cannot be read or the directory not written
     */
    public static void main(String[] args) throws IOException {
        Path directory = Files.createDirectories(Path.of(args[1]));
        for (Map.Entry<String, byte[]> seed : read(Path.of(args[0])).entrySet()) {
            Files.write(directory.resolve("seed-" + seed.getKey()), seed.getValue());
        }
    }

    /**
     * {@return the seeds by name, in the order of the file}
     *
     * @param file the file of seeds
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if a line is malformed or a name comes twice
     */
    public static Map<String, byte[]> read(Path file) throws IOException {
        Map<String, byte[]> seeds = new LinkedHashMap<>();
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            Matcher parts = LINE.matcher(line);
            if (!parts.matches() || seeds.put(parts.group(1), bytes(parts.group(2))) != null) {
                throw new IllegalArgumentException(file.getFileName() + ": malformed, or named twice: " + line);
            }
        }
        return seeds;
    }

    private static byte[] bytes(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher piece = PIECE.matcher(text);
        int end = 0;
        while (piece.find() && piece.start() == end) {
            String hex = piece.group(1);
            byte[] once = hex != null
                    ? HexFormat.of().parseHex(hex)
                    : piece.group(2).translateEscapes().getBytes(StandardCharsets.UTF_8);
            int times = piece.group(3) == null ? 1 : Integer.parseInt(piece.group(3));
            for (int i = 0; i < times; i++) {
                bytes.writeBytes(once);
            }
            end = piece.end();
        }
        if (!text.substring(end).isBlank()) {
            throw new IllegalArgumentException("neither hex nor a quoted text: " + text.substring(end));
        }
        return bytes.toByteArray();
    }
}
