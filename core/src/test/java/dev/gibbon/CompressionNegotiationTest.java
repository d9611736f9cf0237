// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.deflate.Corpus;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The negotiation of permessage-deflate over the wire (RFC 7692 §5, §7.1; PM-16, PM-17, PM-18, HC-11, HC-18, HC-19),
 * and that both directions keep to what was agreed. Rows are in short: {@code pd}, {@code snct}, {@code cnct},
 * {@code smwb}, {@code cmwb} for the names of RFC 7692 §7. Another connection talks compressed through all of it.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CompressionNegotiationTest {
    private static final List<String> SERVED = List.of("pull", "loop");
    private static final Pattern BITS = Pattern.compile("([sc])mwb=(\\d+)");

    private final ZlibPool peersPool = new ZlibPool(6, 2);
    private WebSocketServer server;
    private Connection control;
    private int echoes;

    private static PermessageDeflate.Builder every() {
        return PermessageDeflate.builder().thresholdBytes(0);
    }

    private static PermessageDeflate options(String name) {
        return switch (name) {
            case "default" -> every().build();
            case "strict" -> every().strictClientWindow(true).build();
            case "wide" ->
                every().serverMaxWindowBits(15).clientMaxWindowBits(15).build();
            case "small" ->
                every().serverMaxWindowBits(8).clientMaxWindowBits(8).build();
            case "s12" ->
                every().serverMaxWindowBits(12).clientMaxWindowBits(15).build();
            case "c10" ->
                every().serverMaxWindowBits(15).clientMaxWindowBits(10).build();
            case "snct" ->
                every().serverNoContextTakeover(true).clientMaxWindowBits(15).build();
            case "cnct" ->
                every().clientNoContextTakeover(true).clientMaxWindowBits(15).build();
            default -> throw new IllegalArgumentException(name);
        };
    }

    @BeforeAll
    void serve() throws IOException {
        WebSocketServer.Builder builder = WebSocketServer.builder().bind("localhost", 0);
        for (String name : List.of("off", "default", "strict", "wide", "small", "snct", "cnct")) {
            Upgrader.Builder settings = Upgrader.builder();
            Upgrader upgrader = name.equals("off")
                    ? settings.build()
                    : settings.permessageDeflate(options(name)).build();
            builder.handle("/pull/" + name, exchange -> {
                try (Connection ws = upgrader.upgrade(exchange)) {
                    for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                        ws.writeMessage(m);
                    }
                }
            });
            builder.handle(
                    "/loop/" + name, exchange -> upgrader.upgrade(exchange).listen(new CompressionScene.Echo()));
        }
        server = builder.start();
        control = Dialer.builder()
                .permessageDeflate(options("default"))
                .build()
                .dial(URI.create("ws://localhost:" + server.port() + "/loop/default"));
        controlEchoes();
    }

    @AfterAll
    void end() throws IOException {
        ZlibPool pool = server.side().engine().zlib(1);
        control.close();
        Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
        server.close();
        assertEquals(0, pool.live(), "native handles are left");
        assertEquals(0, peersPool.leased());
    }

    private void controlEchoes() throws IOException {
        String text = "the control says the same again and again, number " + ++echoes;
        control.writeText(text);
        assertEquals(text, came(control.readMessage()).text());
    }

    private static Message came(Message message) {
        return Objects.requireNonNull(message, "the connection has ended");
    }

    /** The options of the server, what a client offers (in several fields if there is a bar), the answer. */
    @ParameterizedTest(name = "a server with {0} answers [{1}] with [{2}]")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\'',
            nullValues = "-",
            value = {
                // §7.1.1.1, §7.1.1.2: takeover.
                "wide    ; 'pd'                                   ; 'pd'",
                "wide    ; 'pd; snct'                             ; 'pd; snct'",
                "wide    ; 'pd; cnct'                             ; 'pd; cnct'",
                "wide    ; 'pd; cnct; snct'                       ; 'pd; snct; cnct'",
                "snct    ; 'pd; cmwb'                             ; 'pd; snct'",
                "cnct    ; 'pd; cmwb'                             ; 'pd; cnct'",
                "snct    ; 'pd; cnct; cmwb'                       ; 'pd; snct; cnct'",
                // §7.1.2.1: our window. PM-17, PM-18.
                "wide    ; 'pd; smwb=8'                           ; 'pd; smwb=8'",
                "wide    ; 'pd; smwb=9'                           ; 'pd; smwb=9'",
                "wide    ; 'pd; smwb=10'                          ; 'pd; smwb=10'",
                "wide    ; 'pd; smwb=11'                          ; 'pd; smwb=11'",
                "wide    ; 'pd; smwb=12'                          ; 'pd; smwb=12'",
                "wide    ; 'pd; smwb=13'                          ; 'pd; smwb=13'",
                "wide    ; 'pd; smwb=14'                          ; 'pd; smwb=14'",
                "wide    ; 'pd; smwb=15'                          ; 'pd; smwb=15'",
                "wide    ; 'pd; smwb=8; snct'                     ; 'pd; snct; smwb=8'",
                "default ; 'pd; smwb=15; cmwb'                    ; 'pd; smwb=12; cmwb=12'",
                "small   ; 'pd; smwb=15; cmwb'                    ; 'pd; smwb=8; cmwb=8'",
                // §7.1.2.2: the client's, only if it said it can.
                "wide    ; 'pd; cmwb'                             ; 'pd'",
                "wide    ; 'pd; cmwb=8'                           ; 'pd; cmwb=8'",
                "wide    ; 'pd; cmwb=15'                          ; 'pd; cmwb=15'",
                "default ; 'pd; cmwb'                             ; 'pd; cmwb=12'",
                "default ; 'pd; cmwb=9'                           ; 'pd; cmwb=9'",
                "default ; 'pd'                                   ; 'pd'",
                "default ; 'pd; cnct'                             ; 'pd; cnct'",
                "strict  ; 'pd'                                   ; 'pd; cnct'",
                "strict  ; 'pd; cmwb'                             ; 'pd; cmwb=12'",
                "small   ; 'pd; cmwb=15'                          ; 'pd; cmwb=8'",
                // All of it, in any order, quoted, with blanks.
                "wide    ; 'pd; snct; cnct; smwb=9; cmwb=11'      ; 'pd; snct; cnct; smwb=9; cmwb=11'",
                "wide    ; 'pd; cmwb=11; smwb=9; cnct; snct'      ; 'pd; snct; cnct; smwb=9; cmwb=11'",
                "wide    ; 'pd ;smwb=\"10\" ;  cmwb=\"1\\1\"'     ; 'pd; smwb=10; cmwb=11'",
                // §5: the first offer that is in order, also over several fields.
                "wide    ; 'pd; smwb=10, pd'                      ; 'pd; smwb=10'",
                "wide    ; 'pd, pd; smwb=10'                      ; 'pd'",
                "wide    ; 'x-other; a=b, pd; cnct'               ; 'pd; cnct'",
                "wide    ; 'pd; smwb=7|pd; smwb=9'                ; 'pd; smwb=9'",
                "wide    ; 'pd; foo, pd; cmwb=7, pd; snct'        ; 'pd; snct'",
                // PM-16: declined, which is no reason to refuse the handshake.
                "wide    ; 'pd; foo'                              ; -",
                "wide    ; 'pd; foo=1; snct'                      ; -",
                "wide    ; 'pd; snct; snct'                       ; -",
                "wide    ; 'pd; cnct; cnct'                       ; -",
                "wide    ; 'pd; smwb=10; smwb=10'                 ; -",
                "wide    ; 'pd; cmwb; cmwb=10'                    ; -",
                "wide    ; 'pd; snct=1'                           ; -",
                "wide    ; 'pd; cnct=\"true\"'                    ; -",
                "wide    ; 'pd; smwb'                             ; -",
                "wide    ; 'pd; smwb=7'                           ; -",
                "wide    ; 'pd; smwb=16'                          ; -",
                "wide    ; 'pd; smwb=08'                          ; -",
                "wide    ; 'pd; smwb=-9'                          ; -",
                "wide    ; 'pd; smwb=4294967304'                  ; -",
                "wide    ; 'pd; smwb=nine'                        ; -",
                "wide    ; 'pd; cmwb=7'                           ; -",
                "wide    ; 'pd; cmwb=16'                          ; -",
                "wide    ; 'pd; cmwb=010'                         ; -",
                "wide    ; 'x-webkit-deflate-frame'               ; -",
                // PM-23: off unless the application asks for it.
                "off     ; 'pd'                                   ; -",
                "off     ; 'pd; smwb=9; cmwb, pd'                 ; -",
            })
    void serverAnswersAndKeepsToIt(String options, String offers, String answer) throws Exception {
        for (String served : SERVED) {
            List<String> fields = new ArrayList<>();
            for (String field : offers.split("\\|", -1)) {
                fields.add("Sec-WebSocket-Extensions: " + longForm(field));
            }
            String request = HttpHead.upgradeRequest(
                    "localhost:" + server.port(), "/" + served + "/" + options, fields.toArray(String[]::new));
            try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request)
                    .expectUpgraded()
                    .allowRsv1()) {
                String said = shortForm(
                        peer.response().header("Sec-WebSocket-Extensions").orElse("-"));
                assertEquals(answer == null ? "-" : answer, said);
                if (answer == null) {
                    peer.sendText("plain");
                    peer.expectText("plain");
                    peer.send(Frame.text("a").withRsv(true, false, false));
                    peer.expectClose(1002); // PM-07
                } else {
                    CompressionScene.Reading reading =
                            new CompressionScene.Reading(peer, direction(answer, 's', bits(answer, 's')));
                    try (MessageDeflater deflater =
                            new MessageDeflater(peersPool, direction(answer, 'c', bits(answer, 'c')), false)) {
                        for (byte[] plain : telling()) {
                            peer.send(CompressionScene.compressed(
                                    Frame.BINARY, CompressionScene.deflated(deflater, plain)));
                            assertArrayEquals(plain, reading.next());
                        }
                    }
                    assertEquals(telling().size(), reading.compressed());
                }
            }
            controlEchoes();
        }
    }

    /** RFC 6455 §9.1: what does not even conform to the grammar is no offer that could be declined. */
    @ParameterizedTest(name = "a server refuses [{0}]")
    @CsvSource(
            delimiter = '|',
            value = {"pd; smwb=", "pd;", "pd; =1", "pd; smwb=\"9", "pd; smwb=\"9 9\"", "pd snct"})
    void whatIsNoListIsRefused(String offers) throws Exception {
        for (String served : SERVED) {
            String request = HttpHead.upgradeRequest(
                    "localhost:" + server.port(),
                    "/" + served + "/wide",
                    "Sec-WebSocket-Extensions: " + longForm(offers));
            try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request)) {
                assertEquals(400, peer.response().status());
            }
            controlEchoes();
        }
    }

    /**
     * The options of a client, its offers, the reply, and which windows
     * and takeover ({@code 0} for none) the two directions have.
     */
    @ParameterizedTest(name = "a client with {0} offers [{1}] and agrees to [{2}]: {3}, {4}")
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "wide    | pd; cmwb                         | pd                             | 15    | 15",
                "wide    | pd; cmwb                         | pd; snct                       | 15, 0 | 15",
                "wide    | pd; cmwb                         | pd; cnct                       | 15    | 15, 0",
                "wide    | pd; cmwb                         | pd; snct; cnct                 | 15, 0 | 15, 0",
                "wide    | pd; cmwb                         | pd; smwb=8                     | 8     | 15",
                "wide    | pd; cmwb                         | pd; smwb=15; cmwb=15           | 15    | 15",
                "wide    | pd; cmwb                         | pd; cmwb=8                     | 15    | 8",
                "wide    | pd; cmwb                         | pd; cmwb=9                     | 15    | 9",
                "wide    | pd; cmwb                         | pd; cmwb=\"10\"               | 15    | 10",
                "wide    | pd; cmwb                         | pd; cmwb=11                    | 15    | 11",
                "wide    | pd; cmwb                         | pd; cmwb=12; cnct              | 15    | 12, 0",
                "wide    | pd; cmwb                         | pd; cmwb=13                    | 15    | 13",
                "wide    | pd; cmwb                         | pd; cmwb=14                    | 15    | 14",
                "default | pd; cmwb                         | pd; cmwb=12                    | 15    | 12",
                "c10     | pd; cmwb=10                      | pd                             | 15    | 10",
                "c10     | pd; cmwb=10                      | pd; cmwb=9                     | 15    | 9",
                "snct    | pd; snct; cmwb                   | pd; snct                       | 15, 0 | 15",
                "cnct    | pd; cnct; cmwb                   | pd                             | 15    | 15, 0",
                "s12     | pd; smwb=12; cmwb, pd; snct; cmwb | pd; smwb=12                   | 12    | 15",
                "s12     | pd; smwb=12; cmwb, pd; snct; cmwb | pd; smwb=9; cmwb=8            | 9     | 8",
                "s12     | pd; smwb=12; cmwb, pd; snct; cmwb | pd; snct                      | 15, 0 | 15",
                "small   | pd; smwb=8; cmwb=8, pd; snct; cmwb=8 | pd; smwb=8; cmwb=8         | 8     | 8",
                "small   | pd; smwb=8; cmwb=8, pd; snct; cmwb=8 | pd; snct                   | 15, 0 | 8",
                "wide    | pd; cmwb                         | -                              | -     | -",
                "s12     | pd; smwb=12; cmwb, pd; snct; cmwb | -                             | -     | -",
                "off     | -                                | -                              | -     | -"
            })
    void clientAgreesAndKeepsToIt(String options, String offers, String reply, String ofServer, String ofClient)
            throws Exception {
        TransportPair pair = TransportPair.create();
        Dialer dialer = dialer(options, pair);
        Rig.Task<Connection> dialing = Rig.start(() -> dialer.dial(URI.create("ws://localhost/")));
        try (ScriptedPeer peer = ScriptedPeer.over(pair.server(), Role.SERVER).allowRsv1()) {
            answer(peer, offers, reply);
            try (Connection ws = dialing.get()) {
                assertEquals(reply == null ? List.of() : List.of(longForm(reply).replace("\"", "")), ws.extensions());
                if (reply == null) {
                    ws.writeText("plain");
                    peer.expectText("plain");
                    peer.sendText("plain");
                    assertEquals("plain", came(ws.readMessage()).text());
                } else {
                    CompressionScene.Reading reading = new CompressionScene.Reading(peer, direction(ofClient));
                    try (MessageDeflater deflater = new MessageDeflater(peersPool, direction(ofServer), false)) {
                        for (byte[] plain : telling()) {
                            ws.writeBinary(plain);
                            assertArrayEquals(plain, reading.next());
                            peer.send(CompressionScene.compressed(
                                    Frame.BINARY, CompressionScene.deflated(deflater, plain)));
                            assertArrayEquals(plain, came(ws.readMessage()).bytes());
                        }
                    }
                    assertEquals(telling().size(), reading.compressed());
                }
                ws.abort();
            }
        }
        controlEchoes();
    }

    /** The options of a client, a reply that does not fit its offers, and what the failure names. */
    @ParameterizedTest(name = "a client with {0} refuses [{1}] for {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "wide    | pd; foo                    | foo",
                "wide    | pd; foo=1                  | foo",
                "wide    | pd; snct; snct             | snct",
                "wide    | pd; cnct; cnct             | cnct",
                "wide    | pd; smwb=9; smwb=9         | smwb",
                "wide    | pd; cmwb=9; cmwb=9         | cmwb",
                "wide    | pd; snct=1                 | snct",
                "wide    | pd; cnct=\"true\"          | cnct",
                "wide    | pd; smwb                   | smwb",
                "wide    | pd; cmwb                   | cmwb",
                "wide    | pd; smwb=7                 | smwb",
                "wide    | pd; smwb=16                | smwb",
                "wide    | pd; smwb=1000000000000     | smwb",
                "wide    | pd; cmwb=7                 | cmwb",
                "wide    | pd; cmwb=16                | cmwb",
                "wide    | pd; cmwb=08                | cmwb",
                "c10     | pd; cmwb=11                | cmwb",
                "snct    | pd                         | snct",
                "snct    | pd; cnct                   | snct",
                "s12     | pd                         | smwb",
                "s12     | pd; smwb=13                | smwb",
                "small   | pd; smwb=8; cmwb=9         | cmwb",
                "wide    | pd, pd                     | pd",
                "wide    | other                      | other",
                "wide    | pd, other                  | other",
                "wide    | pd; smwb=                  | Sec-WebSocket-Extensions",
                "off     | pd                         | pd"
            })
    void clientRefusesAReplyThatFitsNoOffer(String options, String reply, String named) throws Exception {
        TransportPair pair = TransportPair.create();
        Dialer dialer = dialer(options, pair);
        Rig.Task<Connection> dialing = Rig.start(() -> dialer.dial(URI.create("ws://localhost/")));
        try (ScriptedPeer peer = ScriptedPeer.over(pair.server(), Role.SERVER)) {
            answer(peer, null, reply);
            HandshakeException refusal = dialing.failure(HandshakeException.class);
            assertTrue(String.valueOf(refusal.getMessage()).contains(longForm(named)), refusal::getMessage);
            assertEquals(101, refusal.status());
            peer.expectEndOrReset();
        }
        controlEchoes();
    }

    private static Dialer dialer(String options, TransportPair pair) {
        Dialer.Builder builder = Dialer.builder().connector((_, _) -> pair.client());
        return (options.equals("off") ? builder : builder.permessageDeflate(options(options))).build();
    }

    /**
     * Plays the server of an opening handshake; the offers are not
     * looked at if {@code offers} and {@code reply} do not go together.
     */
    private static void answer(ScriptedPeer peer, String offers, String reply) throws IOException {
        HttpHead request = peer.expectHead();
        if (offers != null || reply == null) {
            assertEquals(
                    offers == null ? "-" : offers,
                    shortForm(request.header("Sec-WebSocket-Extensions").orElse("-")));
        }
        String response = reply == null
                ? request.acceptingResponse()
                : request.acceptingResponse("Sec-WebSocket-Extensions: " + longForm(reply));
        peer.sendRaw(response.getBytes(StandardCharsets.US_ASCII));
    }

    /** {@return messages that get shorter by referring back a little, far, and to the one before} */
    private static List<byte[]> telling() {
        Random random = new Random(7);
        byte[] json = Corpus.json(random, 1500);
        byte[] noise = Corpus.noise(random, 500);
        byte[] apart = Arrays.copyOf(noise, 1500); // What is between compresses well, however small the window.
        System.arraycopy(noise, 0, apart, 1000, 500);
        return List.of(json, apart, json);
    }

    private static Direction direction(String answer, char side, int bits) {
        return new Direction(!answer.contains(side + "nct"), bits);
    }

    private static Direction direction(String row) {
        String[] parts = row.split(", ", -1);
        return new Direction(parts.length == 1, Integer.parseInt(parts[0].strip()));
    }

    private static int bits(String answer, char side) {
        Matcher bits = BITS.matcher(answer);
        while (bits.find()) {
            if (bits.group(1).charAt(0) == side) {
                return Integer.parseInt(bits.group(2));
            }
        }
        return PermessageDeflate.MAX_WINDOW_BITS;
    }

    private static final Map<String, String> NAMES = Map.of(
            "pd", "permessage-deflate",
            "snct", "server_no_context_takeover",
            "cnct", "client_no_context_takeover",
            "smwb", "server_max_window_bits",
            "cmwb", "client_max_window_bits");

    private static String longForm(String text) {
        String written = text;
        for (Map.Entry<String, String> name : NAMES.entrySet()) {
            written = written.replaceAll("\\b" + name.getKey() + "\\b", name.getValue());
        }
        return written;
    }

    private static String shortForm(String text) {
        String written = text;
        for (Map.Entry<String, String> name : NAMES.entrySet()) {
            written = written.replace(name.getValue(), name.getKey());
        }
        return written;
    }
}
