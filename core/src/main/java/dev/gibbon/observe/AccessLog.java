// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.observe;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.http.HttpSyntax;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * One line for each connection that is opened, refused or closed. What the peer chose is in it only escaped. Any
 * thread.
 */
public final class AccessLog implements ConnectionObserver {
    /** Without a state of its own, so one is enough. */
    public static final AccessLog INSTANCE = new AccessLog();

    private final System.Logger logger = System.getLogger("dev.gibbon.access");

    private AccessLog() {}

    @Override
    public void opened(Connection connection) {
        if (isOn()) {
            log("opened " + name(connection));
        }
    }

    @Override
    public void refused(Refusal refusal) {
        if (isOn()) {
            String from = peer(refusal.peerAddress()) + path(refusal.path());
            log("refused" + from + " status=" + refusal.status() + " reason=" + refusal.reason());
        }
    }

    @Override
    public void closed(Connection connection, End end) {
        if (isOn()) {
            log("closed " + name(connection) + " code=" + end.status().code().value() + " by=" + by(end.by())
                    + " duration=" + seconds(end.duration()) + " received=" + end.messagesReceived() + "/"
                    + end.bytesReceived() + " sent=" + end.messagesSent() + "/" + end.bytesSent());
        }
    }

    private boolean isOn() {
        return logger.isLoggable(System.Logger.Level.INFO);
    }

    private void log(String line) {
        logger.log(System.Logger.Level.INFO, line);
    }

    private static String name(Connection connection) {
        String subprotocol =
                connection.subprotocol().map(name -> " subprotocol=" + name).orElse("");
        return connection.id() + peer(connection.peerAddress()) + path(connection.path()) + subprotocol;
    }

    private static String peer(Optional<SocketAddress> address) {
        return address.map(peer -> " peer=" + peer).orElse("");
    }

    private static String path(String path) {
        return path.isEmpty() ? "" : " path=" + HttpSyntax.quoted(path);
    }

    private static String by(End.By by) {
        return switch (by) {
            case THIS_SIDE -> "us";
            case PEER -> "peer";
            case NOBODY -> "nobody";
        };
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3fs", duration.toMillis() / 1000.0);
    }
}
