// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import dev.gibbon.spi.Transport;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLSession;
import org.apache.tomcat.util.net.Nio2Channel;
import org.apache.tomcat.util.net.SecureNio2Channel;
import org.apache.tomcat.util.net.SocketWrapperBase;

/**
 * The bytes of a connection by calls that block: for connectors whose sockets no selector can watch, as NIO2's. Tomcat
 * hands a channel that is closed to the next client, so it gets the transport back once no call is inside.
 */
final class BlockingTransport implements Transport {
    private final SocketWrapperBase<?> wrapper;

    /** The wrapper forgets it when it is closed. */
    private final Object channel;

    private final GiveBack giveBack;
    private final Optional<SSLSession> session;
    private final Optional<SocketAddress> local;
    private final Optional<SocketAddress> peer;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private int callsInside;
    private boolean ended;

    BlockingTransport(SocketWrapperBase<?> wrapper, GiveBack giveBack) {
        this.wrapper = wrapper;
        this.giveBack = giveBack;
        channel = wrapper.getSocket();
        session = channel instanceof SecureNio2Channel tls
                ? Optional.of(tls.getSslEngine().getSession())
                : Optional.empty();
        local = address(wrapper.getLocalAddr(), wrapper.getLocalPort());
        peer = address(wrapper.getRemoteAddr(), wrapper.getRemotePort());
    }

    private static Optional<SocketAddress> address(String literal, int port) {
        return literal == null
                ? Optional.empty()
                : Optional.of(new InetSocketAddress(InetAddress.ofLiteral(literal), port));
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        int limit = dst.limit();
        enter();
        try {
            return wrapper.read(true, dst);
        } catch (EOFException _) {
            return -1;
        } finally {
            leave();
            dst.limit(limit); // The wrapper may have lowered it.
        }
    }

    /** Not there: a read that was given up leaves such a socket unusable, and nobody needs one once it is upgraded. */
    @Override
    public int read(ByteBuffer dst, Duration timeout) {
        throw new UnsupportedOperationException("a connection's reads have no time-out");
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        long taken = 0;
        enter();
        try {
            for (int i = offset; i < offset + length; i++) {
                taken += srcs[i].remaining();
                wrapper.write(true, srcs[i]);
            }
            boolean _ = wrapper.flush(true);
        } finally {
            leave();
        }
        return taken;
    }

    private void enter() throws ClosedChannelException {
        lock.lock();
        try {
            if (ended) {
                throw new ClosedChannelException();
            }
            callsInside++;
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        boolean last;
        lock.lock();
        try {
            callsInside--;
            last = ended && callsInside == 0;
        } finally {
            lock.unlock();
        }
        if (last) {
            giveBack.run();
        }
    }

    @Override
    public boolean halfCloses() {
        return false;
    }

    @Override
    public void shutdownOutput() {
        close();
    }

    @Override
    public void close() {
        boolean idle;
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            idle = callsInside == 0;
        } finally {
            lock.unlock();
        }
        // Tomcat waits for the end of TLS to be sent.
        Thread _ = Thread.ofVirtual().name("gibbon-tomcat-end").start(idle ? giveBack : this::endCalls);
    }

    /** Closes the channel itself: the calls that are inside fail, and the last of them gives it back. */
    private void endCalls() {
        if (channel instanceof Nio2Channel nio2) {
            try {
                nio2.close(true);
            } catch (IOException _) {
                // The end of TLS could not be sent: the channel is closed all the same.
            }
        } else {
            giveBack.run();
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return local;
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return peer;
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return session;
    }
}
