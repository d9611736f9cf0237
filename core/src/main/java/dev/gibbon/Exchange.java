// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.http.CookieField;
import dev.gibbon.server.ServerExchange;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import javax.net.ssl.SSLSession;

/**
 * One HTTP request to a {@link WebSocketServer} and the way to answer it, once: by {@link Upgrader#upgrade} or by
 * {@link #respond}. For the handler's thread.
 */
public sealed interface Exchange permits ServerExchange {
    /** {@return the method as sent, such as {@code GET}} */
    String method();

    /** {@return the request target as sent, query included} */
    String target();

    /** {@return the path as sent: neither decoded nor normalised, so that it is what the route matched} */
    String path();

    /** {@return the query as sent, without the question mark, if there is one} */
    Optional<String> query();

    /**
     * {@return the parameters in the query, decoded; none if there is no query} The bound of a {@linkplain
     * WebSocketServer.Builder#maxHeadBytes request's head} is theirs.
     *
     * @throws RequestException with 400 if a percent sign begins no escape, or the escapes are not UTF-8
     */
    default Parameters queryParameters() throws RequestException {
        return Parameters.parse(query().orElse(""));
    }

    /**
     * {@return what stands at {@code {name}} of the route's pattern,
     * percent-decoded; what {@code *} matched, as sent, under {@code "*"}}
     * A percent sign that begins no escape stands for itself, and what is no UTF-8 becomes U+FFFD.
     *
     * @param name the name in the pattern
     * @throws IllegalArgumentException if the pattern has no such name
     */
    String pathParameter(String name);

    /**
     * {@return the host the client asked for, with the port if it named one; where a {@linkplain
     * WebSocketServer.Builder#trustedProxies trusted} proxy tells it, the one that the client asked that for}
     */
    String host();

    /**
     * {@return the fields of the request}
     *
     * @throws IllegalStateException after an upgrade, which lets go of them so that an open connection does not hold
     *     them; see {@link Upgrader.Builder#keepRequestHeaders}
     */
    Headers headers();

    /**
     * {@return the value of the first cookie of that name, if the client has sent one} Browsers send that of the
     * longest path first; where another host of the same domain may set cookies, look at {@link #cookies} for more.
     *
     * @param name the name, case included
     * @throws IllegalStateException after an upgrade, as for {@link #headers}
     */
    default Optional<String> cookie(String name) {
        return cookies(name).stream().findFirst();
    }

    /**
     * {@return the values of all cookies of that name, in order} Read leniently: what is malformed is passed over, and
     * quotes around a value are left out (RFC 6265 §5.4).
     *
     * @param name the name, case included
     * @throws IllegalStateException after an upgrade, as for {@link #headers}
     */
    default List<String> cookies(String name) {
        return CookieField.find(headers().all("Cookie"), name);
    }

    /**
     * Has the answer set a cookie, whatever it is: a response, or the 101 of an upgrade; no refusal of an opening
     * handshake does, since that may go to a page of another origin. It replaces one that was to be set with the same
     * name, path and domain. Where the request came over TLS, so is the cookie to be sent: see {@link
     * SetCookie.Builder#secure}.
     *
     * @param cookie what to set
     * @throws IllegalStateException if the request was answered before
     */
    void setCookie(SetCookie cookie);

    /**
     * {@return the whole body of the request; empty if there is none} Blocks until it has come; until it is asked for
     * none of it is read, and a client that waits for 100 (Continue) gets that then. The same array each time. A
     * request whose body was not read is the last of its connection.
     *
     * @param maxBytes what it may have at most, 0 or more; so much memory a client can have this request take
     * @throws RequestException if it is longer (413), malformed (400, or 431 if it has too much beside its content),
     *     slower than the {@linkplain WebSocketServer.Builder#bodyTimeout body timeout} (408), or the client expects
     *     what there is not (417); the connection ends with the answer
     * @throws IOException if the client is gone, or the thread is interrupted; then it may be called again
     * @throws IllegalStateException if the request was answered before, and the body not read by then
     */
    byte[] body(int maxBytes) throws IOException;

    /**
     * {@return the fields of a form that is the body of the request} Blocks as {@link #body} does.
     *
     * @param maxBytes what the body may have at most, 0 or more
     * @throws RequestException as for {@link #body}; if its Content-Type is not {@code
     *     application/x-www-form-urlencoded} (415); if it is malformed (400)
     * @throws IOException if the client is gone, or the thread is interrupted
     */
    default Parameters form(int maxBytes) throws IOException {
        Parameters.requireForm(headers());
        return Parameters.ofForm(body(maxBytes));
    }

    /** {@return whether the client asks for a WebSocket (RFC 6455 §4.1)} */
    boolean isWebSocketUpgrade();

    /**
     * {@return whether the client used TLS: to this server, or to a proxy that is {@linkplain
     * WebSocketServer.Builder#trustedProxies trusted} and says so}
     */
    boolean isSecure();

    /**
     * {@return the client's address; that of a proxy if there is one which is not {@linkplain
     * WebSocketServer.Builder#trustedProxies trusted}}
     * The port is 0 where a proxy does not tell it.
     */
    Optional<SocketAddress> peerAddress();

    /** {@return our address} */
    Optional<SocketAddress> localAddress();

    /** {@return the TLS session, if this server speaks TLS} */
    Optional<SSLSession> tlsSession();

    /**
     * {@return whatever the application wants to keep with this request; empty at first} After an upgrade these are the
     * {@linkplain Connection#attributes() connection's}.
     */
    ConcurrentMap<String, Object> attributes();

    /**
     * Sends a whole response. Blocks until the transport has it. Length and connection management are added.
     *
     * @param status 200 to 599
     * @param headers more fields
     * @param body the body, left out for HEAD
     * @throws IOException if the client is gone
     * @throws IllegalStateException if the request was answered before
     * @throws IllegalArgumentException if {@code headers} has a field that delimits the message
     */
    void respond(int status, Headers headers, byte[] body) throws IOException;

    /**
     * Sends a whole response with a text body in UTF-8; see {@link #respond(int, Headers, byte[])}.
     *
     * @param status 200 to 599
     * @param contentType such as {@code text/html}; the charset is added
     * @param body the text
     * @throws IOException if the client is gone
     */
    void respond(int status, String contentType, String body) throws IOException;

    /**
     * Sends a resource of the class path or module, or 404 if there is none. The package need not be open to anybody.
     *
     * @param anchor the class whose loader and package the name is relative to
     * @param name the resource, as for {@link Class#getResourceAsStream}
     * @param contentType its media type
     * @throws IOException if the client is gone or the resource cannot be read
     */
    void respondResource(Class<?> anchor, String name, String contentType) throws IOException;
}
