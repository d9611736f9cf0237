// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.http.BodyFraming;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads the first bytes of the body behind a refusal, for a person to see. The status is what counts: whatever is wrong
 * with the body, a stream that breaks included, only ends it. Nothing is inflated.
 */
final class RefusalBody {
    /** Hexadecimal digits of a chunk's size that surely fit an {@code int}. */
    private static final int MAX_SIZE_DIGITS = 7;

    /** Bytes of a chunk's extensions that are skipped at most (RFC 9112 §7.1.1). */
    private static final int MAX_EXTENSION_BYTES = 256;

    private static final int END = -1;

    private final Transport transport;
    private final ByteBuffer in;
    private final int maxBytes;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    private RefusalBody(Transport transport, ByteBuffer in, int maxBytes) {
        this.transport = transport;
        this.in = in;
        this.maxBytes = maxBytes;
    }

    /**
     * {@return at most {@code maxBytes} of the body}
     *
     * @param in bytes that came behind the head; used to read into
     */
    static byte[] read(Transport transport, ByteBuffer in, ResponseHead head, int maxBytes) {
        RefusalBody reader = new RefusalBody(transport, in, maxBytes);
        try {
            reader.read(head);
        } catch (HttpHeadException | IOException _) {
            // What came before is the body.
        }
        return reader.body.toByteArray();
    }

    private void read(ResponseHead head) throws HttpHeadException, IOException {
        if (head.status() == 101 || head.status() == 304) { // RFC 9112 §6.3: these have none
            return;
        }
        boolean toTheEnd = !head.headers().contains("Content-Length")
                && !head.headers().contains("Transfer-Encoding"); // RFC 9112 §6.3, rule 8
        if (toTheEnd) {
            boolean _ = copy(maxBytes);
            return;
        }
        switch (BodyFraming.of(head.version(), head.headers())) {
            case BodyFraming.Length(long length) -> {
                boolean _ = copy(length);
            }
            case BodyFraming.Chunked() -> chunks();
        }
    }

    private void chunks() throws IOException {
        for (int size = chunkSize(); size > 0 && copy(size); size = chunkSize()) {
            if (next() != '\r' || next() != '\n') {
                return;
            }
        }
    }

    /** {@return the size in the line that begins a chunk, 0 for the last one or a malformed line} */
    private int chunkSize() throws IOException {
        int size = 0;
        int digits = 0;
        int b = next();
        for (; HttpSyntax.isHexDigit(b); b = next()) {
            if (++digits > MAX_SIZE_DIGITS) {
                return 0;
            }
            size = size << 4 | Character.digit(b, 16);
        }
        for (int skipped = 0; b != '\r'; b = next()) {
            if (b == END || b == '\n' || ++skipped > MAX_EXTENSION_BYTES) {
                return 0;
            }
        }
        return next() == '\n' ? size : 0;
    }

    /** {@return whether all of {@code length} bytes came and there is room for more} */
    private boolean copy(long length) throws IOException {
        for (long left = length; left > 0; left--) {
            int b = body.size() < maxBytes ? next() : END;
            if (b == END) {
                return false;
            }
            body.write(b);
        }
        return body.size() < maxBytes;
    }

    private int next() throws IOException {
        if (!in.hasRemaining()) {
            in.clear();
            int count = ProxyStream.read(transport, in);
            in.flip();
            if (count < 0) {
                return END;
            }
        }
        return Byte.toUnsignedInt(in.get());
    }
}
