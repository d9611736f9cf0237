// SPDX-License-Identifier: Apache-2.0

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Many clients that send a message of 1 MiB each to handlers that never read: what the server keeps of it. */
public final class Unread {
    private static final int MESSAGE_BYTES = 1 << 20;

    /** What an engine reads ahead in all, and what each connection does beyond that: see maxReadAheadBytes. */
    private static final long ENGINE_BYTES = 64L << 20;

    private static final long LITTLE_BYTES = 1024;

    /** What a connection with a blocked handler may cost besides what it has read: objects, stack, key. */
    private static final long CONNECTION_BYTES = 8 * 1024;

    /** The buffers that the connections of a loop share, of all loops. */
    private static final long LOOP_BYTES = 16 << 20;

    private Unread() {}

    public static void main(String[] args) throws Exception {
        if (args[0].equals("client")) {
            client(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        } else {
            server(Integer.parseInt(args[0]));
        }
    }

    // ---- The server

    private static void server(int connections) throws Exception {
        AtomicInteger open = new AtomicInteger();
        ConnectionOptions options = ConnectionOptions.defaults();
        Upgrader upgrader = Upgrader.builder().options(options).build();
        WebSocketServer server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/", exchange -> {
                    Connection connection = upgrader.upgrade(exchange);
                    int _ = open.incrementAndGet();
                    var _ = connection.closed().join(); // It never reads.
                })
                .start();
        long heapBefore = heap();
        long directBefore = direct();
        long rssBefore = rss();
        Process clients = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "Unread",
                        "client",
                        String.valueOf(server.port()),
                        String.valueOf(connections))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String told = clients.inputReader().readLine(); // Once nobody takes any more.
        long rss = rss() - rssBefore; // As it is, before a collection is asked for.
        long heap = heap() - heapBefore;
        long direct = direct() - directBefore;
        long each =
                Math.min((long) connections * options.maxReadAheadBytes(), ENGINE_BYTES + connections * LITTLE_BYTES);
        long allowed = each + connections * CONNECTION_BYTES + LOOP_BYTES;
        System.out.printf("connections open          %,15d%n", open.get());
        System.out.printf(
                "sent by the clients       %,15d bytes, of %,d%n",
                Long.parseLong(told), (long) connections * MESSAGE_BYTES);
        System.out.printf("may be read ahead         %,15d bytes, 64 for each message included%n", each);
        System.out.printf(
                "live heap                 %,15d bytes more than before, %,d for each connection%n",
                heap, heap / connections);
        System.out.printf("direct buffers            %,15d bytes more%n", direct);
        System.out.printf("resident                  %,15d bytes more, no collection forced%n", rss);
        System.out.printf("kernel                    %s%n", kernel());
        clients.destroy();
        int _ = clients.waitFor();
        server.close();
        boolean good = open.get() == connections && heap + direct <= allowed;
        System.out.printf(
                "%s: live heap and direct buffers together at most %,d bytes, 16 MiB that loops share included%n",
                good ? "within the bounds" : "OVER THE BOUNDS", allowed);
        System.exit(good ? 0 : 1);
    }

    private static long heap() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            Thread.sleep(Duration.ofMillis(200));
            least = Math.min(
                    least,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    private static long direct() {
        long all = 0;
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            all += pool.getMemoryUsed();
        }
        return all;
    }

    private static long rss() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return 0;
    }

    private static String kernel() throws IOException {
        Path sockets = Path.of("/proc/net/sockstat");
        if (!Files.exists(sockets)) {
            return "unknown";
        }
        List<String> tcp = Files.readAllLines(sockets).stream()
                .filter(line -> line.startsWith("TCP:"))
                .toList();
        return tcp.isEmpty() ? "unknown" : tcp.getFirst() + " (mem in pages)";
    }

    // ---- The clients, one thread

    /** A client: what it has yet to send, and whether it was answered. */
    private static final class Client {
        private final ByteBuffer request;
        private final ByteBuffer message;
        private boolean answered;

        Client(ByteBuffer request, ByteBuffer message) {
            this.request = request;
            this.message = message;
        }
    }

    private static void client(int port, int connections) throws Exception {
        byte[] request = ("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nUpgrade: websocket\r\n"
                        + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        + "Sec-WebSocket-Version: 13\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer message = ByteBuffer.allocateDirect(14 + MESSAGE_BYTES);
        message.put((byte) 0x82).put((byte) 0xFF).putLong(MESSAGE_BYTES).putInt(0); // §5.2, with a masking key of 0
        message.clear();
        long sent = 0;
        ByteBuffer answer = ByteBuffer.allocateDirect(4096);
        try (Selector selector = Selector.open()) {
            int opened = 0;
            int answered = 0;
            long lastProgress = System.nanoTime();
            while (answered < connections
                    || System.nanoTime() - lastProgress < Duration.ofSeconds(3).toNanos()) {
                for (; opened < connections && opened - answered < 64; opened++) {
                    open(selector, port, new Client(ByteBuffer.wrap(request), message.duplicate()));
                }
                int _ = selector.select(100);
                for (SelectionKey key : selector.selectedKeys()) {
                    SocketChannel channel = (SocketChannel) key.channel();
                    Client client = (Client) key.attachment();
                    if (!client.answered && key.isReadable()) {
                        if (channel.read(answer.clear()) <= 0) {
                            throw new IOException("refused");
                        }
                        client.answered = true; // The head comes in one piece on loopback.
                        answered++;
                        key.interestOps(SelectionKey.OP_WRITE);
                    } else if (client.answered && key.isWritable()) {
                        long n = channel.write(client.message);
                        sent += n;
                        lastProgress = n > 0 ? System.nanoTime() : lastProgress;
                        if (!client.message.hasRemaining()) {
                            key.interestOps(0);
                        }
                    }
                }
                selector.selectedKeys().clear();
            }
            System.out.println(sent);
            Thread.sleep(Duration.ofMinutes(5)); // The server ends it.
        }
    }

    private static void open(Selector selector, int port, Client client) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        int _ = channel.write(client.request);
        channel.configureBlocking(false);
        SelectionKey _ = channel.register(selector, SelectionKey.OP_READ, client);
    }
}
