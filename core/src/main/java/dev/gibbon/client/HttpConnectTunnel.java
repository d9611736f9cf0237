// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.Headers;
import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.RequestHead;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.PasswordAuthentication;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * CONNECT of HTTP/1.1 (RFC 9110 §9.3.6).
 *
 * <p>Any 2xx opens the tunnel, and its Content-Length and Transfer-Encoding are
 * ignored, as the section demands: what follows the head is the target's, even where
 * the proxy meant it for a body. The handshake inside the tunnel then fails on it.
 */
final class HttpConnectTunnel implements ProxyTunnel {
    /** Interim replies skipped at most (RFC 9110 §15.2). */
    static final int MAX_INTERIM_REPLIES = 8;

    /** What a head usually fits in. */
    private static final int READ_BYTES = 4 * 1024;

    private final ProxyAddress proxy;
    private final HeadLimits headLimits;
    private final int maxBodyBytes;

    HttpConnectTunnel(ProxyAddress proxy, HeadLimits headLimits, int maxBodyBytes) {
        this.proxy = proxy;
        this.headLimits = headLimits;
        this.maxBodyBytes = maxBodyBytes;
    }

    @Override
    public ByteBuffer open(Transport toProxy, String targetHost, int targetPort) throws IOException {
        TargetHost target = TargetHost.require(targetHost, targetPort);
        ProxyStream.write(toProxy, HeadWriter.bytes(request(target.bracketed() + ":" + targetPort)));
        ByteBuffer in = ByteBuffer.allocate(READ_BYTES).limit(0);
        ResponseHead reply = finalReply(toProxy, in);
        if (reply.status() / 100 != 2) {
            throw new ConnectRefusedException(reply, RefusalBody.read(toProxy, in, reply, maxBodyBytes));
        }
        return ByteBuffer.allocate(in.remaining()).put(in).flip();
    }

    private RequestHead request(String authority) {
        Headers.Builder fields = Headers.builder().add("Host", authority);
        proxy.credentials().ifPresent(credentials -> fields.add("Proxy-Authorization", basic(credentials)));
        return new RequestHead(
                "CONNECT", authority, "HTTP/1.1", fields.addAll(proxy.headers()).build());
    }

    private static String basic(PasswordAuthentication credentials) {
        String pair = credentials.getUserName() + ":" + new String(credentials.getPassword());
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private ResponseHead finalReply(Transport toProxy, ByteBuffer in) throws IOException {
        for (int interim = 0; interim <= MAX_INTERIM_REPLIES; interim++) {
            ResponseHead reply = reply(toProxy, in);
            // 101 is final: nobody asked for another protocol, so nothing follows it.
            if (reply.status() / 100 != 1 || reply.status() == 101) {
                return reply;
            }
        }
        throw new ProxyException("proxy sent more than " + MAX_INTERIM_REPLIES + " interim replies (RFC 9110 §15.2)");
    }

    private ResponseHead reply(Transport toProxy, ByteBuffer in) throws IOException {
        HeadParser<ResponseHead> parser = HeadParser.ofResponse(headLimits);
        try {
            while (!parser.feed(in)) {
                in.clear();
                int count = ProxyStream.read(toProxy, in);
                in.flip();
                if (count < 0) {
                    throw new ProxyException(
                            parser.isUntouched()
                                    ? "proxy ended the stream without a reply to CONNECT"
                                    : "proxy ended the stream within its reply to CONNECT");
                }
            }
        } catch (HttpHeadException e) {
            throw new ProxyException("malformed reply of the proxy: " + e.getMessage(), e);
        }
        return parser.head();
    }
}
