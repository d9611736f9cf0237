// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import dev.gibbon.spi.Transport;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.webserver.ConnectionContext;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;

/** The bytes of a connection of Helidon's, which only block. */
final class HelidonTransport implements Transport {
    /** What is copied for one write. */
    private static final int MOST_BYTES = 64 * 1024;

    private final ConnectionContext context;
    private final DataReader reader;
    private final DataWriter writer;
    private volatile boolean closed;

    HelidonTransport(ConnectionContext context) {
        this.context = context;
        this.reader = context.dataReader();
        this.writer = context.dataWriter();
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        requireOpen();
        try {
            awaitBytes();
            int n = Math.min(reader.available(), dst.remaining());
            dst.put(reader.readBytes(n));
            return n;
        } catch (DataReader.InsufficientDataAvailableException _) {
            return -1;
        } catch (RuntimeException e) {
            throw failure(e);
        }
    }

    private void awaitBytes() {
        while (true) {
            try {
                reader.ensureAvailable();
                return;
            } catch (RuntimeException e) {
                if (!isTimeout(e)) {
                    throw e;
                }
                // The server's own time-out for reading, which is meant for requests.
            }
        }
    }

    private static boolean isTimeout(Throwable e) {
        return e instanceof SocketTimeoutException || (e.getCause() != null && isTimeout(e.getCause()));
    }

    /** Always fails: these readers know no time-out of a call, and a connection keeps its own without. */
    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        throw new UnsupportedOperationException("the readers of Helidon know no time-out of a call");
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        requireOpen();
        long offered = 0;
        for (int i = offset; i < offset + length; i++) {
            offered += srcs[i].remaining();
        }
        byte[] bytes = new byte[(int) Math.min(offered, MOST_BYTES)];
        int taken = 0;
        for (int i = offset; taken < bytes.length; i++) {
            int n = Math.min(srcs[i].remaining(), bytes.length - taken);
            srcs[i].get(bytes, taken, n);
            taken += n;
        }
        try {
            writer.writeNow(BufferData.create(bytes));
            writer.flush();
        } catch (RuntimeException e) {
            throw failure(e);
        }
        return taken;
    }

    private static IOException failure(RuntimeException e) {
        return e.getCause() instanceof IOException cause ? cause : new IOException(e);
    }

    private void requireOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    /** Both directions end together. */
    @Override
    public void shutdownOutput() {}

    @Override
    public boolean halfCloses() {
        return false;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        try {
            context.serverSocket().close();
        } catch (RuntimeException e) {
            throw failure(e);
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.of(Requests.address(context.localPeer()));
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.of(Requests.address(context.remotePeer()));
    }
}
