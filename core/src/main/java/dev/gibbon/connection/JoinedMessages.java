// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Connection;
import dev.gibbon.MessageReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** All messages of a connection as one stream, with a terminator behind each. Reader thread only. */
public final class JoinedMessages extends InputStream {
    private final Connection connection;
    private final byte[] terminator;

    private @Nullable MessageReader message;

    /** What is left of the terminator of the message that ended. */
    private ByteBuffer pending = ByteBuffer.allocate(0);

    JoinedMessages(Connection connection, byte[] terminator) {
        this.connection = connection;
        this.terminator = terminator;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] dst, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (true) {
            if (pending.hasRemaining()) {
                int n = Math.min(length, pending.remaining());
                pending.get(dst, offset, n);
                return n;
            }
            MessageReader reader = message;
            if (reader == null) {
                reader = connection.nextReader();
                if (reader == null) {
                    return -1;
                }
                message = reader;
            }
            int n = reader.read(ByteBuffer.wrap(dst, offset, length));
            if (n > 0) {
                return n;
            }
            message = null;
            pending = ByteBuffer.wrap(terminator);
        }
    }
}
