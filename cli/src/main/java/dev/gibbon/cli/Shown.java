// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Messages and other text of the peer as a terminal may see them: what moves the cursor, changes a colour or turns the
 * direction of writing is escaped, but a line feed begins a line, and a backslash, which JSON is full of, stays one.
 */
final class Shown {
    /** What is shown of a message; a filter's output has all of it. */
    static final int MAX_CHARS = 8 * 1024;

    private static final int MAX_BYTES_PER_CHAR = 3;

    private Shown() {}

    /** {@return the lines of a message; of a long one its first ones, with a note} */
    static List<String> lines(Message message) {
        if (!message.isText()) {
            return List.of(Visible.of(message, MAX_CHARS));
        }
        byte[] bytes = message.bytes();
        int decoded = Math.min(bytes.length, MAX_CHARS * MAX_BYTES_PER_CHAR);
        String text = new String(bytes, 0, decoded, StandardCharsets.UTF_8);
        boolean cut = decoded < bytes.length || text.length() > MAX_CHARS;
        List<String> lines = lines(text.length() > MAX_CHARS ? text.substring(0, MAX_CHARS) : text);
        if (cut) {
            lines.add("... (" + bytes.length + " bytes)");
        }
        return lines;
    }

    /** {@return the lines of a text, escaped, one at least} */
    static List<String> lines(String text) {
        String unified = text.replace("\r\n", "\n");
        String body = unified.endsWith("\n") ? unified.substring(0, unified.length() - 1) : unified;
        List<String> lines = new ArrayList<>();
        for (String line : body.split("\n", -1)) {
            lines.add(Arrays.stream(line.split("\\\\", -1)).map(Visible::of).collect(Collectors.joining("\\")));
        }
        return lines;
    }
}
