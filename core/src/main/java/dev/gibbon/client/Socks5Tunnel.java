// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.ProxyAddress;
import dev.gibbon.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.PasswordAuthentication;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/**
 * CONNECT of SOCKS version 5 (RFC 1928), without authentication or with user name and password (RFC 1929). Replies have
 * a known length and are read to the byte, so nothing of the target is ever read here.
 *
 * <pre>
 *   client                                      proxy
 *   05 nmethods methods                    -&gt;
 *                                          &lt;-  05 method                            §3
 *   01 ulen user plen password             -&gt;                                       RFC 1929 §2,
 *                                          &lt;-  01 status                            if method is 02
 *   05 01 00 atyp address port             -&gt;                                       §4
 *                                          &lt;-  05 reply 00 atyp address port        §6
 * </pre>
 */
final class Socks5Tunnel implements ProxyTunnel {
    private static final int VERSION = 5;
    private static final int RESERVED = 0;
    private static final int SUCCEEDED = 0;

    private static final int METHOD_NONE = 0x00;
    private static final int METHOD_USER_PASSWORD = 0x02;
    private static final int METHOD_NOT_ACCEPTABLE = 0xFF;

    private static final int SUBNEGOTIATION_VERSION = 1;

    private static final int COMMAND_CONNECT = 1;
    private static final int TYPE_IPV4 = 1;
    private static final int TYPE_NAME = 3;
    private static final int TYPE_IPV6 = 4;
    private static final int PORT_BYTES = 2;

    private final ProxyAddress proxy;
    private final Optional<Resolver> resolver;

    /** The proxy looks up names. */
    Socks5Tunnel(ProxyAddress proxy) {
        this(proxy, Optional.empty());
    }

    /** Names are looked up by {@code resolver}. */
    Socks5Tunnel(ProxyAddress proxy, Resolver resolver) {
        this(proxy, Optional.of(resolver));
    }

    private Socks5Tunnel(ProxyAddress proxy, Optional<Resolver> resolver) {
        this.proxy = proxy;
        this.resolver = resolver;
    }

    @Override
    public ByteBuffer open(Transport toProxy, String targetHost, int targetPort) throws IOException {
        TargetHost target = TargetHost.require(targetHost, targetPort);
        Optional<InetAddress> address = target.address();
        if (address.isEmpty() && resolver.isPresent()) {
            address = Optional.of(resolver.get().resolve(target.text()));
        }
        byte[] request = request(target.text(), address, targetPort);
        authenticate(toProxy);
        ProxyStream.write(toProxy, request);
        reply(toProxy);
        return ByteBuffer.allocate(0);
    }

    private void authenticate(Transport toProxy) throws IOException {
        Optional<PasswordAuthentication> credentials = proxy.credentials();
        ProxyStream.write(
                toProxy,
                credentials.isPresent()
                        ? new byte[] {VERSION, 2, METHOD_NONE, METHOD_USER_PASSWORD}
                        : new byte[] {VERSION, 1, METHOD_NONE});
        ByteBuffer choice = ProxyStream.read(toProxy, 2, "SOCKS5 method selection (RFC 1928 §3)");
        expect(VERSION, next(choice), "version in the method selection (RFC 1928 §3)");
        int method = next(choice);
        if (method == METHOD_NOT_ACCEPTABLE) {
            throw new ProxyException(
                    credentials.isPresent()
                            ? "SOCKS5 proxy accepts neither no authentication nor user name and password (RFC 1928 §3)"
                            : "SOCKS5 proxy wants authentication and there are no credentials (RFC 1928 §3)");
        }
        if (method == METHOD_USER_PASSWORD && credentials.isPresent()) {
            authenticate(toProxy, credentials.get());
        } else {
            expect(METHOD_NONE, method, "method that was not offered (RFC 1928 §3)");
        }
    }

    private static void authenticate(Transport toProxy, PasswordAuthentication credentials) throws IOException {
        byte[] user = credentials.getUserName().getBytes(StandardCharsets.UTF_8);
        byte[] password = new String(credentials.getPassword()).getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.write(SUBNEGOTIATION_VERSION);
        request.write(user.length);
        request.writeBytes(user);
        request.write(password.length);
        request.writeBytes(password);
        ProxyStream.write(toProxy, request.toByteArray());
        ByteBuffer answer = ProxyStream.read(toProxy, 2, "SOCKS5 authentication status (RFC 1929 §2)");
        expect(SUBNEGOTIATION_VERSION, next(answer), "version in the authentication status (RFC 1929 §2)");
        if (next(answer) != SUCCEEDED) {
            throw new ProxyException("SOCKS5 proxy refused user name and password (RFC 1929 §2)");
        }
    }

    private static byte[] request(String name, Optional<InetAddress> address, int port) {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.write(VERSION);
        request.write(COMMAND_CONNECT);
        request.write(RESERVED);
        if (address.isPresent()) {
            request.write(address.get() instanceof Inet4Address ? TYPE_IPV4 : TYPE_IPV6);
            request.writeBytes(address.get().getAddress());
        } else {
            byte[] ascii = name.getBytes(StandardCharsets.US_ASCII); // at most 255, as every host name
            request.write(TYPE_NAME);
            request.write(ascii.length);
            request.writeBytes(ascii);
        }
        request.write(port >> Byte.SIZE);
        request.write(port);
        return request.toByteArray();
    }

    private static void reply(Transport toProxy) throws IOException {
        // In two steps: a proxy that refuses need not send more than the code before it leaves.
        ByteBuffer code = ProxyStream.read(toProxy, 2, "SOCKS5 reply (RFC 1928 §6)");
        expect(VERSION, next(code), "version in the reply (RFC 1928 §6)");
        int reply = next(code);
        if (reply != SUCCEEDED) {
            throw new ProxyException("SOCKS5 proxy refused: " + meaning(reply) + " (RFC 1928 §6)");
        }
        ByteBuffer bound = ProxyStream.read(toProxy, 2, "SOCKS5 reply (RFC 1928 §6)");
        expect(RESERVED, next(bound), "reserved byte in the reply (RFC 1928 §6)");
        int type = next(bound);
        int addressBytes = switch (type) {
            case TYPE_IPV4 -> 4;
            case TYPE_IPV6 -> 16;
            case TYPE_NAME -> next(ProxyStream.read(toProxy, 1, "SOCKS5 bound name (RFC 1928 §6)"));
            default -> throw new ProxyException("SOCKS5 proxy sent 0x" + hex(type) + " as address type (RFC 1928 §5)");
        };
        // Where the proxy connects from: of no use to us, but it must be taken off the stream.
        ByteBuffer _ = ProxyStream.read(toProxy, addressBytes + PORT_BYTES, "SOCKS5 bound address (RFC 1928 §6)");
    }

    private static String meaning(int reply) {
        return switch (reply) {
            case 0x01 -> "general failure";
            case 0x02 -> "connection not allowed by its rules";
            case 0x03 -> "network unreachable";
            case 0x04 -> "host unreachable";
            case 0x05 -> "connection refused by the target";
            case 0x06 -> "time to live expired";
            case 0x07 -> "CONNECT not supported";
            case 0x08 -> "address type not supported";
            default -> "unassigned reply 0x" + hex(reply);
        };
    }

    private static void expect(int expected, int actual, String what) throws ProxyException {
        if (actual != expected) {
            throw new ProxyException(
                    "SOCKS5 proxy sent 0x" + hex(actual) + ", not 0x" + hex(expected) + ", as " + what);
        }
    }

    private static int next(ByteBuffer bytes) {
        return Byte.toUnsignedInt(bytes.get());
    }

    private static String hex(int b) {
        return HexFormat.of().toHexDigits((byte) b);
    }
}
