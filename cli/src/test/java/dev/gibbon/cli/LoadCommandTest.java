// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Message;
import dev.gibbon.MessageType;
import dev.gibbon.PemTls;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.testkit.Pki;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Short loads on servers in this process: what is counted, and what of a server that does wrong is noticed. */
@SuppressWarnings("ReferenceEquality") // Which of the connections it is.
class LoadCommandTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** For what has to come and what never will in the same load. */
    private static final Duration ENOUGH = Duration.ofSeconds(6);

    private static final Duration IMPATIENCE = Duration.ofMillis(1500);

    /** A server's side of a connection. */
    @FunctionalInterface
    private interface Script {
        void run(Connection ws) throws IOException;
    }

    /** What a server does with the message of that number in place of echoing it. */
    @FunctionalInterface
    private interface Twist {
        void answer(Connection ws, Message message, int number) throws IOException;
    }

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final AtomicLong seen = new AtomicLong();
    private final List<Connection> group = new CopyOnWriteArrayList<>();
    private WebSocketServer server;

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--connections 1",
                "--connections 5 --depth 7 --size 1",
                "--connections 3 --depth 16 --size 8 --text",
                "--connections 2 --depth 3 --size 40k",
                "--connections 2 --depth 4 --size 300k --utf8",
                "--connections 1 --depth 6 --size 1MiB",
                "--connections 4 --threads 2 --size 100 --utf8"
            })
    void everyEchoIsCountedAndRight(String options) throws Exception {
        echo((ws, message, _) -> ws.writeMessage(message));
        measure(options);
        assertEquals(0, number("errors"));
        long messages = (long) number("messages");
        assertTrue(messages > 0 && messages <= seen.get(), messages + " of " + seen);
        assertTrue(number("p50") > 0 && number("p50") <= number("max"));
        assertTrue(number("messagesPerSecond") > 0);
        assertTrue(number("clientCpuSeconds") > 0);
    }

    /**
     * Of one message in flight the server has the times: those that were counted, but for the first and the last, came
     * to it within the time that was measured, and all of them within no less than the warm-up.
     */
    @Test
    void whatIsMeasuredIsNotWhatIsWarmedUp() throws Exception {
        List<Long> arrivals = new CopyOnWriteArrayList<>();
        echo((ws, message, _) -> {
            arrivals.add(System.nanoTime());
            ws.writeMessage(message);
        });
        measure("--connections 1 --warmup 400ms");
        int counted = (int) number("messages");
        long measuredNanos = (long) (1e9 * number("seconds")) + 1_000_000; // It is rounded to milliseconds.
        assertTrue(measuredNanos >= 200_000_000, measuredNanos + " ns");
        boolean fits = counted <= 2;
        for (int i = 1; i + counted - 3 < arrivals.size() && !fits; i++) {
            fits = arrivals.get(i + counted - 3) - arrivals.get(i) <= measuredNanos;
        }
        assertTrue(fits, counted + " messages in " + measuredNanos + " ns");
    }

    @Test
    void soManyMessagesAreInFlight() throws Exception {
        serve("/echo", ws -> {
            List<Message> held = new ArrayList<>();
            for (Message message; (message = ws.readMessage()) != null; ) {
                seen.incrementAndGet();
                held.add(message);
                if (seen.get() >= 5) { // Not before: a client that sends fewer waits for ever.
                    for (Message answer : held) {
                        ws.writeMessage(answer);
                    }
                    held.clear();
                }
            }
        });
        assertEquals(1, load(IMPATIENCE, "--connections 1 --depth 4"));
        assertTrue(said().contains("connection 0, message 0: no answer, 4 outstanding"), said());
        seen.set(0);
        assertEquals(0, load(PATIENCE, "--connections 1 --depth 5"), err.toString());
        assertTrue(seen.get() > 5, seen.toString());
    }

    @Test
    void anAlteredByteIsNoticed() throws Exception {
        echo((ws, message, number) -> {
            if (number == 3) {
                message.bytes()[20] ^= 0x40;
            }
            ws.writeMessage(message);
        });
        assertEquals(1, fail("--connections 1 --size 32 --json"));
        assertTrue(
                said().startsWith("gibbon load: connection 0, message 3: differs from byte 20 on: expected "), said());
        assertEquals(1, number("errors"));
        assertTrue(out.toString().contains("\"firstError\":\"connection 0, message 3: differs from byte 20"));
    }

    @Test
    void aLoadThatFailsInItsWarmUpTellsNoFigures() throws Exception {
        echo((ws, _, _) -> ws.writeBinary(new byte[1]));
        assertEquals(1, fail("--connections 1"));
        assertTrue(out.toString().contains("too soon for figures"), out.toString());
        assertFalse(out.toString().contains("%"), out.toString());
        assertFalse(out.toString().contains("latency"), out.toString());
        assertEquals(said(), err.toString().strip().replaceFirst("^load: ", "gibbon load: "));
    }

    @Test
    void anAlteredByteAtTheEndOfALargeMessageIsNoticed() throws Exception {
        echo((ws, message, number) -> {
            message.bytes()[300_000] ^= (byte) (number == 2 ? 1 : 0);
            ws.writeMessage(message);
        });
        assertEquals(1, fail("--connections 1 --size 300001"));
        assertTrue(said().contains("connection 0, message 2: differs from byte 300000 on: "), said());
    }

    @Test
    void swappedAnswersAreNoticed() throws Exception {
        Message[] held = new Message[1];
        echo((ws, message, number) -> {
            if (number == 4) {
                held[0] = message;
                return;
            }
            ws.writeMessage(message);
            if (number == 5) {
                ws.writeMessage(held[0]);
            }
        });
        assertEquals(1, fail("--connections 1 --depth 2"));
        assertTrue(said().contains("connection 0, message 4: differs"), said());
        assertTrue(said().contains(", as in message 5 of connection 0"), said());
    }

    @Test
    void aLostAnswerIsNoticedByTheEnd() throws Exception {
        echo((ws, message, number) -> {
            if (number != 0) {
                ws.writeMessage(message);
            }
        });
        assertEquals(1, load(IMPATIENCE, "--connections 1"));
        assertTrue(said().contains("message 0: no answer, 1 outstanding; nothing came in time"), said());
    }

    @Test
    void aLostAnswerIsNoticedByTheNext() throws Exception {
        echo((ws, message, number) -> {
            if (number != 6) {
                ws.writeMessage(message);
            }
        });
        assertEquals(1, fail("--connections 1 --depth 2"));
        assertTrue(said().contains("as in message 7 of connection 0"), said());
    }

    @Test
    void aRepeatedAnswerIsNoticed() throws Exception {
        echo((ws, message, number) -> {
            ws.writeMessage(message);
            if (number == 6) {
                ws.writeMessage(message);
            }
        });
        assertEquals(1, fail("--connections 1"));
        assertTrue(said().contains("connection 0, message 7: differs"), said());
    }

    @Test
    void anAnswerThatNobodyAskedForIsNoticed() throws Exception {
        serve("/echo", ws -> {
            for (Message message; (message = ws.readMessage()) != null; ) {
                ws.setBatchWrites(true); // So that both come in one read.
                ws.writeMessage(message);
                ws.writeMessage(message);
                ws.flush();
            }
        });
        assertEquals(1, fail("--connections 1"));
        assertTrue(said().contains("connection 0"), said());
    }

    @ParameterizedTest
    @CsvSource({"--text, binary came where text was sent", "--size 16, text came where binary was sent"})
    void theOtherTypeIsNoticed(String option, String told) throws Exception {
        echo((ws, message, _) ->
                ws.writeMessage(message.isText() ? Message.binary(message.bytes()) : Message.text("0123456789abcdef")));
        assertEquals(1, fail("--connections 1 " + option));
        assertTrue(said().contains("connection 0, message 0: " + told), said());
    }

    @ParameterizedTest
    @CsvSource({"10, 9", "10, 11", "10, 0", "100000, 99999", "100000, 100001", "100000, 2"})
    void anotherLengthIsNoticed(int size, int length) throws Exception {
        echo((ws, message, _) -> ws.writeBinary(Arrays.copyOf(message.bytes(), length)));
        assertEquals(1, fail("--connections 1 --size " + size));
        assertTrue(said().contains(length + " bytes came where " + size + " were sent"), said());
    }

    @Test
    void theAnswerOfAnotherConnectionIsNoticed() throws Exception {
        serve("/echo", ws -> {
            group.add(ws);
            for (Message message; (message = ws.readMessage()) != null; ) {
                long number = seen.incrementAndGet();
                (number < 20 ? ws : group.get((group.indexOf(ws) + 1) % group.size())).writeMessage(message);
            }
        });
        assertEquals(1, fail("--connections 2"));
        assertTrue(said().contains(" of connection ") || said().contains("not asked for"), said());
    }

    @ParameterizedTest
    @CsvSource({"true, the server closed it with 1001", "false, ''"})
    void aServerThatEndsAConnectionIsNoticed(boolean cleanly, String told) throws Exception {
        echo((ws, message, number) -> {
            if (number == 9 && cleanly) {
                ws.close(CloseCode.GOING_AWAY, "");
            } else if (number == 9) {
                ws.abort();
            } else {
                ws.writeMessage(message);
            }
        });
        assertEquals(1, fail("--connections 1"));
        assertTrue(said().contains("connection 0, message 9: no answer, 1 outstanding; " + told), said());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " --rate 200"})
    void everyDeliveryOfABroadcastIsCounted(String rate) throws Exception {
        broadcast(true, (ws, message, _) -> ws.writeMessage(message));
        long begin = System.nanoTime();
        measure("--mode broadcast --connections 4 --size 100 --text" + rate);
        double wallSeconds = (System.nanoTime() - begin) / 1e9;
        double broadcasts = number("broadcasts");
        double deliveries = number("messages");
        assertTrue(broadcasts <= seen.get(), broadcasts + " of " + seen);
        if (rate.isEmpty()) { // One at a time may lie across each border of what is measured.
            assertTrue(Math.abs(deliveries - 4 * broadcasts) <= 8, deliveries + " of " + broadcasts);
        } else { // However late they are: no more than were due.
            assertTrue(deliveries <= 4.0 * seen.get(), deliveries + " of " + seen);
            assertTrue(broadcasts <= 200 * wallSeconds + 1, broadcasts + " in " + wallSeconds + " s");
        }
    }

    @Test
    void theSenderNeedsNoCopyOfItsBroadcast() throws Exception {
        broadcast(false, (ws, message, _) -> ws.writeMessage(message));
        measure("--mode broadcast --connections 2");
    }

    @Test
    void aMissingDeliveryIsNoticed() throws Exception {
        AtomicReference<Connection> deprived = new AtomicReference<>();
        LoadPayloads payloads = new LoadPayloads(LoadContent.BINARY, LoadPayloads.FULL_MARK);
        serve("/echo", sender -> {
            group.add(sender);
            for (Message message; (message = sender.readMessage()) != null; ) {
                boolean first = payloads.matches(0, 0, MessageType.BINARY, ByteBuffer.wrap(message.bytes()));
                for (Connection receiver : group) {
                    // Any but the sender, whose own copy is not counted.
                    if (!first || receiver == sender || !deprived.compareAndSet(null, receiver)) {
                        receiver.writeMessage(message);
                    }
                }
            }
        });
        assertEquals(1, load(ENOUGH, "--mode broadcast --connections 3"));
        assertTrue(said().contains("of 1 broadcasts not every receiver got its copy"), said());
    }

    @Test
    void anAlteredDeliveryIsNoticed() throws Exception {
        broadcast(true, (ws, message, number) -> {
            Message sent = message;
            if (number == 50) {
                byte[] altered = message.bytes().clone();
                altered[15] ^= 2;
                sent = Message.binary(altered);
            }
            ws.writeMessage(sent);
        });
        assertEquals(1, fail("--mode broadcast --connections 3"));
        assertTrue(said().contains(" differs from byte 15 on: "), said());
    }

    @Test
    void aServerThatBroadcastsNothingIsNoticed() throws Exception {
        serve("/echo", ws -> {
            while (ws.readMessage() != null) {}
        });
        assertEquals(1, load(IMPATIENCE, "--mode broadcast --connections 3"));
        assertTrue(said().contains("a broadcast does not reach 3 of 3 receivers"), said());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " --no-echo"})
    void handshakesAreCounted(String option) throws Exception {
        AtomicLong opened = new AtomicLong();
        serve("/echo", ws -> {
            opened.incrementAndGet();
            for (Message message; (message = ws.readMessage()) != null; ) {
                seen.incrementAndGet();
                ws.writeMessage(message);
            }
        });
        measure("--mode handshake --concurrency 3" + option);
        assertEquals(3, number("connections"));
        assertTrue(number("messages") > 0 && number("messages") <= opened.get(), number("messages") + " of " + opened);
        assertEquals(option.isEmpty() ? opened.get() : 0, seen.get());
    }

    @Test
    void aWrongEchoAfterAHandshakeIsNoticed() throws Exception {
        echo((ws, _, _) -> ws.writeBinary(new byte[16]));
        assertEquals(1, fail("--mode handshake --concurrency 1 --size 24"));
        assertTrue(said().contains("connection 0, message 0: 16 bytes came where 24 were sent"), said());
    }

    @Test
    void idleConnectionsAreAlive() throws Exception {
        echo((ws, message, _) -> ws.writeMessage(message));
        assertEquals(0, load(PATIENCE, "--mode idle --connections 20 --json"), err.toString());
        assertEquals(20, number("alive"));
        assertEquals(20, number("messages"));
        assertEquals(20, seen.get());
    }

    @Test
    void anIdleConnectionThatDoesNotAnswerIsNoticed() throws Exception {
        AtomicLong opened = new AtomicLong();
        serve("/echo", ws -> {
            boolean deaf = opened.incrementAndGet() == 2;
            for (Message message; (message = ws.readMessage()) != null; ) {
                if (!deaf) {
                    ws.writeMessage(message);
                }
            }
        });
        assertEquals(1, load(ENOUGH, "--mode idle --connections 4 --json"));
        assertEquals(3, number("alive"));
        assertTrue(said().contains("1 of 4 connections did not answer"), said());
    }

    @Test
    void anIdleConnectionThatIsClosedIsNoticed() throws Exception {
        AtomicLong opened = new AtomicLong();
        serve("/echo", ws -> {
            if (opened.incrementAndGet() == 2) {
                ws.close(CloseCode.GOING_AWAY, "");
            }
            while (ws.readMessage() != null) {}
        });
        assertEquals(1, load(PATIENCE, "--mode idle --connections 4 --duration 10m"));
        assertTrue(said().matches("(?s).*connection \\d: the server closed it with 1001.*"), said());
    }

    @Test
    void connectionsComeFromTheSources() throws Exception {
        List<String> peers = new CopyOnWriteArrayList<>();
        serve("/echo", ws -> {
            peers.add(ws.peerAddress().orElseThrow().toString().replaceAll(":\\d+$", ""));
            while (ws.readMessage() != null) {}
        });
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "only Linux has more than one loopback address");
        int _ = load(IMPATIENCE, "--mode idle --connections 4 --source 127.0.0.2,127.0.0.3 --duration 50ms");
        assertEquals(
                List.of("/127.0.0.2", "/127.0.0.2", "/127.0.0.3", "/127.0.0.3"),
                peers.stream().sorted().toList());
    }

    @Test
    void theServersProcessIsMeasured() throws Exception {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")));
        echo((ws, message, _) -> ws.writeMessage(message));
        long pid = ProcessHandle.current().pid();
        LoadedProcess process = LoadedProcess.of(pid);
        long before = process.usage().cpuNanos();
        measure("--connections 2 --pid " + pid);
        double all = (process.usage().cpuNanos() - before) / 1e9;
        double server = number("cpuSeconds"); // It is this process, and no longer than the test.
        assertTrue(server >= 0 && server <= all, server + " s of " + all + ": " + out);
        assertTrue(number("rssBytes") > 10 << 20, out.toString());
        assertEquals(0, load(PATIENCE, "--mode idle --connections 2 --json --pid " + pid), err.toString());
        assertTrue(out.toString().contains("\"rssBytesPerConnection\":"), out.toString());
    }

    @Test
    void overTls(@TempDir Path directory) throws Exception {
        Pki pki = Pki.make(directory, "EC");
        server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .tls(PemTls.serverContext(pki.certificate(), pki.key()))
                .handle("/echo", exchange -> {
                    try (Connection ws = Upgrader.create().upgrade(exchange)) {
                        for (Message message; (message = ws.readMessage()) != null; ) {
                            ws.writeMessage(message);
                        }
                    }
                })
                .start();
        String url = "wss://127.0.0.1:" + server.port() + "/echo";
        measure(url, "--insecure --connections 2 --depth 3 --size 50k");
    }

    @Test
    void howSmallTheAnswersAreIsTold() throws Exception {
        compressing(PermessageDeflate.builder().level(1).thresholdBytes(0).build());
        assertEquals(0, load(PATIENCE, "--connections 2 --size 512 --records --deflate --json"), err.toString());
        assertTrue(out.toString().contains("server_no_context_takeover"), out.toString());
        double alone = number("wirePart");
        assertTrue(alone > 0.2 && alone < 0.5, out.toString());
        assertEquals(64 * 1024, number("plainBytes"));
        assertEquals(
                0, load(PATIENCE, "--connections 2 --size 512 --records --deflate --takeover --json"), err.toString());
        assertFalse(out.toString().contains("no_context_takeover"), out.toString());
        assertTrue(
                number("wirePart") < 0.8 * alone, number("wirePart") + " with what came before, " + alone + " alone");
    }

    @Test
    void aServerThatDoesNotCompressIsToldToo() throws Exception {
        echo((ws, message, _) -> ws.writeMessage(message));
        assertEquals(0, load(PATIENCE, "--connections 1 --size 512 --records --deflate --json"), err.toString());
        assertTrue(out.toString().contains("\"agreed\":\"\""), out.toString());
        assertEquals(1 + 4 / 512.0, number("wirePart"), 0.001);
        assertEquals(0, load(PATIENCE, "--connections 1 --size 512 --json"), err.toString());
        assertFalse(out.toString().contains("compression"), out.toString());
    }

    @Test
    void connectionsAreUsedBeforeTheyAreLeftAlone() throws Exception {
        echo((ws, message, _) -> ws.writeMessage(message));
        assertEquals(0, load(PATIENCE, "--mode idle --connections 20 --exchange 3 --json"), err.toString());
        assertEquals(20, number("alive"));
        assertEquals(20 * (3 + 1), seen.get());
    }

    @Test
    void aWrongByteBeforeTheyAreLeftAloneIsNoticed() throws Exception {
        echo((ws, message, number) -> {
            message.bytes()[10] ^= (byte) (number == 1 ? 1 : 0);
            ws.writeMessage(message);
        });
        assertEquals(1, load(PATIENCE, "--mode idle --connections 1 --exchange 3 --json"));
        assertTrue(said().startsWith("gibbon load: connection 0, message 1: differs from byte 10 on"), said());
    }

    @Test
    void noServerIsOneLineAndStatus1() throws Exception {
        echo((ws, message, _) -> ws.writeMessage(message));
        server.close();
        StringWriter said = new StringWriter();
        int status = Main.run(
                new PrintWriter(out, true),
                new PrintWriter(said, true),
                "load",
                "ws://127.0.0.1:" + server.port() + "/echo");
        assertEquals(1, status);
        assertTrue(
                said.toString().matches("gibbon load: connection \\d+ of 64: cannot connect to 127.0.0.1:\\d+: .*\\R"),
                said.toString());
        assertEquals("", out.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "--connections 0, --connections: at least 1",
        "--depth 0, --depth: from 1 to",
        "--threads 0, --threads: at least 1",
        "--concurrency 0, --concurrency: at least 1",
        "--duration 0, --duration: nothing can be measured",
        "--size 0, invalid value for option '--size': '0' is not between",
        "--size 65MiB, --size is more than --max-message",
        "--mode flood, 'invalid value for option ''--mode'': ''flood'' is none of echo, broadcast, handshake, idle'",
        "--rate 5, --rate is for --mode broadcast",
        "--mode broadcast --rate 0, --rate: above 0",
        "--mode broadcast --depth 2, --depth is for --mode echo",
        "--mode broadcast --size 15, --size: a broadcast has at least 16 bytes",
        "--mode handshake --connections 5, --mode handshake has --concurrency connections",
        "--no-echo, --no-echo is for --mode handshake",
        "--takeover, --takeover says how to --deflate",
        "--exchange 3, --exchange is for --mode idle",
        "--mode idle --exchange -1, --exchange: not less than 0",
        "--text --utf8, --text and --utf8",
        "--records --utf8, --text and --utf8",
        "--source example.org, --source: 'example.org' is no IP address",
        "--source 127.0.0.2 --unix s, --source is for TCP",
        "--pid x, invalid value for option '--pid'"
    })
    void aCommandLineWithoutSenseIsOneLineAndStatus2(String options, String told) {
        String[] args = ("load ws://127.0.0.1:1/ " + options).split(" ", -1);
        assertEquals(2, Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args));
        assertTrue(said().startsWith("gibbon load: " + told), said());
        assertEquals(1, said().lines().count(), said());
    }

    @Test
    void aProcessThatIsNoneIsOneLineAndStatus1() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")));
        String[] args = "load ws://127.0.0.1:1/ --pid 999999999".split(" ", -1);
        assertEquals(1, Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args));
        assertEquals("gibbon load: there is no process 999999999", said().strip());
    }

    private void serve(String path, Script script) throws IOException {
        Upgrader upgrader = Upgrader.builder()
                .options(ConnectionOptions.builder().maxMessageBytes(64 << 20).build())
                .build();
        server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle(path, exchange -> {
                    try (Connection ws = upgrader.upgrade(exchange)) {
                        script.run(ws);
                    } catch (IOException _) {
                        // The load ends connections as it likes when it has seen enough.
                    }
                })
                .start();
    }

    private void compressing(PermessageDeflate settings) throws IOException {
        Upgrader upgrader = Upgrader.builder().permessageDeflate(settings).build();
        server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/echo", exchange -> {
                    try (Connection ws = upgrader.upgrade(exchange)) {
                        for (Message message; (message = ws.readMessage()) != null; ) {
                            ws.writeMessage(message);
                        }
                    } catch (IOException _) {
                        // The load ends connections as it likes when it has seen enough.
                    }
                })
                .start();
    }

    private void echo(Twist twist) throws IOException {
        serve("/echo", ws -> {
            int number = 0;
            for (Message message; (message = ws.readMessage()) != null; ) {
                seen.incrementAndGet();
                twist.answer(ws, message, number++);
            }
        });
    }

    private void broadcast(boolean toSender, Twist twist) throws IOException {
        serve("/echo", sender -> {
            group.add(sender);
            int number = 0;
            for (Message message; (message = sender.readMessage()) != null; number++) {
                seen.incrementAndGet();
                for (Connection receiver : group) {
                    if (toSender || receiver != sender) {
                        twist.answer(receiver, message, number);
                    }
                }
            }
        });
    }

    private int load(Duration patience, String options) throws Exception {
        return run(patience, "ws://127.0.0.1:" + server.port() + "/echo", options);
    }

    /** Runs a load that goes well, for longer and longer until something came back in the time that is measured. */
    private void measure(String options) throws Exception {
        measure("ws://127.0.0.1:" + server.port() + "/echo", options);
    }

    private void measure(String url, String options) throws Exception {
        for (int millis = 200; millis < 100_000; millis *= 4) {
            assertEquals(0, run(PATIENCE, url, options + " --json --duration " + millis + "ms"), err.toString());
            if (number("messages") > 0) {
                return;
            }
        }
        throw new AssertionError("nothing was measured: " + out);
    }

    /** {@return the status of a load that ends as soon as something is wrong, however long that takes to come} */
    private int fail(String options) throws Exception {
        return load(PATIENCE, options + " --warmup 10m");
    }

    private int run(Duration patience, String url, String options) throws Exception {
        group.clear();
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        LoadCommand command = new LoadCommand();
        CommandLine line = new CommandLine(command).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        String times = (options.contains("--warmup") ? "" : " --warmup 50ms")
                + (options.contains("--duration") ? "" : " --duration 200ms");
        line.parseArgs((url + " " + options.strip() + times).split(" ", -1));
        return command.run(patience);
    }

    /** {@return what was said but for the warning that this busy machine may give rise to} */
    private String said() {
        return String.join(
                        "\n",
                        err.toString()
                                .lines()
                                .filter(line -> !line.contains("was the limit"))
                                .toList())
                .replaceFirst("^load: ", "gibbon load: ");
    }

    private double number(String key) {
        Matcher value = Pattern.compile("\"" + key + "\":(-?[\\d.]+)").matcher(out.toString());
        assertTrue(value.find(), key + " in " + out);
        return Double.parseDouble(value.group(1));
    }
}
