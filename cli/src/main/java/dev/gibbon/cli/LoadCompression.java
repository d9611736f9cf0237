// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Connection;
import dev.gibbon.Connector;
import dev.gibbon.Dialer;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * What a server's answers come to on the wire: a connection of its own, before the load begins, has every variant of
 * its messages echoed twice. The second time counts, when there is as much to refer back to as there ever is.
 */
final class LoadCompression {
    private LoadCompression() {}

    /**
     * {@return what was found}
     *
     * @param dialers makes a dialer that connects by the given means
     * @throws CommandFailedException if there is no connection, or a wrong answer
     */
    static LoadResult.Compression look(Function<Connector, Dialer> dialers, LoadScenario scenario)
            throws CommandFailedException {
        LoadPayloads payloads = scenario.payloads();
        AtomicLong wire = new AtomicLong();
        Dialer dialer = dialers.apply((host, port) -> new CountedSocket(new Socket(host, port), wire));
        try (Connection connection = open(dialer, scenario)) {
            int variants = payloads.variants();
            echo(connection, payloads, 0, variants);
            long before = wire.get();
            echo(connection, payloads, variants, 2 * variants);
            return new LoadResult.Compression(
                    String.join(", ", connection.extensions()), (long) variants * scenario.size(), wire.get() - before);
        } catch (IOException e) {
            throw new CommandFailedException(
                    "looking at compression: " + Visible.of(String.valueOf(e.getMessage())), e);
        }
    }

    private static Connection open(Dialer dialer, LoadScenario scenario) throws CommandFailedException {
        try {
            return dialer.dial(scenario.uri());
        } catch (IOException e) {
            throw new CommandFailedException("looking at compression: " + LoadDialing.explain(e), e);
        }
    }

    private static void echo(Connection connection, LoadPayloads payloads, int from, int to)
            throws IOException, CommandFailedException {
        for (int i = from; i < to; i++) {
            connection.writeMessage(payloads.message(0, i));
            Optional<String> wrong = payloads.wrong(0, i, connection.readMessage());
            if (wrong.isPresent()) {
                throw new CommandFailedException("looking at compression: " + wrong.get());
            }
        }
    }

    /** A TCP socket that counts what it reads; it need not be fast. */
    private static final class CountedSocket implements Transport {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;
        private final AtomicLong count;

        CountedSocket(Socket socket, AtomicLong count) throws IOException {
            this.socket = socket;
            this.count = count;
            socket.setTcpNoDelay(true);
            in = socket.getInputStream();
            out = socket.getOutputStream();
        }

        @Override
        public int read(ByteBuffer dst) throws IOException {
            byte[] bytes = new byte[dst.remaining()];
            int read = in.read(bytes);
            if (read > 0) {
                dst.put(bytes, 0, read);
                count.addAndGet(read);
            }
            return read;
        }

        @Override
        public int read(ByteBuffer dst, Duration timeout) throws IOException {
            socket.setSoTimeout(Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE));
            try {
                return read(dst);
            } catch (SocketTimeoutException _) {
                return 0;
            } finally {
                socket.setSoTimeout(0);
            }
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            long written = 0;
            for (int i = offset; i < offset + length; i++) {
                byte[] bytes = new byte[srcs[i].remaining()];
                srcs[i].get(bytes);
                out.write(bytes);
                written += bytes.length;
            }
            return written;
        }

        @Override
        public void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
