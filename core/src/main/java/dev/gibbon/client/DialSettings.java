// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.AuthenticationHandler;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.Headers;
import dev.gibbon.ProxyPolicy;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.deflate.DeflateNegotiation;
import dev.gibbon.handshake.AcceptKey;
import dev.gibbon.handshake.ClientHandshake;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.loop.LoopEngine;
import java.net.UnixDomainSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a {@link Dialer} was set up with, checked, and what all its dials share. Immutable. */
public final class DialSettings {
    private static final List<String> SECRETS = List.of("Authorization", "Cookie", "Proxy-Authorization");

    private final LoopEngine engine;
    private final SecureRandom random = new SecureRandom();
    private final Route route;
    private final ProxyPolicy proxies;
    private final Duration handshakeTimeout;
    private final List<String> subprotocols;
    private final boolean requireSubprotocol;
    private final Headers headers;
    private final List<String> secretHeaders;
    private final ConnectionOptions options;
    private final @Nullable Cookies cookies;
    private final int maxRedirects;
    private final @Nullable AuthenticationHandler authentication;
    private final boolean boundToOneServer;
    private final HeadLimits headLimits;
    private final int maxBodyBytes;
    private final @Nullable DeflateNegotiation deflate;

    public DialSettings(DialDraft from) {
        if (from.connector != null && from.unixSocket != null) {
            throw new IllegalArgumentException("both a connector and a Unix socket");
        }
        if (from.proxies != null && from.unixSocket != null) {
            throw new IllegalArgumentException("both a proxy and a Unix socket");
        }
        deflate = from.deflate == null ? null : new DeflateNegotiation(from.deflate);
        engine = new LoopEngine(from.time, new SecureMaskingKeys(), from.loops, false, from.observers);
        Tls tls = new Tls(
                Optional.ofNullable(from.tls),
                Optional.ofNullable(from.tlsParameters),
                Optional.ofNullable(from.tlsServerName),
                from.insecureHostCheck,
                engine.buffers());
        headLimits = HeadLimits.of(from.maxHeadBytes, from.maxHeaderCount);
        maxBodyBytes = from.maxBodyBytes;
        route = new Route(network(from), from.resolver, tls, headLimits, maxBodyBytes);
        proxies = from.proxies == null ? ProxyPolicy.direct() : from.proxies;
        handshakeTimeout = from.handshakeTimeout;
        subprotocols = from.subprotocols;
        requireSubprotocol = from.requireSubprotocol;
        headers = from.headers;
        secretHeaders =
                Stream.concat(SECRETS.stream(), from.secretHeaders.stream()).toList();
        options = from.options;
        cookies = from.cookies == null ? null : new Cookies(from.cookies);
        maxRedirects = from.maxRedirects;
        authentication = from.authentication;
        boundToOneServer = from.unixSocket != null;
        Headers _ = newHandshake().requestFields("localhost", headers); // What is reserved is refused here and now.
    }

    private static Network network(DialDraft from) {
        SocketConnector sockets = new SocketConnector(Optional.ofNullable(from.localAddress));
        if (from.connector != null) {
            return Network.through(from.time, from.connector);
        }
        if (from.unixSocket != null) {
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(from.unixSocket);
            return Network.through(from.time, (_, _) -> sockets.connect(address));
        }
        return Network.of(from.time, from.resolver, sockets);
    }

    /** {@return a handshake with a key of its own (§4.1 step 7)} */
    ClientHandshake newHandshake() {
        byte[] nonce = new byte[AcceptKey.NONCE_BYTES];
        random.nextBytes(nonce);
        return new ClientHandshake(
                nonce, subprotocols, requireSubprotocol, deflate == null ? List.of() : deflate.offers());
    }

    /** {@return {@code fields} with one field added in place of all of its name} */
    public static Headers with(Headers fields, String name, String value) {
        return Headers.builder().addAll(fields).set(name, value).build();
    }

    /** {@return what of {@code fields} may be sent to another origin} A Host was chosen for the first one. */
    Headers withoutSecrets(Headers fields) {
        Headers.Builder kept = Headers.builder();
        for (Headers.Field field : fields) {
            if (!field.is("Host") && secretHeaders.stream().noneMatch(field::is)) {
                kept.add(field.name(), field.value());
            }
        }
        return kept.build();
    }

    /** {@return the dialer's fields, with {@code extra} in place of those of the same name} */
    public Headers request(Headers extra) {
        Headers.Builder merged = Headers.builder();
        for (Headers.Field field : headers) {
            if (!extra.contains(field.name())) {
                merged.add(field.name(), field.value());
            }
        }
        return merged.addAll(extra).build();
    }

    Route route() {
        return route;
    }

    ProxyPolicy proxies() {
        return proxies;
    }

    public LoopEngine engine() {
        return engine;
    }

    @Nullable
    DeflateNegotiation deflate() {
        return deflate;
    }

    Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    public ConnectionOptions options() {
        return options;
    }

    @Nullable
    Cookies cookies() {
        return cookies;
    }

    int maxRedirects() {
        return maxRedirects;
    }

    @Nullable
    AuthenticationHandler authentication() {
        return authentication;
    }

    /** {@return whether all requests reach the same server, whatever their URI} */
    boolean boundToOneServer() {
        return boundToOneServer;
    }

    HeadLimits headLimits() {
        return headLimits;
    }

    int maxBodyBytes() {
        return maxBodyBytes;
    }
}
