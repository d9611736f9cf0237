// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the peer's system hears of an abort. */
@Timeout(300)
class AbortTest {
    private final LinkedBlockingQueue<Connection> opened = new LinkedBlockingQueue<>();

    @ParameterizedTest
    @CsvSource({"blocking,false", "event,false", "blocking,true", "event,true"})
    void abortResetsAPeerThatDoesNotRead(String face, boolean secure, @TempDir Path directory) throws Exception {
        SSLContext context = secure ? TestTls.context(directory) : null;
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind(ServerUnderTest.HOST, 0)
                .handle("/blocking", exchange -> hold(Upgrader.create().upgrade(exchange)))
                .listen("/event", Upgrader.create(), new Listener() {
                    @Override
                    public void onOpen(Connection connection) {
                        opened.add(connection);
                    }
                });
        if (context != null) {
            builder.tls(context);
        }
        try (WebSocketServer server = builder.start();
                Transport peer = connect(context, server.port())) {
            upgrade(peer, server.port(), "/" + face);
            Connection connection = opened.poll(10, TimeUnit.SECONDS);
            assertTrue(connection != null, "nothing was opened");
            connection.writeBinary(new byte[64 * 1024]); // The system takes it; the peer does not.
            connection.abort();
            IOException e = assertThrows(IOException.class, () -> readToTheEnd(peer));
            assertTrue(String.valueOf(e.getMessage()).contains("reset"), e.toString());
            ServerUnderTest.await("it is still counted", () -> server.connectionCount() == 0);
        }
    }

    private void hold(Connection connection) throws IOException {
        opened.add(connection);
        assertThrows(ConnectionClosedException.class, connection::readMessage);
    }

    private static Transport connect(SSLContext context, int port) throws IOException {
        return context != null
                ? TestTls.connect(context, port)
                : new ChannelTransport(SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, port)));
    }

    private static void upgrade(Transport peer, int port, String path) throws IOException {
        byte[] request =
                HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + port, path).getBytes(StandardCharsets.ISO_8859_1);
        long taken = peer.write(new ByteBuffer[] {ByteBuffer.wrap(request)}, 0, 1);
        assertEquals(request.length, taken);
        ByteBuffer first = ByteBuffer.allocate(1);
        assertEquals(1, peer.read(first));
        assertEquals('H', first.get(0));
    }

    private static void readToTheEnd(Transport peer) throws IOException {
        ByteBuffer in = ByteBuffer.allocate(16 * 1024);
        while (peer.read(in.clear()) >= 0) {}
    }
}
