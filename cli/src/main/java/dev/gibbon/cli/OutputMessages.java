// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Where received messages go when there is no prompt. For one thread. */
final class OutputMessages {
    /** How messages are written. */
    enum Form {
        /** As lines that a terminal may see. */
        VISIBLE,
        /** Each as one line: line feeds and carriage returns in it are {@code \n} and {@code \r}. */
        LINES,
        /** Each as it is, with a line feed behind it. */
        RAW_LINES,
        /** The bytes alone. */
        BYTES
    }

    private final OutputStream out;
    private final Form form;

    OutputMessages(OutputStream out, Form form) {
        this.out = out;
        this.form = form;
    }

    /** {@return whether the message can be written in this form} A binary one is no line, but for a terminal's eyes. */
    boolean takes(Message message) {
        return message.isText() || form == Form.BYTES || form == Form.VISIBLE;
    }

    /** Writes a message, in one piece where the stream does not buffer. */
    void write(Message message) throws IOException {
        out.write(
                switch (form) {
                    case VISIBLE -> (String.join("\n", Shown.lines(message)) + "\n").getBytes(StandardCharsets.UTF_8);
                    case LINES -> line(message.bytes(), true);
                    case RAW_LINES -> line(message.bytes(), false);
                    case BYTES -> message.bytes();
                });
        out.flush();
    }

    private static byte[] line(byte[] text, boolean escape) {
        ByteArrayOutputStream line = new ByteArrayOutputStream(text.length + 1);
        for (byte b : text) {
            if (escape && (b == '\n' || b == '\r')) {
                line.write('\\');
                line.write(b == '\n' ? 'n' : 'r');
            } else {
                line.write(b);
            }
        }
        line.write('\n');
        return line.toByteArray();
    }
}
