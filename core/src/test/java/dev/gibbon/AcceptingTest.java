// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server whose accepting fails for a reason of the application's. */
@Timeout(300)
class AcceptingTest {
    private static void expectHungUpOn(WebSocketServer server) throws IOException {
        try (Socket client = new Socket(ServerUnderTest.HOST, server.port())) {
            assertEquals(-1, client.getInputStream().read());
        }
    }

    @Test
    void aTlsContextThatIsInitialisedLateServesFromThenOn(@TempDir Path directory) throws Exception {
        SSLContext late = SSLContext.getInstance("TLS");
        try (LogLines lines = LogLines.record();
                WebSocketServer server = WebSocketServer.builder()
                        .bind(ServerUnderTest.HOST, 0)
                        .tls(late)
                        .handle(
                                "/",
                                exchange ->
                                        ServerUnderTest.echo(Upgrader.create().upgrade(exchange)))
                        .start()) {
            expectHungUpOn(server);
            expectHungUpOn(server);
            TestTls.init(late, directory);
            Dialer dialer = Dialer.builder().tls(late).build();
            try (Connection connection = dialer.dial(URI.create("wss://localhost:" + server.port()))) {
                connection.writeText("here");
                assertEquals(
                        "here", Objects.requireNonNull(connection.readMessage()).text());
            }
            assertEquals(
                    1, lines.warnings(line -> line.contains("accepting on")).size());
            ServerUnderTest.await("a failed connection counts", () -> server.connectionCount() == 0);
        }
    }
}
