// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Connections that never stop sending must not starve the others; the server has a JVM, and so carriers, of its own.
 */
@Timeout(300)
class FairnessTest {
    private static final int ECHOES = 300;

    /**
     * How many messages of a flood may be answered for each of the neighbour's, on the mean: some reads full of them.
     * Neither side of that depends on the machine's speed. One that starves its neighbour answers a hundred times more.
     */
    private static final int TURN = 16 * 1024;

    @ParameterizedTest(name = "{0} floods")
    @ValueSource(ints = {4, 16, 64})
    @DisplayName("RX-17 tiny messages without pause leave a neighbour its echoes")
    void floodsLeaveANeighbourItsEchoes(int floods) throws Exception {
        Process server = startServer();
        try (BufferedReader output = server.inputReader()) {
            int port = Integer.parseInt(output.readLine());
            try (ScriptedPeer control = ScriptedPeer.overHttp("127.0.0.1", port).expectUpgraded();
                    Flood flood = new Flood(port, floods)) {
                control.deadline(Duration.ofSeconds(60));
                for (int i = 0; i < ECHOES; i++) {
                    control.sendText("echo " + i);
                    control.expectText("echo " + i); // fails if one is lost
                }
                long each = flood.received() / Flood.ECHO_BYTES / floods / ECHOES;
                assertTrue(each <= TURN, each + " messages of every flood for one of the neighbour");
                assertTrue(flood.received() > 0, "the floods were answered too");
            }
        } finally {
            server.destroyForcibly().waitFor();
        }
    }

    private static Process startServer() throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        return new ProcessBuilder(
                        java.toString(), "-cp", System.getProperty("java.class.path"), EchoMain.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** The server's program: echoes on a free port, which it prints. */
    static final class EchoMain {
        private EchoMain() {}

        static void main(String... args) throws Exception {
            Upgrader upgrader = Upgrader.create();
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("127.0.0.1", 0)
                    .handle("/*", exchange -> {
                        try (Connection ws = upgrader.upgrade(exchange)) {
                            for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                                ws.writeMessage(m);
                            }
                        }
                    })
                    .start()) {
                System.out.println(server.port());
                server.awaitShutdown();
            }
        }
    }

    /** Connections that send tiny messages without pause and read whatever comes, all on one thread. */
    private static final class Flood implements AutoCloseable {
        private static final int FRAMES = 1024;
        static final int ECHO_BYTES = 2 + 4;

        private final List<SocketChannel> channels = new ArrayList<>();
        private final Selector selector = Selector.open();
        private final Thread thread;
        private volatile boolean stopped;
        private volatile long received;

        Flood(int port, int count) throws IOException {
            ByteBuffer frames = ByteBuffer.allocateDirect(FRAMES * 10);
            for (int i = 0; i < FRAMES; i++) {
                frames.put((byte) 0x82).put((byte) 0x84).putInt(0).putInt(i); // binary, 4 bytes, masking key 0
            }
            frames.flip();
            for (int i = 0; i < count; i++) {
                SocketChannel channel = upgrade(port);
                channels.add(channel);
                channel.configureBlocking(false);
                SelectionKey _ =
                        channel.register(selector, SelectionKey.OP_READ | SelectionKey.OP_WRITE, frames.duplicate());
            }
            thread = Thread.ofPlatform().daemon().start(this::run);
        }

        private static SocketChannel upgrade(int port) throws IOException {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
            String request = HttpHead.upgradeRequest("127.0.0.1:" + port, "/");
            assertEquals(request.length(), channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII))));
            StringBuilder head = new StringBuilder();
            ByteBuffer one = ByteBuffer.allocate(1);
            while (!head.toString().endsWith("\r\n\r\n")) {
                assertEquals(1, channel.read(one.clear()));
                head.append((char) one.get(0));
            }
            assertTrue(head.toString().startsWith("HTTP/1.1 101 "), head.toString());
            return channel;
        }

        private void run() {
            ByteBuffer sink = ByteBuffer.allocateDirect(256 * 1024);
            try {
                while (!stopped) {
                    int _ = selector.select(key -> pump(key, sink));
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private void pump(SelectionKey key, ByteBuffer sink) {
            SocketChannel channel = (SocketChannel) key.channel();
            ByteBuffer frames = (ByteBuffer) key.attachment();
            try {
                if (key.isReadable()) {
                    long total = received + channel.read(sink.clear());
                    received = total;
                }
                if (key.isWritable() && channel.write(frames) > 0 && !frames.hasRemaining()) {
                    frames.rewind();
                }
            } catch (IOException e) {
                key.cancel(); // The test is over.
            }
        }

        long received() {
            return received;
        }

        @Override
        public void close() throws Exception {
            stopped = true;
            selector.wakeup();
            thread.join();
            selector.close();
            for (SocketChannel channel : channels) {
                channel.close();
            }
        }
    }
}
