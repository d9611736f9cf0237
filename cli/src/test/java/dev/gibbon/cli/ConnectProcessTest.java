// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.Exchange;
import dev.gibbon.Headers;
import dev.gibbon.Message;
import dev.gibbon.PemTls;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.testkit.Pki;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program as a filter, in a process of its own, against a server in this one. */
class ConnectProcessTest {
    private static final long PATIENCE_SECONDS = 120;

    private final Upgrader upgrader = Upgrader.builder().subprotocols("chat").build();
    private final List<Process> started = new ArrayList<>();
    private final AtomicInteger attempts = new AtomicInteger();
    private WebSocketServer server;

    private record Outcome(int status, byte[] output, String errors) {
        String text() {
            return new String(output, StandardCharsets.UTF_8);
        }
    }

    @BeforeEach
    void serve() throws IOException {
        server = WebSocketServer.builder()
                .bind("localhost", 0)
                .handle("/echo", this::echo)
                .handle("/echo/{bytes}", this::echoSome)
                .handle("/close/{code}", this::closeWith)
                .handle("/lost", exchange -> upgrader.upgrade(exchange).abort())
                .handle("/say", this::sayThreeThings)
                .handle("/extensions", this::tellExtensions)
                .handle("/request", this::tellRequest)
                .handle("/second-time", this::loseFirst)
                .handle(
                        "/refused",
                        exchange -> exchange.respond(
                                403,
                                Headers.of("X-Reason", "closed"),
                                "not \033[31mtoday\n".getBytes(StandardCharsets.UTF_8)))
                .start();
    }

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
        server.close();
    }

    @Test
    void aLineOfInputIsAMessageAndAMessageIsALineOfOutput() throws Exception {
        Outcome outcome = connect("one\ntwo é\n\nlast", "/echo/13");
        assertEquals(new Said(0, "one\ntwo é\n\nlast\n", ""), said(outcome));
    }

    @Test
    void silenceAfterTheEndOfTheInputEndsIt() throws Exception {
        Process process = start("--linger", "500ms", url("/echo"));
        process.getOutputStream().close();
        assertEquals(0, exit(process));
    }

    @Test
    void bytesPassUnchanged() throws Exception {
        byte[] bytes = new byte[300_000];
        new Random(2).nextBytes(bytes);
        Outcome outcome = connect(bytes, "--binary", url("/echo/300000"));
        assertEquals("", outcome.errors());
        assertArrayEquals(bytes, outcome.output());
        assertEquals(0, outcome.status());
    }

    @Test
    void lineBreaksInMessagesAreEscapedUnlessRaw() throws Exception {
        Outcome lines = connect("", "/say");
        assertEquals("a\\nb\nend\n", lines.text());
        assertTrue(lines.errors().contains("left out a binary message of 2 bytes"), lines.errors());
        assertEquals("a\nb\nend\n", connect(new byte[0], "--raw", url("/say")).text());
    }

    @ParameterizedTest
    @CsvSource({"1000, 0", "1001, 0", "1011, 1", "1008, 1", "4321, 1"})
    void theServersCloseCodeIsTheExitStatus(int code, int status) throws Exception {
        Outcome outcome = connect(new byte[0], url("/close/" + code));
        assertEquals(status, outcome.status(), outcome.errors());
        assertEquals(status == 0, outcome.errors().isEmpty(), outcome.errors());
    }

    @Test
    void aLostConnectionIsNoCleanClose() throws Exception {
        Outcome outcome = connect(new byte[0], url("/lost"));
        assertEquals(1, outcome.status());
        assertTrue(outcome.errors().startsWith("gibbon connect: connection lost (1006)"), outcome.errors());
    }

    @Test
    void aRefusalShowsStatusFieldsAndBody() throws Exception {
        Outcome outcome = connect("x\n", "/refused");
        assertEquals(3, outcome.status());
        assertTrue(outcome.errors().startsWith("gibbon connect: handshake refused: status 403"), outcome.errors());
        assertTrue(outcome.errors().contains("< HTTP/1.1 403\n"), outcome.errors());
        assertTrue(outcome.errors().contains("< X-Reason: closed\n"), outcome.errors());
        assertTrue(outcome.errors().endsWith("<\n< not \\u{1B}[31mtoday\n"), outcome.errors());
        assertEquals("", outcome.text());
    }

    @Test
    void aClosedPortIsStatus4() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Outcome outcome = connect(new byte[0], "ws://127.0.0.1:" + port + "/");
        assertEquals(4, outcome.status());
        assertTrue(
                outcome.errors().startsWith("gibbon connect: cannot connect to 127.0.0.1:" + port + ": "),
                outcome.errors());
    }

    @Test
    void tlsIsTrustedOnlyWhereToldTo(@TempDir Path directory) throws Exception {
        Pki pki = Pki.make(directory, "EC");
        try (WebSocketServer secure = WebSocketServer.builder()
                .bind("localhost", 0)
                .tls(PemTls.serverContext(pki.certificate(), pki.key()))
                .handle("/echo/{bytes}", this::echoSome)
                .start()) {
            String url = "wss://localhost:" + secure.port() + "/echo/2";
            byte[] input = "hi\n".getBytes(StandardCharsets.UTF_8);
            Outcome unknown = connect(input, url);
            assertEquals(4, unknown.status());
            assertTrue(unknown.errors().startsWith("gibbon connect: TLS failed:"), unknown.errors());
            assertTrue(unknown.errors().contains("--cacert"), unknown.errors());
            Outcome plain = connect(input, "ws://localhost:" + secure.port() + "/echo");
            assertEquals(4, plain.status());
            assertTrue(plain.errors().contains("try wss://"), plain.errors());
            Outcome secret = connect(input, "wss://localhost:" + server.port() + "/echo");
            assertEquals(4, secret.status());
            assertTrue(secret.errors().contains("try ws://"), secret.errors());
            Outcome trusted = connect(input, "--cacert", pki.certificate().toString(), url);
            assertEquals(new Said(0, "hi\n", ""), said(trusted));
            assertEquals(new Said(0, "hi\n", ""), said(connect(input, "--insecure", url)));
        }
    }

    @Test
    void compressionIsOfferedUnlessToldNotTo() throws Exception {
        String offer = "[permessage-deflate; client_max_window_bits]\n";
        Outcome usual = connect(new byte[0], url("/extensions"));
        assertEquals(new Said(0, offer, ""), said(usual));
        Outcome without = connect(new byte[0], "--no-deflate", url("/extensions"));
        assertEquals(new Said(0, "[]\n", ""), said(without));
    }

    @Test
    void headersOriginSubprotocolAndCredentialsAreSent() throws Exception {
        String url = url("/request");
        Outcome outcome =
                connect(new byte[0], "-v", "-H", "X-A: 1", "-H", "X-A:2", "--basic", "me:secret", "-s", "chat", url);
        String pair = Base64.getEncoder().encodeToString("me:secret".getBytes(StandardCharsets.UTF_8));
        assertEquals("[1, 2] [Basic " + pair + "] chat\n", outcome.text());
        assertTrue(outcome.errors().contains("> X-A: 2\n"), outcome.errors());
        assertTrue(outcome.errors().contains("< HTTP/1.1 101 Switching Protocols\n"), outcome.errors());
        assertTrue(outcome.errors().contains("< Sec-WebSocket-Protocol: chat\n"), outcome.errors());
        assertTrue(!outcome.errors().contains(pair) && !outcome.errors().contains("secret"), outcome.errors());
    }

    @Test
    void aLostConnectionIsReplacedAndWhatWasTypedMeanwhileIsSent() throws Exception {
        Process process = start("--reconnect", url("/second-time"));
        try (OutputStream in = process.getOutputStream()) {
            assertTrue(process.errorReader().readLine().contains("trying again in"));
            in.write("hi\n".getBytes(StandardCharsets.UTF_8));
            in.flush();
            assertEquals("hi", process.inputReader().readLine());
        }
        assertEquals(0, exit(process));
        assertEquals(2, attempts.get());
    }

    @Test
    void sigtermClosesCleanly() throws Exception {
        Process process = start(url("/echo"));
        process.getOutputStream().write("hi\n".getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        assertEquals("hi", process.inputReader().readLine());
        process.destroy();
        assertEquals(0, exit(process));
    }

    @Test
    void aLineThatIsNotUtf8IsStatus2() throws Exception {
        Outcome outcome = connect(new byte[] {'a', '\n', (byte) 0xFF, '\n'}, url("/echo"));
        assertEquals(2, outcome.status(), outcome.errors());
        assertTrue(outcome.errors().contains("line 2 of the input is not UTF-8"), outcome.errors());
    }

    private void echo(Exchange exchange) throws IOException {
        try (Connection ws = upgrader.upgrade(exchange)) {
            for (Message message; (message = ws.readMessage()) != null; ) {
                ws.writeMessage(message);
            }
        }
    }

    /** Closes once that many bytes were echoed: a client that waited for silence would need to know for how long. */
    private void echoSome(Exchange exchange) throws IOException {
        int missing = Integer.parseInt(exchange.pathParameter("bytes"));
        try (Connection ws = upgrader.upgrade(exchange)) {
            while (missing > 0) {
                Message message = ws.readMessage();
                if (message == null) {
                    return;
                }
                ws.writeMessage(message);
                missing -= message.length();
            }
        }
    }

    private void closeWith(Exchange exchange) throws IOException {
        int code = Integer.parseInt(exchange.pathParameter("code"));
        upgrader.upgrade(exchange).close(new CloseCode(code), "because");
    }

    private void sayThreeThings(Exchange exchange) throws IOException {
        try (Connection ws = upgrader.upgrade(exchange)) {
            ws.writeText("a\nb");
            ws.writeBinary(new byte[2]);
            ws.writeText("end");
        }
    }

    private void tellExtensions(Exchange exchange) throws IOException {
        Headers headers = exchange.headers();
        try (Connection ws = upgrader.upgrade(exchange)) {
            ws.writeText(headers.all("Sec-WebSocket-Extensions").toString());
        }
    }

    private void tellRequest(Exchange exchange) throws IOException {
        Headers headers = exchange.headers();
        try (Connection ws = upgrader.upgrade(exchange)) {
            ws.writeText(headers.all("X-A") + " " + headers.all("Authorization") + " "
                    + ws.subprotocol().orElse(""));
        }
    }

    private void loseFirst(Exchange exchange) throws IOException {
        if (attempts.incrementAndGet() == 1) {
            upgrader.upgrade(exchange).abort();
        } else {
            echo(exchange);
        }
    }

    private record Said(int status, String output, String errors) {}

    private static Said said(Outcome outcome) {
        return new Said(outcome.status(), outcome.text(), outcome.errors());
    }

    private Outcome connect(String input, String path) throws Exception {
        return connect(input.getBytes(StandardCharsets.UTF_8), url(path));
    }

    /** Leaves it to the server to end: how long an answer takes is the machine's affair. */
    private Outcome connect(byte[] input, String... args) throws Exception {
        List<String> all = new ArrayList<>(List.of("--linger", "forever"));
        all.addAll(List.of(args));
        Process process = start(all.toArray(new String[0]));
        CompletableFuture<byte[]> output = CompletableFuture.supplyAsync(() -> all(process.getInputStream()));
        CompletableFuture<byte[]> errors = CompletableFuture.supplyAsync(() -> all(process.getErrorStream()));
        try (OutputStream in = process.getOutputStream()) {
            in.write(input);
        } catch (IOException _) {
            // It ended before it had read all, as it should where there is no connection.
        }
        int status = exit(process);
        return new Outcome(status, output.get(), new String(errors.get(), StandardCharsets.UTF_8));
    }

    private Process start(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.gibbon.cli.Main",
                "connect"));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command).start();
        started.add(process);
        return process;
    }

    private String url(String path) {
        return "ws://localhost:" + server.port() + path;
    }

    private static byte[] all(InputStream in) {
        try (in) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int exit(Process process) throws InterruptedException {
        assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "still runs");
        return process.exitValue();
    }
}
