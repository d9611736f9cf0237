// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.HandshakeException;
import dev.gibbon.handshake.ClientHandshake;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.RequestHead;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One request over a transport, and the reply to it: of a server, or of a proxy before it. Dialling thread only; what
 * bounds the time is that the transport is closed.
 */
public final class HttpCall {
    /** Who is called: failures name it. */
    private enum Callee {
        SERVER,
        PROXY;

        IOException left(boolean untouched) {
            String how = untouched ? "without a reply" : "within its reply";
            return switch (this) {
                case SERVER -> failure("the server closed the connection " + how, null);
                case PROXY -> failure("proxy ended the stream " + how + " to CONNECT", null);
            };
        }

        IOException malformed(HttpHeadException e) {
            return failure("malformed reply" + (this == PROXY ? " of the proxy: " : ": ") + e.getMessage(), e);
        }

        IOException speaksTls(HttpHeadException e) {
            return new SSLException(
                    this == PROXY
                            ? "the proxy speaks TLS on this port; try https://"
                            : "the server speaks TLS on this port; try wss://",
                    e);
        }

        IOException neverAnswers() {
            String what = "more than " + ClientHandshake.MAX_INTERIM_REPLIES + " interim replies (RFC 9110 §15.2)";
            return failure(this == PROXY ? "proxy sent " + what : what, null);
        }

        private IOException failure(String message, @Nullable Throwable cause) {
            return this == PROXY ? new ProxyException(message, cause) : new HandshakeException(0, message, cause);
        }
    }

    /** A reply and a few frames behind it; more takes more reads. */
    private static final int BUFFER_BYTES = 4 * 1024;

    /** The content type of an alert, with which a server of TLS answers plain HTTP (RFC 8446 §5.1). */
    private static final byte TLS_ALERT = 21;

    private final Callee callee;
    private final Transport transport;
    private final HeadLimits limits;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES).flip();

    private HttpCall(Callee callee, Transport transport, HeadLimits limits) {
        this.callee = callee;
        this.transport = transport;
        this.limits = limits;
    }

    /** {@return a call over {@code transport}, on which nothing was read so far; it fails with HandshakeExceptions} */
    public static HttpCall toServer(Transport transport, HeadLimits limits) {
        return new HttpCall(Callee.SERVER, transport, limits);
    }

    /** {@return a call over {@code transport}, on which nothing was read so far; it fails with ProxyExceptions} */
    static HttpCall toProxy(Transport transport, HeadLimits limits) {
        return new HttpCall(Callee.PROXY, transport, limits);
    }

    /** Sends a request without a body, in one write if the transport takes it. */
    public void send(RequestHead head) throws IOException {
        ByteBuffer[] bytes = {ByteBuffer.wrap(HeadWriter.bytes(head))};
        while (bytes[0].hasRemaining()) {
            if (transport.write(bytes, 0, 1) == 0) {
                throw new IOException("a blocking transport took no byte");
            }
        }
    }

    /**
     * {@return the head of the final reply}
     *
     * @throws IOException if it is no head, passes a limit, is cut off, or comes behind too many interim ones; an
     *     SSLException if TLS is spoken on the other side, and not on this
     */
    public ResponseHead readReply() throws IOException {
        for (int interim = 0; interim <= ClientHandshake.MAX_INTERIM_REPLIES; interim++) {
            ResponseHead head = readHead();
            if (!ClientHandshake.isInterim(head.status())) {
                return head;
            }
        }
        throw callee.neverAnswers();
    }

    private ResponseHead readHead() throws IOException {
        HeadParser<ResponseHead> parser = HeadParser.ofResponse(limits);
        try {
            while (!parser.feed(in)) {
                if (!fill()) {
                    throw callee.left(parser.isUntouched());
                }
            }
            return parser.head();
        } catch (HttpHeadException e) {
            throw isTls() ? callee.speaksTls(e) : callee.malformed(e);
        }
    }

    /** {@return whether what came begins as an alert of TLS does (RFC 8446 §6), which no reply of HTTP does} */
    private boolean isTls() {
        return in.limit() > 0 && in.get(0) == TLS_ALERT;
    }

    /**
     * {@return the first bytes of the body of a reply, {@code maxBytes}
     * at most, or as many as came before the stream broke}
     */
    public byte[] readBody(ResponseHead head, int maxBytes) {
        BodyReader body = new BodyReader(head, maxBytes);
        try {
            boolean more = true;
            while (body.feed(in) && more) {
                more = fill();
            }
        } catch (IOException _) {
            // The status is what the caller needs to know; of the body this is all there is.
        }
        return body.bytes();
    }

    /** {@return false at the end of the stream} The buffer is used up before. */
    private boolean fill() throws IOException {
        in.clear();
        int count = -1;
        try {
            count = transport.read(in);
        } finally {
            in.flip();
        }
        return count >= 0;
    }

    /** {@return what came behind the reply; valid until this call is let go} */
    public ByteBuffer leftover() {
        return in;
    }
}
