// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.spi.Transport;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Somebody else's server as small as it can be: it parses requests by itself, has a {@link WebSocketHost} answer
 * them, and hands over what carries the connection in one of the ways that adapters have.
 */
final class RawHost implements AutoCloseable {
    /** What is handed over. */
    enum Way {
        /** A stream in memory whose events come on the thread that runs the connection. */
        ON_THE_HOSTS_THREAD,
        /** A stream in memory whose events come on a thread of the host's, for a loop of ours. */
        EVENTS,
        /** The same, and it cannot be closed by halves. */
        NO_HALF_CLOSE,
        /** A socket channel. */
        CHANNEL,
        /** A socket channel for readiness, and bytes by the stream. */
        CHANNEL_AND_BYTES,
        /** A blocking transport over a socket. */
        BLOCKING
    }

    /** What becomes of an open connection. */
    @FunctionalInterface
    interface Opened {
        void accept(WebSocketHost host, Connection connection);
    }

    final WebSocketHost host;
    final Way way;
    final AtomicInteger ended = new AtomicInteger();
    final LinkedBlockingQueue<Connection> connections = new LinkedBlockingQueue<>();
    final ExecutorService events;
    final AtomicReference<@Nullable HostStream> lastStream = new AtomicReference<>();
    private final AtomicReference<@Nullable Thread> eventThread = new AtomicReference<>();
    private final @Nullable HostLoop loop;
    private final Upgrader upgrader;
    private final Opened opened;
    private final ServerSocketChannel listening;
    private final List<Thread> threads = new ArrayList<>();

    RawHost(Way way, WebSocketHost host, Upgrader upgrader, Opened opened) throws IOException {
        this.way = way;
        this.host = host;
        this.upgrader = upgrader;
        this.opened = opened;
        events = Executors.newSingleThreadExecutor(task -> {
            Thread thread = Thread.ofPlatform().daemon().name("host-events").unstarted(task);
            eventThread.set(thread);
            return thread;
        });
        loop = way == Way.ON_THE_HOSTS_THREAD
                ? host.loop("host-events", events, () -> Thread.currentThread() == eventThread.get())
                : null;
        listening = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    boolean inMemory() {
        return way == Way.ON_THE_HOSTS_THREAD || way == Way.EVENTS || way == Way.NO_HALF_CLOSE;
    }

    /** {@return a client that has sent a request, and behind it {@code more}, and has the head of the answer} */
    ScriptedPeer connect(byte[] more, String... fields) throws IOException {
        String request =
                HttpHead.upgradeRequest("localhost", "/", fields) + new String(more, StandardCharsets.ISO_8859_1);
        return ScriptedPeer.overHttp(client(), request);
    }

    ScriptedPeer connectTo(String path) throws IOException {
        return ScriptedPeer.overHttp(client(), HttpHead.upgradeRequest("localhost", path));
    }

    ScriptedPeer connect() throws IOException {
        return connect(new byte[0]).expectUpgraded();
    }

    Connection connection() throws InterruptedException {
        Connection connection = connections.poll(60, TimeUnit.SECONDS);
        if (connection == null) {
            throw new AssertionError("no connection was opened");
        }
        return connection;
    }

    private Transport client() throws IOException {
        if (inMemory()) {
            HostStream stream = new HostStream(events, loop, way != Way.NO_HALF_CLOSE);
            lastStream.set(stream);
            serve(
                    stream::readBlocking,
                    bytes -> writeAll(stream, bytes),
                    (accepted, rest) -> host.open(accepted, stream, rest));
            return stream.client();
        }
        SocketChannel client = SocketChannel.open(listening.getLocalAddress());
        SocketChannel channel = listening.accept();
        serve(channel::read, channel::write, (accepted, rest) -> open(accepted, channel, rest));
        return new ChannelTransport(client);
    }

    private static void writeAll(HostStream stream, ByteBuffer bytes) throws IOException {
        ByteBuffer[] one = {bytes};
        while (bytes.hasRemaining()) {
            long _ = stream.write(one, 0, 1);
        }
    }

    private Connection open(UpgradeReply.Accepted accepted, SocketChannel channel, ByteBuffer rest) throws IOException {
        return switch (way) {
            case CHANNEL -> host.open(accepted, channel, rest, ended::incrementAndGet);
            case CHANNEL_AND_BYTES -> host.open(accepted, new ChannelStream(channel), rest);
            case BLOCKING -> host.open(accepted, new BlockingTransport(channel), rest);
            case ON_THE_HOSTS_THREAD, EVENTS, NO_HALF_CLOSE -> throw new IllegalStateException(way + " has no channel");
        };
    }

    private interface Reads {
        int read(ByteBuffer dst) throws IOException;
    }

    private interface Writes {
        void write(ByteBuffer bytes) throws IOException;
    }

    private interface Opens {
        Connection open(UpgradeReply.Accepted accepted, ByteBuffer leftover) throws IOException;
    }

    private void serve(Reads in, Writes out, Opens opens) {
        Thread serving = Thread.ofVirtual().name("raw-host").start(() -> {
            try {
                answer(in, out, opens);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        threads.add(serving);
    }

    private void answer(Reads in, Writes out, Opens opens) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        int end = -1;
        while (end < 0 && in.read(buffer) > 0) {
            end = text(buffer).indexOf("\r\n\r\n");
        }
        String[] lines = text(buffer).substring(0, end).split("\r\n");
        ByteBuffer leftover = buffer.flip().position(end + 4);
        UpgradeReply reply = host.reply(upgrader, request(lines), Headers.of("X-Host", "raw"));
        StringBuilder head = new StringBuilder("HTTP/1.1 " + reply.status() + " Any Text\r\n");
        for (Headers.Field field : reply.headers()) {
            head.append(field.name()).append(": ").append(field.value()).append("\r\n");
        }
        if (reply.status() != 101) {
            head.append("Content-Length: ").append(reply.body().length).append("\r\n");
        }
        out.write(ByteBuffer.wrap(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1)));
        out.write(ByteBuffer.wrap(reply.body()));
        if (reply instanceof UpgradeReply.Accepted accepted) {
            Connection connection = opens.open(accepted, leftover);
            opened.accept(host, connection);
            connections.add(connection);
        }
    }

    private static String text(ByteBuffer buffer) {
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
    }

    static UpgradeRequest request(String... lines) {
        Headers.Builder headers = Headers.builder();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            headers.add(
                    lines[i].substring(0, colon), lines[i].substring(colon + 1).strip());
        }
        Headers all = headers.build();
        String method = lines[0].substring(0, lines[0].indexOf(' '));
        String version = lines[0].substring(lines[0].lastIndexOf(' ') + 1);
        String path = lines[0].substring(method.length() + 1, lines[0].length() - version.length() - 1);
        return UpgradeRequest.http(method, version, all.first("Host").orElse(""), false, all)
                .at(path);
    }

    @Override
    public void close() throws Exception {
        host.close();
        listening.close();
        for (Thread thread : threads) {
            thread.join();
        }
        events.shutdown();
    }

    /** Bytes of a host that decrypts, say, with a channel that tells when there are some. */
    private static final class ChannelStream implements AsyncStream {
        private final SocketChannel channel;

        ChannelStream(SocketChannel channel) throws IOException {
            this.channel = channel;
            channel.configureBlocking(false);
        }

        @Override
        public Optional<SelectableChannel> channel() {
            return Optional.of(channel);
        }

        @Override
        public int read(ByteBuffer dst) throws IOException {
            return channel.read(dst);
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            return channel.write(srcs, offset, length);
        }

        @Override
        public boolean flushed() {
            return true;
        }

        @Override
        public void whenReadable(Runnable task) {
            throw new AssertionError("the channel tells");
        }

        @Override
        public void whenWritable(Runnable task) {
            throw new AssertionError("the channel tells");
        }

        @Override
        public void shutdownOutput() throws IOException {
            channel.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** A transport of which nobody knows that there is a channel. */
    private record BlockingTransport(SocketChannel channel) implements Transport {
        @Override
        public int read(ByteBuffer dst) throws IOException {
            return channel.read(dst);
        }

        @Override
        public int read(ByteBuffer dst, Duration timeout) {
            throw new AssertionError("no read of a pump is timed");
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            return channel.write(srcs, offset, length);
        }

        @Override
        public void shutdownOutput() throws IOException {
            channel.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
