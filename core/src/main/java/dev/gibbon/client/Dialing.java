// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.AuthenticationChallenge;
import dev.gibbon.AuthenticationHandler;
import dev.gibbon.Connection;
import dev.gibbon.DialResult;
import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException.Stage;
import dev.gibbon.Headers;
import dev.gibbon.ProxyAddress;
import dev.gibbon.Role;
import dev.gibbon.connection.ApplicationFaults;
import dev.gibbon.connection.Compression;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.deflate.DeflateNegotiation;
import dev.gibbon.handshake.Agreement;
import dev.gibbon.handshake.ClientHandshake;
import dev.gibbon.http.RequestHead;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One dial: requests, each on a connection of its own, until one
 * is answered with 101 or the last refusal stands. One thread.
 */
public final class Dialing {
    private static final int UNAUTHORIZED = 401;
    private static final String AUTHORIZATION = "Authorization";

    private final DialSettings settings;
    private final Deadline deadline;
    private Target target;
    private Headers extra;
    private int redirects;
    private boolean leftOrigin;
    private boolean authenticated;

    /** What a proxy became that asked for credentials and got some. */
    private final Map<ProxyAddress, ProxyAddress> authenticatedProxies = new HashMap<>();

    public Dialing(DialSettings settings, Target target, Headers extra) {
        this.settings = settings;
        this.target = target;
        this.extra = extra;
        deadline = new Deadline(settings.engine().time(), settings.handshakeTimeout());
    }

    public DialResult run() throws IOException {
        try {
            while (true) {
                DialResult result = request();
                if (result != null) {
                    return result;
                }
                deadline.closeOpen();
            }
        } catch (IOException e) {
            throw deadline.explain(e);
        } finally {
            deadline.close();
        }
    }

    /** {@return the open connection; null if another request is to be made} */
    private @Nullable DialResult request() throws IOException {
        ClientHandshake handshake = settings.newHandshake();
        RequestHead head = new RequestHead(
                "GET", target.requestTarget(), "HTTP/1.1", handshake.requestFields(target.hostField(), withCookies()));
        Transport transport = connect();
        deadline.stage(Stage.REQUEST);
        HttpCall call = HttpCall.toServer(transport, settings.headLimits());
        call.send(head);
        deadline.stage(Stage.REPLY);
        ResponseHead reply = call.readReply();
        if (settings.cookies() != null) {
            settings.cookies().store(target, reply.headers());
        }
        if (followsRedirect(reply) || authenticates(reply)) {
            return null;
        }
        Agreement agreement = check(handshake, call, reply);
        Compression compression = compression(agreement, reply);
        deadline.finish();
        Connection connection = settings.engine()
                .open(
                        transport,
                        Role.CLIENT,
                        settings.options(),
                        agreement.subprotocol(),
                        compression,
                        call.leftover(),
                        RequestContext.hosted(target.path()));
        return new DialResult(connection, reply.headers(), target.uri());
    }

    private Transport connect() throws IOException {
        Optional<ProxyAddress> proxy = settings.proxies().proxyFor(target.wsUri());
        while (true) {
            Optional<ProxyAddress> known = proxy.map(address -> authenticatedProxies.getOrDefault(address, address));
            try {
                return settings.route().open(target, known, deadline);
            } catch (ConnectRefusedException e) {
                if (!authenticates(e, proxy.orElseThrow())) {
                    String message = String.valueOf(e.getMessage());
                    throw new HandshakeException(e.status(), message, e.headers(), e.body(), e);
                }
                deadline.closeOpen();
            }
        }
    }

    /** Asks for credentials for a proxy, once. */
    private boolean authenticates(ConnectRefusedException refusal, ProxyAddress proxy) throws IOException {
        if (refusal.status() != ConnectRefusedException.PROXY_AUTHENTICATION_REQUIRED
                || !authenticatedProxies.isEmpty()
                || settings.authentication() == null) {
            return false;
        }
        Optional<String> credentials = credentials(
                settings.authentication(),
                new AuthenticationChallenge(
                        refusal.status(),
                        URI.create(proxy.toString()),
                        refusal.headers().all("Proxy-Authenticate")));
        if (credentials.isEmpty()) {
            return false;
        }
        // Made anew, since those credentials that were refused go.
        ProxyAddress told = ProxyAddress.of(proxy.protocol(), proxy.host(), proxy.port())
                .withHeaders(DialSettings.with(proxy.headers(), "Proxy-Authorization", credentials.get()));
        authenticatedProxies.put(proxy, told);
        return true;
    }

    /** Asks the application; what it throws unasked is logged before the dial fails with it. */
    private Optional<String> credentials(AuthenticationHandler handler, AuthenticationChallenge challenge)
            throws IOException {
        try {
            return handler.credentials(challenge);
        } catch (RuntimeException | Error e) {
            String on = "a dial to " + challenge.uri().getHost() + " that got status " + challenge.status();
            settings.engine().applicationThrew("credentials of " + ApplicationFaults.nameOf(handler), on, e);
            throw e;
        }
    }

    /** A Cookie of the caller's takes the place of the handler's. */
    private Headers withCookies() throws IOException {
        if (settings.cookies() == null || extra.contains("Cookie")) {
            return extra;
        }
        Optional<String> cookie = settings.cookies().of(target);
        return cookie.isEmpty() ? extra : DialSettings.with(extra, "Cookie", cookie.get());
    }

    private Agreement check(ClientHandshake handshake, HttpCall call, ResponseHead reply) throws HandshakeException {
        try {
            return handshake.check(reply.version(), reply.status(), reply.headers());
        } catch (HandshakeException e) {
            byte[] body = call.readBody(reply, settings.maxBodyBytes());
            throw new HandshakeException(e.status(), String.valueOf(e.getMessage()), reply.headers(), body, null);
        }
    }

    /** {@return what was agreed on about compression; null if nothing was} */
    private @Nullable Compression compression(Agreement agreement, ResponseHead reply) throws HandshakeException {
        DeflateNegotiation deflate = settings.deflate();
        if (deflate == null) {
            return null;
        }
        try {
            return Compression.agreed(deflate, agreement.extensions());
        } catch (HandshakeException e) {
            throw refused(reply, String.valueOf(e.getMessage()));
        }
    }

    /** Goes where a redirect leads, if it may; what was meant for this origin alone does not come along. */
    private boolean followsRedirect(ResponseHead reply) throws HandshakeException {
        if (settings.maxRedirects() == 0 || !isRedirect(reply.status())) {
            return false;
        }
        if (redirects == settings.maxRedirects()) {
            throw refused(reply, "more than " + settings.maxRedirects() + " redirects");
        }
        redirects++;
        Target next;
        try {
            List<String> locations = reply.headers().all("Location");
            next = target.redirected(locations.size() == 1 ? locations.getFirst() : null);
        } catch (IllegalArgumentException e) {
            throw refused(reply, String.valueOf(e.getMessage()));
        }
        if (!next.sameOrigin(target)) {
            if (settings.boundToOneServer()) {
                throw refused(reply, "a redirect to another origin, but the Unix socket leads to one server");
            }
            leftOrigin = true;
            extra = settings.withoutSecrets(extra);
        }
        target = next;
        return true;
    }

    private static boolean isRedirect(int status) {
        return switch (status) {
            case 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
    }

    /** Asks for credentials, once, and never on behalf of an origin that the caller did not name. */
    private boolean authenticates(ResponseHead reply) throws IOException {
        if (reply.status() != UNAUTHORIZED || authenticated || leftOrigin || settings.authentication() == null) {
            return false;
        }
        authenticated = true;
        Optional<String> credentials = credentials(
                settings.authentication(),
                new AuthenticationChallenge(
                        UNAUTHORIZED, target.uri(), reply.headers().all("WWW-Authenticate")));
        credentials.ifPresent(value -> extra = DialSettings.with(extra, AUTHORIZATION, value));
        return credentials.isPresent();
    }

    private static HandshakeException refused(ResponseHead reply, String message) {
        return new HandshakeException(reply.status(), message, reply.headers(), new byte[0], null);
    }
}
