// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Connection;
import dev.gibbon.Exchange;
import dev.gibbon.ExchangeFilter;
import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.ListenerFactory;
import dev.gibbon.RequestException;
import dev.gibbon.SetCookie;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.Engine;
import dev.gibbon.connection.HandlerRun;
import dev.gibbon.connection.LoopGuard;
import dev.gibbon.connection.Refusals;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.handshake.ServerHandshake;
import dev.gibbon.handshake.TokenList;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.http.ValidRequest;
import dev.gibbon.spi.Routes;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.support.Arguments;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** A request that the embedded server read. Handler's thread only. */
public final class ServerExchange implements Exchange {
    /** Fields that delimit a message: ours to write, so that no two readers of a response disagree. */
    private static final Set<String> FRAMING = Set.of("content-length", "transfer-encoding", "connection");

    private enum Answer {
        NONE,
        RESPONSE,
        UPGRADE
    }

    /** Let go by an upgrade, as it costs a third of a kilobyte: the transport is the WebSocket's then. */
    private @Nullable HttpConnection http;

    private final HttpRoutes.Found found;
    private final String method;
    private final String target;
    private final String path;
    private final Optional<String> query;
    private final String host;
    private final boolean secure;

    /** The pattern whose code runs: a filter's, and then the route's. */
    private Routes.Match<?> running;

    /** Whether all filters have let the request pass. */
    private boolean passed;

    /** Let go by an upgrade, unless it is to keep them. */
    private @Nullable Received received;

    private Answer answer = Answer.NONE;
    private @Nullable RequestBody body;
    private List<SetCookie> cookies = List.of();
    private boolean keepAlive;
    private @Nullable WebSocketConnection connection;
    private @Nullable ConcurrentMap<String, Object> attributes;

    /** What this exchange itself threw because the request was refused or its client is gone. */
    private @Nullable IOException ownEnd;

    ServerExchange(HttpConnection http, Received received, HttpRoutes.Found found) {
        ValidRequest request = received.request();
        this.http = http;
        this.received = received;
        this.found = found;
        this.running = found.match();
        // An open connection keeps these: most are the same few strings.
        this.method =
                request.head().method().equals("GET") ? "GET" : request.head().method();
        this.target = request.head().target();
        this.path = request.target().path().equals(target)
                ? target
                : request.target().path();
        this.query = request.target().query();
        this.host = request.host();
        this.secure = received.secure();
        this.keepAlive = request.head().version().equals("HTTP/1.1")
                && !TokenList.contains(request.head().headers().all("Connection"), "close");
    }

    /** Has the handler answer, on the calling thread, and sees to it that there is an answer. */
    void run() {
        Engine engine = http().server().engine();
        try {
            handled(handle(), engine);
        } catch (IOException e) {
            engine.log().debug("client left", e);
        } finally {
            HttpConnection still = http;
            if (still != null) {
                still.handlerEnded(this);
            }
        }
    }

    private HttpConnection http() {
        HttpConnection known = http;
        if (known == null) {
            throw new IllegalStateException("a WebSocket has the transport");
        }
        return known;
    }

    /** The handler has ended: sees to it that there is an answer. */
    private void handled(@Nullable Throwable thrown, Engine engine) throws IOException {
        boolean _ = Thread.interrupted(); // Meant for the handler; it would end the closing handshake.
        WebSocketConnection opened = connection;
        if (opened != null) {
            opened.handlerEnded(thrown);
            return;
        }
        RequestException fault = faultIn(thrown);
        if (fault != null && !answered()) {
            refuse(fault);
            return;
        }
        if (thrown != null && isOwnEnd(thrown)) {
            engine.log().debug("request refused, or its client gone", thrown);
            return;
        }
        if (thrown != null) {
            engine.applicationThrew(passed ? "a handler" : "a filter", this, thrown);
        } else if (!answered()) {
            engine.log().warn("a handler returned without an answer; " + this, null);
        }
        if (!answered()) {
            respond(500, "text/plain", "500 Internal Server Error\n");
        }
    }

    /** {@return what is wrong with the request, if that is why the handler threw} */
    private static @Nullable RequestException faultIn(@Nullable Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof RequestException fault) {
                return fault;
            }
        }
        return null;
    }

    /** Answers a request that is not as it has to be. */
    private void refuse(RequestException fault) throws IOException {
        UpgradeReply.Refused told = http().refusals().reply(Hosting.refusal(fault), peerAddress(), path);
        respond(told.status(), told.headers(), told.body());
    }

    /** {@return what the handler threw; null if it returned} */
    private @Nullable Throwable handle() {
        try {
            if (passes()) {
                found.handler().handle(this);
            }
            return null;
        } catch (Exception | Error e) { // The application's: anything may come, and only this connection may suffer.
            return e;
        }
    }

    /** {@return whether no filter has answered} */
    private boolean passes() throws Exception {
        for (Routes.Match<ExchangeFilter> filter : found.filters()) {
            running = filter;
            filter.target().filter(this);
            if (answered()) {
                return false;
            }
        }
        running = found.match();
        passed = true;
        return true;
    }

    boolean answered() {
        return answer != Answer.NONE;
    }

    /** {@return whether another request may follow on the same transport} */
    boolean keepAlive() {
        return keepAlive && answer == Answer.RESPONSE;
    }

    /** {@return whether an exception says no more than that the request was refused or its client is gone} */
    private boolean isOwnEnd(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause.equals(ownEnd)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String method() {
        return method;
    }

    @Override
    public String target() {
        return target;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public Optional<String> query() {
        return query;
    }

    @Override
    public String pathParameter(String name) {
        return running.parameter(name);
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public Headers headers() {
        return request().head().headers();
    }

    @Override
    public boolean isSecure() {
        return secure;
    }

    private ValidRequest request() {
        return received().request();
    }

    private Received received() {
        Received known = received;
        if (known == null) {
            throw new IllegalStateException(
                    "the upgrade let go of the request's fields; read them before it, or set keepRequestHeaders");
        }
        return known;
    }

    @Override
    public byte[] body(int maxBytes) throws IOException {
        int most = Arguments.notNegative("maxBytes", maxBytes);
        RequestBody asked = body;
        if (asked == null) {
            requireUnanswered();
            asked = new RequestBody(http(), request());
            body = asked;
        }
        try {
            return asked.read(most);
        } catch (IOException e) {
            ownEnd = e;
            throw e;
        }
    }

    @Override
    public void setCookie(SetCookie cookie) {
        requireUnanswered();
        List<SetCookie> more = new ArrayList<>(cookies);
        more.removeIf(cookie::replaces);
        more.add(cookie);
        cookies = more;
    }

    @Override
    public boolean isWebSocketUpgrade() {
        return answer == Answer.UPGRADE || ServerHandshake.isUpgrade(headers());
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        WebSocketConnection opened = connection;
        return opened != null ? opened.peerAddress() : received().peer();
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        WebSocketConnection opened = connection;
        return opened != null ? opened.localAddress() : http().stream().localAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        WebSocketConnection opened = connection;
        return opened != null ? opened.tlsSession() : http().stream().tlsSession();
    }

    @Override
    public ConcurrentMap<String, Object> attributes() {
        WebSocketConnection opened = connection;
        if (opened != null) {
            return opened.attributes();
        }
        ConcurrentMap<String, Object> known = attributes;
        if (known == null) {
            known = new ConcurrentHashMap<>();
            attributes = known;
        }
        return known;
    }

    @Override
    public void respond(int status, Headers headers, byte[] content) throws IOException {
        ByteBuffer head = begin(status, headers, content.length);
        write(head, ByteBuffer.wrap(content, 0, hasBody(status) ? content.length : 0));
    }

    /** {@return whether an answer of this status has a body} */
    private boolean hasBody(int status) {
        return status != 204 && status != 304 && !method.equals("HEAD");
    }

    /** Begins the one answer, whose body is so long unless the status or method leaves it out. {@return its head} */
    ByteBuffer begin(int status, Headers headers, long length) {
        LoopGuard.mayWait("respond", "answer on the handler's own thread");
        requireUnanswered();
        if (status < 200) {
            throw new IllegalArgumentException("status " + status + " is no final status (RFC 9110 §15)");
        }
        for (String name : headers.names()) {
            if (FRAMING.contains(name.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("field " + name + " is set by the server");
            }
        }
        answer = Answer.RESPONSE;
        if (http().server().engine().observers().isOn() && ServerHandshake.isUpgrade(headers())) {
            http().refusals().answered(status, found.match().pattern(), peerAddress(), path);
        }
        Headers.Builder fields = Headers.builder().addAll(withCookies(headers));
        if (status != 204 && status != 304) {
            fields.add("Content-Length", Long.toString(length));
        }
        RequestBody asked = body;
        keepAlive &= asked == null ? RequestBody.isAbsent(request()) : asked.isRead();
        if (!keepAlive) {
            fields.add("Connection", "close");
        }
        return head(status, fields.build());
    }

    @Override
    public void respond(int status, String contentType, String body) throws IOException {
        respond(
                status,
                Headers.of("Content-Type", contentType + "; charset=utf-8"),
                body.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void respondResource(Class<?> anchor, String name, String contentType) throws IOException {
        byte[] resource = Resources.read(anchor, name);
        if (resource == null) {
            respond(404, "text/plain", "404 Not Found\n");
        } else {
            respond(200, Headers.of("Content-Type", contentType), resource);
        }
    }

    public Connection upgrade(Upgrader upgrader, Headers extra) throws IOException {
        requireUnanswered();
        try (Opening opening = accepted(upgrader, extra)) {
            return upgrade(opening);
        }
    }

    /** Upgrades, and gives the connection to the listener that {@code factory} finds for it, unless that responds. */
    void listen(Upgrader upgrader, ListenerFactory factory) throws Exception {
        requireUnanswered();
        try (Opening opening = accepted(upgrader, Headers.of())) {
            Listener listener = factory.listener(this);
            if (answer == Answer.RESPONSE) {
                return;
            }
            requireUnanswered();
            if (listener == null) {
                throw new IllegalStateException("the factory has neither found a listener nor responded");
            }
            upgrade(opening).listen(listener);
        }
    }

    /** {@return the reply if the request is accepted; sends it if not} */
    private Opening accepted(Upgrader upgrader, Headers extra) throws IOException {
        return switch (http().server().reply(upgrader, received(), extra, http().entry(), this)) {
            case UpgradeReply.Refused refused -> {
                keepAlive = false;
                answer = Answer.RESPONSE;
                write(Refusals.bytes(http().refusals().reply(refused, peerAddress(), path)));
                HandshakeException refusal = new HandshakeException(refused.status(), refused.reason());
                ownEnd = refusal;
                throw refusal;
            }
            case UpgradeReply.Accepted accepted -> Opening.of(accepted);
        };
    }

    private Connection upgrade(Opening opening) throws IOException {
        answer = Answer.UPGRADE;
        write(head(opening.status(), withCookies(opening.headers())));
        Optional<SocketAddress> peer = received().peer();
        if (!opening.upgrader().keepsRequestHeaders()) {
            received = null;
        }
        HandlerRun run = new HandlerRun(http().server().engine().time());
        WebSocketConnection opened =
                http().open(opening, RequestContext.routed(http().id(), route(), path, attributes, run), peer);
        connection = opened;
        body = null;
        http = null;
        return opened;
    }

    private void requireUnanswered() {
        switch (answer) {
            case NONE -> {}
            case RESPONSE -> throw new IllegalStateException("this request was answered already, by a response");
            case UPGRADE -> throw new IllegalStateException("this request was answered already, by an upgrade");
        }
    }

    private Headers withCookies(Headers fields) {
        if (cookies.isEmpty()) {
            return fields;
        }
        Headers.Builder all = Headers.builder().addAll(fields);
        cookies.forEach(cookie -> all.add("Set-Cookie", cookie.fieldValue(secure)));
        return all.build();
    }

    private String route() {
        return found.match().pattern();
    }

    private static ByteBuffer head(int status, Headers fields) {
        return ByteBuffer.wrap(HeadWriter.bytes(new ResponseHead("HTTP/1.1", status, HttpStatus.text(status), fields)));
    }

    /** Sends a part of the answer that {@link #begin} has begun, or all of it. */
    void write(ByteBuffer... answer) throws IOException {
        http().output().requireInTime();
        try {
            http().output().write(answer);
        } catch (IOException e) {
            ownEnd = e;
            throw e;
        }
    }

    /** An answer that was begun cannot be sent whole: the client learns of it by the end of the connection. */
    void breakOff() {
        keepAlive = false;
        http().abort();
    }

    /** What is left of the answer has its time anew. */
    void goOn() {
        http().output().goOn();
    }

    /** {@return the request for a log: nothing that the peer chose is in it but its address} */
    @Override
    public String toString() {
        WebSocketConnection opened = connection;
        long id = opened != null ? opened.id() : http().id();
        return "HTTP request " + id + (route().isEmpty() ? "" : ", route " + route())
                + peerAddress().map(address -> ", peer " + address).orElse("");
    }
}
