// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.client.DialDraft;
import dev.gibbon.client.DialSettings;
import dev.gibbon.client.Dialing;
import dev.gibbon.client.Resolver;
import dev.gibbon.client.Target;
import dev.gibbon.connection.LoopGuard;
import dev.gibbon.handshake.ServerPolicy;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.support.Arguments;
import dev.gibbon.transport.TlsEngines;
import java.io.IOException;
import java.net.CookieHandler;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * Opens WebSocket connections: the client's side of the opening handshake (RFC 6455 §4.1). Immutable; make one and
 * share it among all threads, since its connections share buffers and a timer.
 *
 * {@snippet :
 * try (Connection ws = Dialer.create().dial(URI.create("wss://example.org/feed"))) {
 *     ws.writeText("hello");
 *     System.out.println(ws.readMessage().text());
 *     ws.close(CloseCode.NORMAL, "bye");
 * }
 * }
 *
 * <p>A dial blocks its thread until the connection is open or has failed. One deadline
 * covers all of it. Interrupting the thread ends it as well: with an
 * {@link java.io.InterruptedIOException}, the interrupt flag kept, and nothing left open.
 */
public final class Dialer {
    private final DialSettings settings;

    private Dialer(DialDraft from) {
        settings = new DialSettings(from);
    }

    /** {@return a dialer with every default} */
    public static Dialer create() {
        return builder().build();
    }

    /** {@return a builder that starts from every default} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Opens a connection; see {@link #dial(URI, Headers)}.
     *
     * @param uri a URI of the scheme {@code ws} or {@code wss}
     * @return the open connection
     * @throws IOException if none came about
     */
    public Connection dial(URI uri) throws IOException {
        return dial(uri, Headers.of());
    }

    /**
     * Opens a connection; see {@link #dialForResult(URI, Headers)}.
     *
     * @param uri a URI of the scheme {@code ws} or {@code wss}
     * @param extra fields to add to the request
     * @return the open connection
     * @throws IOException if none came about
     */
    public Connection dial(URI uri, Headers extra) throws IOException {
        return dialForResult(uri, extra).connection();
    }

    /**
     * Opens a connection and tells how that went. Blocks until it
     * is open or has failed, at most for the handshake timeout.
     *
     * <p>The URI has a host, perhaps a port, a path and a query, which are sent as they are; no user information and no
     * fragment (§3). A name that is not ASCII is sent in its ASCII form (IDNA).
     *
     * @param uri a URI of the scheme {@code ws} or {@code wss}
     * @param extra fields to add to the request; they take the place of the dialer's own of the same name. A Host among
     *     them is sent instead of the URI's
     * @return the open connection and the reply's headers
     * @throws IllegalArgumentException if the URI or a field is not acceptable; nothing was sent
     * @throws IllegalStateException if this is an event loop's thread, which must not wait
     * @throws HandshakeException if the server refused, or its reply breaks a rule (§4.1); has status, headers and body
     * @throws HandshakeTimeoutException if the time was up; tells at which stage
     * @throws java.io.InterruptedIOException if the thread was interrupted, whose flag stays set
     * @throws javax.net.ssl.SSLException if the server could not
     *     prove who it is; there is never a second try without TLS
     * @throws IOException if the host was not found or not reached, or its proxy opened no tunnel
     */
    public DialResult dialForResult(URI uri, Headers extra) throws IOException {
        LoopGuard.mayWait("dial", "dial on a thread of your own, which may give the connection to a listener");
        return new Dialing(settings, Target.of(uri), settings.request(extra)).run();
    }

    LoopEngine engine() {
        return settings.engine();
    }

    /** {@return where time comes from for the dialer and its connections} */
    public TimeSource timeSource() {
        return settings.engine().time();
    }

    /** {@return how its connections behave} */
    public ConnectionOptions options() {
        return settings.options();
    }

    /**
     * Collects the settings of a {@link Dialer}. A setter throws {@link IllegalArgumentException} for what is out
     * of its range, and {@link NullPointerException} for null. Not safe for use by several threads.
     */
    public static final class Builder {
        private static final String ORIGIN = "Origin";

        private final DialDraft draft = new DialDraft();

        private Builder() {}

        /**
         * Bounds a dial from the name look-up to the server's reply, redirects and a second try with credentials
         * included. 45 s unless set: a phone that has just woken up may need most of it, and a person waits no longer.
         *
         * @param timeout how long; positive
         * @return this
         */
        public Builder handshakeTimeout(Duration timeout) {
            draft.handshakeTimeout = Arguments.positive("handshakeTimeout", timeout);
            return this;
        }

        /**
         * Names the subprotocols that this client speaks (§1.9), most preferred
         * first; none unless set. A server that chooses another is refused.
         *
         * @param names tokens, compared with case
         * @return this
         * @throws IllegalArgumentException if one is no token or named twice
         */
        public Builder subprotocols(String... names) {
            draft.subprotocols = ServerPolicy.checkedSubprotocols(Arguments.list("names", names));
            return this;
        }

        /**
         * Refuses servers that choose none of our subprotocols. They are accepted unless set, as the RFC has it: see
         * {@link Connection#subprotocol()}.
         *
         * @param required whether to refuse them
         * @return this
         */
        public Builder requireSubprotocol(boolean required) {
            draft.requireSubprotocol = required;
            return this;
        }

        /**
         * Adds fields to every request, such as Authorization; none unless set.
         *
         * @param fields the fields; none of those that the handshake itself sets
         * @return this
         */
        public Builder headers(Headers fields) {
            Optional<String> origin = draft.headers.first(ORIGIN);
            draft.headers = Objects.requireNonNull(fields, "fields");
            return fields.contains(ORIGIN) ? this : origin.map(this::origin).orElse(this);
        }

        /**
         * Says which page asks (§10.2). No Origin is sent unless set:
         * we are no browser, and a server must not take us for one.
         *
         * @param origin scheme, host and perhaps port, such as {@code https://example.org}
         * @return this
         * @throws IllegalArgumentException if it has a character that no field may have
         */
        public Builder origin(String origin) {
            draft.headers = DialSettings.with(draft.headers, ORIGIN, Objects.requireNonNull(origin, "origin"));
            return this;
        }

        /**
         * Names further fields that are credentials: like Authorization, Cookie and Proxy-Authorization they do not
         * follow a redirect to another origin. No others unless set.
         *
         * @param names field names in any case
         * @return this
         */
        public Builder secretHeaders(String... names) {
            draft.secretHeaders = Arguments.list("names", names);
            return this;
        }

        /**
         * Sets how the connections behave, and their limits.
         *
         * @param connectionOptions the options
         * @return this
         */
        public Builder options(ConnectionOptions connectionOptions) {
            draft.options = Objects.requireNonNull(connectionOptions, "connectionOptions");
            return this;
        }

        /**
         * Offers compression (RFC 7692); whether the server accepted it {@link Connection#extensions()} tells. A reply
         * that does not fit the offer fails the dial. It is not offered unless set: it costs time and memory, and
         * compressing a secret together with what others choose can reveal it.
         *
         * @param settings the options
         * @return this
         */
        public Builder permessageDeflate(PermessageDeflate settings) {
            draft.deflate = Objects.requireNonNull(settings, "settings");
            return this;
        }

        /**
         * Sets whom to trust, and which certificate to show a server that asks for one. The platform's default context
         * unless set. The host's name is checked all the same, unless the context has an
         * {@code X509ExtendedTrustManager} of your own: that does the check itself.
         *
         * @param context the context
         * @return this
         */
        public Builder tls(SSLContext context) {
            draft.tls = Objects.requireNonNull(context, "context");
            draft.tlsParameters = null;
            return this;
        }

        /**
         * Sets whom to trust, see {@link #tls(SSLContext)}, and how TLS is spoken: protocols, cipher suites, named
         * groups and the like. Of the protocols TLS 1.2 and 1.3 alone are used. The application protocol, the name
         * that is asked for and the check of the host are this dialer's, whatever the parameters say of them.
         *
         * @param context the context, initialised
         * @param parameters how, copied
         * @return this
         * @throws IllegalArgumentException if the context does not know what they ask for, or they have neither TLS
         *     1.2 nor TLS 1.3
         * @throws IllegalStateException if the context is not initialised
         */
        public Builder tls(SSLContext context, SSLParameters parameters) {
            draft.tlsParameters = TlsEngines.checked(
                    Objects.requireNonNull(context, "context"), Objects.requireNonNull(parameters, "parameters"), true);
            draft.tls = context;
            return this;
        }

        /**
         * Sets the name that the server's certificate must have, and that it is asked for (SNI); the URI's host unless
         * set. For a server that is reached by another name or address than its own. A name with an underscore is asked
         * for as it stands; a server that speaks TLS by the JDK refuses that with the alert {@code illegal_parameter}.
         *
         * @param name a name or an address
         * @return this
         */
        public Builder tlsServerName(String name) {
            draft.tlsServerName = Objects.requireNonNull(name, "name");
            return this;
        }

        /**
         * Takes a trusted certificate of any host. Not unless set: anybody with a certificate for some host of their
         * own can then be in the middle. To trust certificates that nobody signed see {@link InsecureTls}.
         *
         * @param trust whether to take them
         * @return this
         */
        public Builder insecureTrustAnyHost(boolean trust) {
            draft.insecureHostCheck = trust;
            return this;
        }

        /**
         * Sends the cookies of a handler, and gives it those of every reply, refusals
         * included; no cookies unless set. A Cookie among the headers takes the place
         * of the handler's. The handler sees {@code http} and {@code https} URIs.
         *
         * @param handler such as a {@link java.net.CookieManager}; safe for use by several threads
         * @return this
         */
        public Builder cookies(CookieHandler handler) {
            draft.cookies = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /**
         * Follows redirects, at most so many in one dial; 0, none, unless set, since a client that was configured with
         * a URI seldom expects another. Credentials stay behind when the scheme, host or port changes, and no redirect
         * leads from {@code wss} to {@code ws}.
         *
         * @param max how many; 0 to 20
         * @return this
         */
        public Builder followRedirects(int max) {
            draft.maxRedirects = Arguments.within("followRedirects", max, 0, 20);
            return this;
        }

        /**
         * Answers servers that ask for credentials with 401, and proxies that do so with 407;
         * such a reply is a refusal unless set. One answer for each in a dial, and none to a
         * server that a redirect to another origin led to, nor to one that plays a proxy.
         *
         * @param handler what knows the credentials
         * @return this
         */
        public Builder authentication(AuthenticationHandler handler) {
            draft.authentication = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /**
         * Goes through proxies. Directly unless set: a library should not start to send its traffic
         * elsewhere because of a variable in the environment; {@link ProxyPolicy#environment()} does
         * so where that is wanted. The proxy's host gets nothing but what {@link ProxyAddress} says,
         * the target nothing of that. With {@link #connector} the connector leads to the proxy.
         *
         * @param policy which connections go through which proxy
         * @return this
         */
        public Builder proxy(ProxyPolicy policy) {
            draft.proxies = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /**
         * Connects by other means than TCP sockets; name look-up is
         * the connector's then. TLS is done on top for {@code wss}.
         *
         * @param means what connects
         * @return this
         */
        public Builder connector(Connector means) {
            draft.connector = Objects.requireNonNull(means, "means");
            return this;
        }

        /**
         * Connects to a Unix-domain socket, whatever host the URI names; that goes into the Host field. TCP unless set.
         *
         * @param path the socket
         * @return this
         */
        public Builder unixSocket(Path path) {
            draft.unixSocket = Objects.requireNonNull(path, "path");
            return this;
        }

        /**
         * Sets how many event loops serve the connections that have a {@link Listener}; each is one thread, which
         * starts with its first connection. One per core unless set.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder loops(int count) {
            draft.loops = Arguments.positive("loops", count);
            return this;
        }

        /**
         * Sets the address to connect from; the system's choice unless set.
         *
         * @param address an address of this machine
         * @return this
         */
        public Builder localAddress(InetAddress address) {
            draft.localAddress = Objects.requireNonNull(address, "address");
            return this;
        }

        /**
         * Bounds the head of a reply, the server's and a proxy's. 16 KiB unless set, twice what browsers and proxies
         * commonly let pass, and 8 KiB for one line; what is set holds for the whole head, and a single field may take
         * all of it.
         *
         * @param bytes positive
         * @return this
         */
        public Builder maxHeadBytes(int bytes) {
            draft.maxHeadBytes = OptionalInt.of(Arguments.positive("maxHeadBytes", bytes));
            return this;
        }

        /**
         * Bounds the number of fields of a reply, the server's and a proxy's; 100 unless set.
         *
         * @param count positive
         * @return this
         */
        public Builder maxHeaderCount(int count) {
            draft.maxHeaderCount = Arguments.positive("maxHeaderCount", count);
            return this;
        }

        /**
         * Bounds how much of the body of a refusal, the server's or a proxy's, is read into the {@link
         * HandshakeException}; 64 KiB unless set, enough for any message meant for people.
         *
         * @param bytes 0 or more
         * @return this
         */
        public Builder maxBodyBytes(int bytes) {
            draft.maxBodyBytes = Arguments.notNegative("maxBodyBytes", bytes);
            return this;
        }

        /**
         * Has an observer told what happens to all connections, beside those that were set before. None unless set.
         *
         * @param observer is told; must not block
         * @return this
         */
        public Builder observe(ConnectionObserver observer) {
            draft.observers.add(Objects.requireNonNull(observer, "observer"));
            return this;
        }

        /**
         * Sets the clock and timers, for tests; the machine's unless set.
         *
         * @param source where time comes from
         * @return this
         */
        public Builder timeSource(TimeSource source) {
            draft.time = Objects.requireNonNull(source, "source");
            return this;
        }

        /** Looks names up by other means, for tests. */
        Builder resolver(Resolver means) {
            draft.resolver = means;
            return this;
        }

        /**
         * {@return the dialer}
         *
         * @throws IllegalArgumentException if a subprotocol is required and none named, a header belongs to the
         *     handshake, or a Unix socket is named together with a connector or a proxy
         */
        public Dialer build() {
            return new Dialer(draft);
        }
    }
}
