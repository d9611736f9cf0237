// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a failed dial says to somebody who has to find out why. */
class DialerFailureWordsTest {
    @Test
    void aRefusedConnectionNamesItsAddress() throws Exception {
        int port = closedPort();
        ConnectException refused = assertThrows(
                ConnectException.class, () -> Dialer.create().dial(URI.create("ws://127.0.0.1:" + port + "/")));
        assertTrue(refused.getMessage().startsWith("cannot connect to 127.0.0.1:" + port + ": "), refused.getMessage());
        assertTrue(refused.getCause() instanceof ConnectException, String.valueOf(refused.getCause()));
    }

    @Test
    void severalThatRefusedAreAllNamed() throws Exception {
        int port = closedPort();
        Dialer dialer = Dialer.builder()
                .resolver(_ -> List.of(
                        InetAddress.ofLiteral("127.0.0.1"),
                        InetAddress.ofLiteral("127.0.0.2"),
                        InetAddress.ofLiteral("127.0.0.3")))
                .build();
        ConnectException refused =
                assertThrows(ConnectException.class, () -> dialer.dial(URI.create("ws://h.test:" + port + "/")));
        for (int i = 1; i <= 3; i++) {
            assertTrue(refused.getMessage().contains("127.0.0." + i + ":" + port), refused.getMessage());
        }
        assertEquals(3, refused.getSuppressed().length);
    }

    @Test
    void aUnixSocketThatIsNotThereIsNamed(@TempDir Path directory) {
        Path socket = directory.resolve("none.sock");
        Dialer dialer = Dialer.builder().unixSocket(socket).build();
        IOException failed = assertThrows(IOException.class, () -> dialer.dial(URI.create("ws://localhost/")));
        assertTrue(failed.getMessage().startsWith("cannot connect to " + socket + ": "), failed.getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void tlsInPlaceOfAnHttpReplyIsToldForWhatItIs(int count) throws Exception {
        byte[] alert = {0x15, 3, 3, 0, 2, 2, 80};
        IOException failed = dialed(_ -> Arrays.copyOf(alert, count));
        assertTrue(failed instanceof SSLException, failed.toString());
        assertTrue(failed.getMessage().contains("wss"), failed.getMessage());
    }

    @Test
    void anHttpReplyInPlaceOfAFrameIsToldForWhatItIs() throws Exception {
        IOException failed = dialed(accept -> String.join(
                        "\r\n",
                        "HTTP/1.1 101 Switching Protocols",
                        "Upgrade: websocket",
                        "Connection: Upgrade",
                        "Sec-WebSocket-Accept: " + accept,
                        "",
                        "HTTP/1.1 500 Oh",
                        "")
                .getBytes(StandardCharsets.US_ASCII));
        assertTrue(failed instanceof ProtocolException, failed.toString());
        assertTrue(failed.getMessage().contains("HTTP"), failed.getMessage());
    }

    /** What a server does that answers the accept key with some bytes and ends. */
    @FunctionalInterface
    private interface Answer {
        byte[] to(String accept);
    }

    /** {@return what a dial, or the first read, of a server that answers so throws} */
    private static IOException dialed(Answer answer) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> serve(server, answer));
            URI uri = URI.create("ws://127.0.0.1:" + server.getLocalPort() + "/");
            IOException failed = assertThrows(IOException.class, () -> {
                try (Connection ws = Dialer.create().dial(uri)) {
                    Message _ = ws.readMessage();
                }
            });
            served.get();
            return failed;
        }
    }

    private static void serve(ServerSocket server, Answer answer) {
        try (Socket socket = server.accept();
                InputStream in = socket.getInputStream();
                OutputStream out = socket.getOutputStream()) {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) in.read());
            }
            String key = head.toString().replaceAll("(?s).*Sec-WebSocket-Key: (\\S+).*", "$1");
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            out.write(answer.to(Base64.getEncoder().encodeToString(digest)));
            out.flush();
            socket.shutdownOutput();
            while (in.read() >= 0) {}
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
