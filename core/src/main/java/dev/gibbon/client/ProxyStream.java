// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Whole writes and exact reads over a blocking transport. */
final class ProxyStream {
    private ProxyStream() {}

    static void write(Transport transport, byte[] bytes) throws IOException {
        ByteBuffer[] buffers = {ByteBuffer.wrap(bytes)};
        while (buffers[0].hasRemaining()) {
            if (transport.write(buffers, 0, 1) == 0) {
                throw new IllegalStateException("a tunnel needs a blocking transport");
            }
        }
    }

    /** {@return the next {@code length} bytes, and takes not a byte more} */
    static ByteBuffer read(Transport transport, int length, String what) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (read(transport, bytes) < 0) {
                throw new ProxyException(
                        "proxy ended the stream after " + bytes.position() + " of " + length + " bytes of " + what);
            }
        }
        return bytes.flip();
    }

    /** {@return how many bytes came, at least one, or -1 at the end} */
    static int read(Transport transport, ByteBuffer dst) throws IOException {
        int count = transport.read(dst);
        if (count == 0) {
            throw new IllegalStateException("a tunnel needs a blocking transport");
        }
        return count;
    }
}
