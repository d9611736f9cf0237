// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.Headers;
import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
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
        HttpCall call = HttpCall.toProxy(toProxy, headLimits);
        call.send(request(target.bracketed() + ":" + targetPort));
        // 101 is final: nobody asked for another protocol, so nothing follows it.
        ResponseHead reply = call.readReply();
        if (reply.status() / 100 != 2) {
            throw new ConnectRefusedException(reply, call.readBody(reply, maxBodyBytes));
        }
        return call.leftover();
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
}
