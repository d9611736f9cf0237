// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionObserver.Refusal;
import dev.gibbon.Headers;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.support.LimitedLog;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Pattern;

/**
 * Says why a server refused a peer: to the log, and to the peer itself if it is to know. Peers cause refusals at will,
 * so a reason is a line of the log once a minute, whatever names and numbers are in it; at the level DEBUG each one is.
 * What the peer sent is in a reason only escaped, since all are made by us. Any thread.
 */
public final class Refusals {
    private static final long MINUTE_NANOS = 60_000_000_000L;

    /** More kinds of reasons than there are; beyond it they are not lines of their own. */
    private static final int MAX_KINDS = 256;

    private static final int MAX_BODY_CHARS = 250;
    private static final String CUT = "...";

    /** What differs from one refusal to the next for the same reason. */
    private static final Pattern VARIABLE = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"|\\d+");

    private final System.Logger logger = System.getLogger("dev.gibbon.refused");
    private final TimeSource time;
    private final LimitedLog log;
    private final Observers observers;
    private final boolean tellPeers;

    /** By kind of reason, when the last line was. */
    private final ConcurrentMap<String, Long> lines = new ConcurrentHashMap<>();

    /**
     * Begins with an empty log.
     *
     * @param time the clock that minutes are counted on
     * @param log told of a log that throws
     * @param observers told of requests
     * @param tellPeers whether peers get to know the reason
     */
    Refusals(TimeSource time, LimitedLog log, Observers observers, boolean tellPeers) {
        this.time = time;
        this.log = log;
        this.observers = observers;
        this.tellPeers = tellPeers;
    }

    /**
     * {@return the reply to a request that is refused, with the reason in it if the peer is to know} The log is
     * told.
     *
     * @param path of the request; empty if it is not known
     */
    public UpgradeReply.Refused reply(UpgradeReply.Refused refusal, Optional<SocketAddress> peer, String path) {
        observers.refused(kind(refusal.status()), refusal.status(), refusal.reason(), path, peer);
        return plainReply(refusal, peer, path);
    }

    /** {@return the same to a request that asks for no WebSocket: observers are not told} */
    public UpgradeReply.Refused plainReply(UpgradeReply.Refused refusal, Optional<SocketAddress> peer, String path) {
        log("request refused with " + refusal.status(), refusal.reason(), peer, path);
        if (!tellPeers || refusal.reason().isEmpty()) {
            return refusal;
        }
        String status = refusal.status() + " " + HttpStatus.text(refusal.status());
        String reason = refusal.reason();
        if (reason.length() > MAX_BODY_CHARS) {
            reason = reason.substring(0, MAX_BODY_CHARS) + CUT;
        }
        Headers fields = Headers.builder()
                .addAll(refusal.headers())
                .set("X-Content-Type-Options", "nosniff") // A quoted name must not become a page.
                .build();
        byte[] body = (status + ": " + reason + "\n").getBytes(StandardCharsets.UTF_8);
        return UpgradeReply.Refused.of(refusal.status(), fields, body, refusal.reason());
    }

    private static Refusal.Kind kind(int status) {
        return switch (status) {
            case 403 -> Refusal.Kind.ORIGIN;
            case 429, 503 -> Refusal.Kind.LIMIT;
            default -> Refusal.Kind.HANDSHAKE;
        };
    }

    /**
     * A request to become a WebSocket is answered otherwise: whoever observes is told.
     *
     * @param route that it came by; empty for an answer of the server's own
     */
    public void answered(int status, String route, Optional<SocketAddress> peer, String path) {
        if (!route.isEmpty()) {
            observers.refused(Refusal.Kind.ANSWERED, status, "answered by the route " + route, path, peer);
        } else if (status == 503) {
            observers.refused(Refusal.Kind.LIMIT, status, "enough are open, or the server is closing", path, peer);
        } else {
            observers.refused(Refusal.Kind.ANSWERED, status, "no route leads there", path, peer);
        }
    }

    /** {@return such a reply in HTTP/1.1, head and body} */
    public static ByteBuffer[] bytes(UpgradeReply.Refused reply) {
        byte[] body = reply.body();
        Headers fields = Headers.builder()
                .addAll(reply.headers())
                .set("Content-Length", Integer.toString(body.length))
                .build();
        ResponseHead head = new ResponseHead("HTTP/1.1", reply.status(), HttpStatus.text(reply.status()), fields);
        return new ByteBuffer[] {ByteBuffer.wrap(HeadWriter.bytes(head)), ByteBuffer.wrap(body)};
    }

    /** {@return what the Close frame says to a peer that broke a rule or a limit (§7.1.7)} The log is told. */
    CloseStatus close(CloseCode code, WebSocketException problem, Optional<SocketAddress> peer, String path) {
        String reason = String.valueOf(problem.getMessage());
        log("connection closed with " + code, reason, peer, path);
        return new CloseStatus(code, tellPeers ? fitting(reason) : "");
    }

    /** {@return as much of a reason as a Close frame holds, cut between two letters} */
    private static String fitting(String reason) {
        if (reason.getBytes(StandardCharsets.UTF_8).length <= ClosePayload.MAX_REASON_BYTES) {
            return reason;
        }
        StringBuilder begin = new StringBuilder();
        int left = ClosePayload.MAX_REASON_BYTES - CUT.length();
        for (int at = 0; at < reason.length(); ) {
            String letter = Character.toString(reason.codePointAt(at));
            left -= letter.getBytes(StandardCharsets.UTF_8).length;
            if (left < 0) {
                break;
            }
            begin.append(letter);
            at += letter.length();
        }
        return begin.append(CUT).toString();
    }

    /** Notes a refusal of which the peer is told elsewhere. */
    public void log(String what, String reason, Optional<SocketAddress> peer, String path) {
        boolean due = isDue(what + VARIABLE.matcher(reason).replaceAll(""));
        System.Logger.Level level = due ? System.Logger.Level.INFO : System.Logger.Level.DEBUG;
        try {
            if (logger.isLoggable(level)) {
                String asked = path.isEmpty() ? "" : ", path " + HttpSyntax.quoted(path);
                logger.log(level, peer.map(Object::toString).orElse("a peer") + asked + ": " + what + ": " + reason);
            }
        } catch (Throwable e) { // The peer is to be refused whatever a log does.
            log.warn("a refusal could not be logged", e);
        }
    }

    private boolean isDue(String kind) {
        long now = time.nanoTime();
        Long last = lines.get(kind);
        if (last == null) {
            return lines.size() < MAX_KINDS && lines.putIfAbsent(kind, now) == null;
        }
        return now - last >= MINUTE_NANOS && lines.replace(kind, last, now);
    }
}
