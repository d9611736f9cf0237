// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import dev.gibbon.MessageReader;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** The bytes of a message for Jackson. It remembers what the connection threw, which Jackson wraps. Reader's thread. */
final class MessageInput extends InputStream {
    private final InputStream message;
    private @Nullable IOException failure;

    MessageInput(MessageReader message) {
        this.message = message.inputStream();
    }

    /** {@return what a read of the message threw, or null} */
    @Nullable
    IOException failure() {
        return failure;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] dst, int offset, int length) throws IOException {
        try {
            return message.read(dst, offset, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }
}
