// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.util.function.Consumer;

/**
 * One listening socket and the platform thread that accepts from
 * it, so that busy virtual threads cannot hold up accepting.
 */
final class Acceptor {
    private static final int BACKLOG = 1024;

    /** How long to leave it when accepting fails, as it does when descriptors run out. */
    private static final long BACK_OFF_MILLIS = 100;

    private final ServerSocketChannel channel;
    private final SocketAddress address;
    private final Consumer<SocketChannel> accepted;
    private final LimitedLog log;

    private Acceptor(
            ServerSocketChannel channel, SocketAddress address, Consumer<SocketChannel> accepted, LimitedLog log) {
        this.channel = channel;
        this.address = address;
        this.accepted = accepted;
        this.log = log;
    }

    static Acceptor bind(SocketAddress wanted, Consumer<SocketChannel> accepted, LimitedLog log) throws IOException {
        boolean unix = wanted instanceof UnixDomainSocketAddress;
        ServerSocketChannel channel =
                unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open();
        try {
            if (!unix) {
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            }
            channel.bind(wanted, BACKLOG);
            return new Acceptor(channel, channel.getLocalAddress(), accepted, log);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    SocketAddress address() {
        return address;
    }

    void start() {
        Thread.ofPlatform().name("gibbon-accept").daemon(false).start(this::acceptAll);
    }

    private void acceptAll() {
        while (channel.isOpen()) {
            try {
                accepted.accept(channel.accept());
            } catch (ClosedChannelException _) {
                return; // The server stops.
            } catch (IOException e) {
                log.warn("accept failed", e);
                backOff();
            }
        }
    }

    private static void backOff() {
        try {
            Thread.sleep(BACK_OFF_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // The next accept ends with it.
        }
    }

    void close() throws IOException {
        channel.close();
        if (address instanceof UnixDomainSocketAddress unix) {
            boolean _ = Files.deleteIfExists(unix.getPath());
        }
    }
}
