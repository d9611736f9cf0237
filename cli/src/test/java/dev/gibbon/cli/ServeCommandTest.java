// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.WebSocketServer;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.Pki;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The server that the options describe, started in this process. */
class ServeCommandTest {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    @Test
    void thePageIsServedWithWhatABrowserNeeds() throws Exception {
        try (WebSocketServer server = start("--port", "0")) {
            HttpResponse<String> page = get(HttpClient.newHttpClient(), "http://localhost:" + server.port() + "/");
            assertEquals(200, page.statusCode());
            assertEquals(
                    "text/html; charset=utf-8",
                    page.headers().firstValue("Content-Type").orElseThrow());
            for (String id : List.of("connect", "disconnect", "message", "send", "log", "status")) {
                assertTrue(page.body().contains("id=\"" + id + "\""), id);
            }
            assertFalse(page.body().contains("innerHTML"), "what a peer says must stay text");
            assertFalse(page.body().contains("src=\"http"), "the page needs no network");
        }
    }

    @Test
    void echoesEveryKindAndShowsItWhenVerbose() throws Exception {
        try (WebSocketServer server = start("--port", "0", "--verbose");
                ScriptedPeer peer = peer(server)) {
            peer.sendText("hello\033[31m");
            peer.expectText("hello\033[31m");
            peer.sendBinary(new byte[] {1, -1});
            peer.expectBinary(new byte[] {1, -1});
            assertEquals("recv: hello\\u{1B}[31m", line());
            assertEquals("recv: binary, 2 bytes: 01 ff", line());
            assertEquals(0, lines.size());
        }
    }

    @Test
    void acceptsAMessageOf65536Fragments() throws Exception {
        try (WebSocketServer server = start("--port", "0");
                ScriptedPeer peer = peer(server)) {
            List<Frame> frames = new ArrayList<>();
            frames.add(Frame.binary(new byte[] {7}).withFin(false));
            for (int i = 2; i < 65_536; i++) {
                frames.add(Frame.continuation(new byte[] {7}).withFin(false));
            }
            frames.add(Frame.continuation(new byte[] {7}));
            peer.send(frames);
            assertEquals(65_536, peer.expectFrame().payload().length);
        }
    }

    @Test
    void aMessageLongerThanAllowedEndsTheConnectionWith1009() throws Exception {
        try (WebSocketServer server = start("--port", "0", "--max-message", "1k");
                ScriptedPeer peer = peer(server)) {
            peer.sendBinary(new byte[1024]);
            peer.expectBinary(new byte[1024]);
            peer.sendBinary(new byte[1025]);
            String reason = peer.expectClose(1009);
            assertTrue(reason.contains("1025"), reason);
        }
    }

    @Test
    void compressionIsAcceptedUnlessToldNotTo() throws Exception {
        String offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
        String text = "the same and the same and the same again, ".repeat(10);
        for (boolean accepts : new boolean[] {true, false}) {
            try (WebSocketServer server = accepts ? start("--port", "0") : start("--port", "0", "--no-deflate")) {
                String request = HttpHead.upgradeRequest("localhost:" + server.port(), "/echo", offer);
                try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request)
                        .expectUpgraded()
                        .allowRsv1()) {
                    String answer =
                            peer.response().header("Sec-WebSocket-Extensions").orElse("");
                    assertEquals(accepts, answer.startsWith("permessage-deflate"), answer);
                    assertEquals(accepts, !answer.isEmpty(), answer);
                    peer.sendText(text);
                    Frame echo = peer.expectFrame();
                    assertEquals(accepts, echo.rsv1());
                    assertEquals(accepts, echo.payload().length < text.length());
                }
            }
        }
    }

    @Test
    void speaksTheSubprotocolsItIsTold() throws Exception {
        assertEquals("", chosen("chat"), "none unless told");
        assertEquals("chat", chosen("chat", "--subprotocol", "chat"));
        assertEquals("chat", chosen("a, chat, v2.b", "--subprotocol", "v2.b", "--subprotocol", "chat"));
        assertEquals("", chosen("other", "--subprotocol", "chat"));
        assertEquals("a", chosen("a, chat", "--subprotocol", "*"));
        assertEquals("a", chosen("a, chat", "--subprotocol", "chat", "--subprotocol", "*"));
    }

    private String chosen(String offer, String... options) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--port", "0"));
        arguments.addAll(List.of(options));
        String chosen = null;
        try (WebSocketServer server = start(arguments.toArray(String[]::new))) {
            for (String path : List.of("/echo", "/echo/event")) {
                String request =
                        HttpHead.upgradeRequest("localhost:" + server.port(), path, "Sec-WebSocket-Protocol: " + offer);
                try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request)
                        .expectUpgraded()) {
                    String now =
                            peer.response().header("Sec-WebSocket-Protocol").orElse("");
                    assertEquals(chosen == null ? now : chosen, now, "both faces");
                    chosen = now;
                }
            }
        }
        return chosen == null ? "" : chosen;
    }

    @Test
    void aSubprotocolIsAToken() {
        ParameterException e =
                assertThrows(ParameterException.class, () -> start("--port", "0", "--subprotocol", "a b"));
        assertTrue(e.getMessage().startsWith("--subprotocol: "), e.getMessage());
    }

    @Test
    void onlyListedOriginsAndItsOwnMayConnect() throws Exception {
        try (WebSocketServer server =
                start("--port", "0", "--allow-origin", "https://a.example", "--allow-origin", "https://b.example")) {
            String own = "http://localhost:" + server.port();
            assertEquals(
                    List.of(101, 101, 101, 403),
                    statuses(server, own, "https://a.example", "https://b.example", "https://c.example"));
        }
        try (WebSocketServer server = start("--port", "0", "--allow-origin", "*")) {
            assertEquals(List.of(101), statuses(server, "https://c.example"));
        }
        try (WebSocketServer server = start("--port", "0")) {
            assertEquals(List.of(403), statuses(server, "https://a.example"));
        }
    }

    @Test
    void speaksTlsWithPemFiles(@TempDir Path directory) throws Exception {
        Pki pki = Pki.make(directory, "EC");
        try (WebSocketServer server = start(
                        "--port",
                        "0",
                        "--tls",
                        pki.certificate().toString(),
                        pki.key().toString());
                HttpClient client =
                        HttpClient.newBuilder().sslContext(pki.client()).build()) {
            String authority = "localhost:" + server.port();
            assertEquals(200, get(client, "https://" + authority + "/").statusCode());
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();
            WebSocket ws = client.newWebSocketBuilder()
                    .buildAsync(URI.create("wss://" + authority + "/echo"), new WebSocket.Listener() {
                        @Override
                        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                            heard.add(data.toString());
                            return null;
                        }
                    })
                    .get(10, TimeUnit.SECONDS);
            ws.sendText("over TLS", true).get(10, TimeUnit.SECONDS);
            assertEquals("over TLS", heard.poll(10, TimeUnit.SECONDS));
            ws.abort();
        }
    }

    @Test
    void aUnixSocketTakesThePlaceOfTcpAndGoesInTheEnd(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("gibbon.sock");
        try (WebSocketServer server = start("--unix", socket.toString())) {
            assertEquals(List.of(UnixDomainSocketAddress.of(socket)), server.addresses());
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                channel.write(ByteBuffer.wrap(
                        HttpHead.upgradeRequest("localhost", "/echo").getBytes(StandardCharsets.US_ASCII)));
                ByteBuffer answer = ByteBuffer.allocate(12);
                while (answer.hasRemaining() && channel.read(answer) >= 0) {}
                assertEquals(
                        "HTTP/1.1 101",
                        StandardCharsets.US_ASCII.decode(answer.flip()).toString());
            }
        }
        assertFalse(Files.exists(socket));
    }

    @Test
    void bothAreListenedOnIfBothAreNamed(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("gibbon.sock");
        try (WebSocketServer server = start("--unix", socket.toString(), "--host", "127.0.0.1", "--port", "0")) {
            assertEquals(2, server.addresses().size());
        }
    }

    @Test
    void saysWhereItIs(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("gibbon.sock");
        ServeCommand command = parsed("--host", "127.0.0.1", "--port", "0", "--unix", socket.toString());
        StringWriter out = new StringWriter();
        try (WebSocketServer server = command.start(lines::add)) {
            command.announce(server, new PrintWriter(out, true));
            assertEquals(
                    List.of(
                            "page  http://127.0.0.1:" + server.port() + "/",
                            "echo  ws://127.0.0.1:" + server.port() + "/echo",
                            "unix  " + socket,
                            "Messages up to 64 MiB. Ctrl-C ends it."),
                    out.toString().lines().toList());
        }
    }

    @Test
    void oneAddressMayHaveSoManyConnections() throws Exception {
        try (WebSocketServer server = start("--host", "127.0.0.1", "--port", "0", "--max-per-address", "1");
                ScriptedPeer first = peer(server)) {
            assertEquals(List.of(429), statuses(server, "http://127.0.0.1"));
            first.sendText("still here");
            first.expectText("still here");
        }
    }

    @Test
    void messagesBeyondTheirRateCome() throws Exception {
        try (WebSocketServer server = start("--port", "0", "--message-rate", "1000");
                ScriptedPeer peer = peer(server)) {
            for (int i = 0; i < 1500; i++) {
                peer.sendText("message " + i);
            }
            for (int i = 0; i < 1500; i++) {
                peer.expectText("message " + i);
            }
        }
    }

    @Test
    void numbersOutOfRangeAreNamedByTheirOption() {
        for (String option : List.of("--loops", "--max-per-address", "--message-rate")) {
            ParameterException refused =
                    assertThrows(ParameterException.class, () -> start("--port", "0", option, "0"));
            assertTrue(refused.getMessage().startsWith(option + ": "), refused.getMessage());
        }
    }

    private static ServeCommand parsed(String... args) {
        ServeCommand command = new ServeCommand();
        new CommandLine(command).parseArgs(args);
        return command;
    }

    private WebSocketServer start(String... args) throws Exception {
        return parsed(args).start(lines::add);
    }

    private String line() throws InterruptedException {
        return lines.poll(10, TimeUnit.SECONDS);
    }

    private static ScriptedPeer peer(WebSocketServer server) throws Exception {
        String authority = "localhost:" + server.port();
        return ScriptedPeer.overHttp("localhost", server.port(), HttpHead.upgradeRequest(authority, "/echo"))
                .expectUpgraded();
    }

    private static List<Integer> statuses(WebSocketServer server, String... origins) throws Exception {
        List<Integer> statuses = new ArrayList<>();
        for (String origin : origins) {
            String request = HttpHead.upgradeRequest("localhost:" + server.port(), "/echo", "Origin: " + origin);
            try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request)) {
                statuses.add(peer.response().status());
            }
        }
        return statuses;
    }

    private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
