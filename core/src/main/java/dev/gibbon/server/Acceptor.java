// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.TimeSource;
import dev.gibbon.support.LimitedLog;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/**
 * One listening socket and the platform thread that accepts from it, so that busy virtual threads cannot hold up
 * accepting. The thread outlives whatever is thrown: without it the server would live on and hear nobody.
 */
public final class Acceptor {
    private static final int BACKLOG = 1024;

    /** How long to leave it when accepting fails, as it does when descriptors run out. */
    private static final long BACK_OFF_MILLIS = 100;

    /** How long nothing may fail before it counts as over: where some succeed, others still fail. */
    private static final long OVER_NANOS = 1_000_000_000;

    /** Takes over what was accepted; if it throws, the channel is closed here. */
    @FunctionalInterface
    public interface Accepted {
        /**
         * Takes over a channel.
         *
         * @throws IOException if the client is at fault, or has left
         */
        void accept(SocketChannel channel) throws IOException;
    }

    private final ServerSocketChannel channel;
    private final SocketAddress address;
    private final Accepted accepted;
    private final TimeSource time;
    private final LimitedLog log;

    // Accept thread only.
    /** What has just been thrown, and is not told yet. */
    private @Nullable Throwable failure;

    /** How many attempts failed since it was told that they do; 0 while all is well. */
    private long failures;

    private long lastFailure;

    private Acceptor(
            ServerSocketChannel channel, SocketAddress address, Accepted accepted, TimeSource time, LimitedLog log) {
        this.channel = channel;
        this.address = address;
        this.accepted = accepted;
        this.time = time;
        this.log = log;
    }

    public static Acceptor bind(SocketAddress wanted, Accepted accepted, TimeSource time, LimitedLog log)
            throws IOException {
        boolean unix = wanted instanceof UnixDomainSocketAddress;
        if (wanted instanceof UnixDomainSocketAddress file) {
            UnixSocketFile.requireFree(file.getPath());
        }
        ServerSocketChannel channel =
                unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open();
        try {
            if (!unix) {
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            }
            channel.bind(wanted, BACKLOG);
            return new Acceptor(channel, channel.getLocalAddress(), accepted, time, log);
        } catch (IOException e) {
            channel.close();
            throw named(wanted, e);
        } catch (RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** {@return a failure that says which address it is about} The JDK's does not. */
    private static IOException named(SocketAddress wanted, IOException e) {
        String where = wanted instanceof InetSocketAddress tcp
                ? tcp.getAddress().getHostAddress() + " port " + tcp.getPort()
                : wanted.toString();
        String message = "cannot listen on " + where + ": " + e.getMessage();
        IOException named = e instanceof BindException ? new BindException(message) : new IOException(message);
        return (IOException) named.initCause(e);
    }

    public SocketAddress address() {
        return address;
    }

    public void start() {
        Thread.ofPlatform().name("gibbon-accept").daemon(false).start(this::acceptAll);
    }

    private void acceptAll() {
        while (channel.isOpen()) {
            try {
                recover();
                acceptOne();
                noteSuccess();
            } catch (Throwable e) {
                failure = e; // Nothing more is done here, since that might fail as well.
            }
        }
    }

    private void acceptOne() throws IOException {
        SocketChannel client = channel.accept();
        try {
            accepted.accept(client);
        } catch (IOException e) {
            client.close();
            log.debug("client left", e);
        } catch (Throwable e) {
            client.close();
            throw e;
        }
    }

    /** Backs off after a failure, then tells it if it is the first. */
    private void recover() {
        Throwable e = failure;
        if (e == null) {
            return;
        }
        backOff();
        failure = null;
        lastFailure = time.nanoTime();
        failures++;
        if (failures == 1) {
            log.warn("accepting on " + address + " fails, and is tried again until it works", e);
        }
    }

    private void noteSuccess() {
        if (failures > 0 && time.nanoTime() - lastFailure >= OVER_NANOS) {
            log.info("accepting on " + address + " works again; attempts that failed: " + failures, null);
            failures = 0;
        }
    }

    private static void backOff() {
        try {
            Thread.sleep(BACK_OFF_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // The next accept ends with it.
        }
    }

    public void close() throws IOException {
        channel.close();
        if (address instanceof UnixDomainSocketAddress unix) {
            boolean _ = Files.deleteIfExists(unix.getPath());
        }
    }
}
