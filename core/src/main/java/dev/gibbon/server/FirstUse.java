// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.support.LimitedLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;

/**
 * Has the JDK open now what it opens at its first use and keeps: where descriptors have run out that use fails, and
 * what virtual threads wait for their sockets with would stay broken for good.
 */
public final class FirstUse {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private FirstUse() {}

    /** Takes a millisecond or two the first time in a process, and less from then on. */
    public static void prepare(LimitedLog log) {
        prepareLines();
        Thread waiting = Thread.ofVirtual().name("gibbon-first-use").start(() -> preparePoller(log));
        try {
            boolean _ = waiting.join(PATIENCE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** A line of a log has the time of day in it: the rules of the time zone are in a file. */
    private static void prepareLines() {
        ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
        String _ = String.format("%1$tb %1$td, %1$tY %1$tl:%1$tM:%1$tS %1$Tp", now);
    }

    /** A virtual thread waits for a socket for a moment. Nobody knows the port; whoever finds it is hung up on. */
    private static void preparePoller(LimitedLog log) {
        try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody.setSoTimeout(1);
            try (Socket _ = nobody.accept()) {
                log.debug("somebody connected to a port that was open for a millisecond", null);
            }
        } catch (SocketTimeoutException _) {
            // So it should be.
        } catch (IOException e) {
            log.debug("no loopback address to wait on", e);
        }
    }
}
