// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.autobahn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.Exchange;
import dev.gibbon.HandshakeException;
import dev.gibbon.Message;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class ClientTest {
    private final List<String> seen = new CopyOnWriteArrayList<>();

    @Test
    void goesThroughTheCasesEchoesAndAsksForTheReport() throws Exception {
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .handle("/getCaseCount", this::tellCount)
                .handle("/runCase", this::runCase)
                .handle("/updateReports", this::note)
                .start()) {
            assertEquals(2, Client.run("ws://localhost:" + server.port(), "me"));
        }
        assertEquals(
                List.of(
                        "/runCase?case=1&agent=me",
                        "text message of 3 bytes",
                        "/runCase?case=2&agent=me",
                        "text message of 3 bytes",
                        "/updateReports?agent=me"),
                seen);
    }

    @Test
    void serverWithoutCasesIsAFailure() throws Exception {
        try (WebSocketServer server =
                WebSocketServer.builder().bind("localhost", 0).start()) {
            assertThrows(HandshakeException.class, () -> Client.run("ws://localhost:" + server.port(), "me"));
        }
    }

    private void tellCount(Exchange exchange) throws IOException {
        try (Connection ws = Upgrader.create().upgrade(exchange)) {
            ws.writeText("2");
        }
    }

    /** Ends as a case does that the client fails or that hangs up: the next one comes all the same. */
    private void runCase(Exchange exchange) throws IOException {
        seen.add(exchange.target());
        try (Connection ws = Upgrader.create().upgrade(exchange)) {
            ws.writeText("two");
            Message echo = ws.readMessage();
            seen.add(String.valueOf(echo));
            ws.close(CloseCode.PROTOCOL_ERROR, "");
        }
    }

    private void note(Exchange exchange) throws IOException {
        seen.add(exchange.target());
        Upgrader.create().upgrade(exchange).close();
    }
}
