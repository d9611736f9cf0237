// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.compression;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.Connection;
import dev.gibbon.Dialer;
import dev.gibbon.Message;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.net.URI;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerTest {
    private static final String LONG =
            "a message that is long enough to come in parts and to be compressed ".repeat(100);

    private final BlockingQueue<String> reports = new LinkedBlockingQueue<>();

    @ParameterizedTest
    @CsvSource({"/0/echo", "/0/echo/event", "/1/echo", "/1/echo/event"})
    void serverTellsWhatWasAgreedAndEchoes(String path) throws Exception {
        PermessageDeflate deflate =
                PermessageDeflate.builder().serverMaxWindowBits(11).build();
        try (Peer peer = new Peer(reports::add)) {
            peer.obey("settings serverMaxWindowBits=9 clientNoContextTakeover");
            peer.obey("settings serverMaxWindowBits=9 clientNoContextTakeover streaming level=6 thresholdBytes=0");
            peer.obey("serve");
            String port = reports.take().substring("port ".length());
            try (Connection ws = Dialer.builder()
                    .permessageDeflate(deflate)
                    .build()
                    .dial(URI.create("ws://localhost:" + port + path))) {
                assertEquals(String.join(", ", ws.extensions()), text(ws));
                assertEquals(
                        "permessage-deflate; client_no_context_takeover;"
                                + " server_max_window_bits=9; client_max_window_bits=12",
                        String.join(", ", ws.extensions()));
                ws.writeText(LONG);
                assertEquals(LONG, text(ws));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, thread", "0, event", "1, thread", "1, event"})
    void clientTellsWhatWasAgreedEchoesAndReportsTheEnd(int set, String face) throws Exception {
        BlockingQueue<String> echoes = new LinkedBlockingQueue<>();
        Upgrader upgrader = Upgrader.builder()
                .permessageDeflate(PermessageDeflate.defaults())
                .build();
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("127.0.0.1", 0)
                        .handle("/", exchange -> {
                            try (Connection ws = upgrader.upgrade(exchange)) {
                                echoes.add(text(ws));
                                ws.writeText(LONG);
                                echoes.add(text(ws));
                            }
                        })
                        .start();
                Peer peer = new Peer(reports::add)) {
            peer.obey("settings clientMaxWindowBits=10 serverNoContextTakeover liveStreams");
            peer.obey("settings clientMaxWindowBits=10 serverNoContextTakeover streaming");
            peer.obey("dial 7 " + set + " " + face + " ws://127.0.0.1:" + server.port() + "/");
            assertEquals("permessage-deflate; server_no_context_takeover; client_max_window_bits=10", echoes.take());
            assertEquals(LONG, echoes.take());
            assertEquals("ended 7 fine", reports.take());
        }
    }

    @Test
    void mistakesInSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Settings.parse("levle=6"));
        assertThrows(IllegalArgumentException.class, () -> Settings.parse("serverMaxWindowBits=7"));
        assertThrows(IllegalArgumentException.class, () -> Settings.parse("level="));
    }

    private static String text(Connection ws) throws Exception {
        Message message = ws.readMessage();
        return message == null ? "closed" : message.text();
    }
}
