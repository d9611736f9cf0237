// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ScriptedPeerTest {
    private static final byte[] HI = "hi".getBytes(StandardCharsets.US_ASCII);

    private final TransportPair pair = TransportPair.create();
    private final ScriptedPeer client = ScriptedPeer.over(pair.client(), Role.CLIENT);
    private final ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);

    @ParameterizedTest
    @EnumSource(Role.class)
    void twoPeersUnderstandEachOther(Role sender) throws Exception {
        ScriptedPeer from = sender == Role.CLIENT ? client : server;
        ScriptedPeer to = sender == Role.CLIENT ? server : client;
        from.send(Frame.text("Hello").fragment(1, 3));
        from.sendBinary(new byte[35_000]);
        from.sendPing(HI);
        from.sendPong(HI);
        from.sendClose(1000, "bye");
        from.shutdownOutput();
        to.expectFrame(Frame.text("H").withFin(false));
        assertEquals(sender == Role.CLIENT, to.expectFrame().masked());
        to.expectFrame(Frame.continuation("lo".getBytes(StandardCharsets.US_ASCII)));
        to.expectBinary(new byte[35_000]);
        assertArrayEquals(HI, to.expectPing());
        to.expectPong(HI);
        assertEquals("bye", to.expectClose(1000));
        to.expectEnd();
        to.expectNothingMore();
        from.expectNothingMore();
    }

    static List<Splitter> feeds() {
        return Splitter.feeds(3);
    }

    @ParameterizedTest
    @MethodSource("feeds")
    void decodesAtAnySplit(Splitter splitter) throws Exception {
        TransportPair split =
                TransportPair.builder().reads(splitter).writes(splitter).build();
        ScriptedPeer.over(split.client(), Role.CLIENT).send(Frame.text("one"), Frame.close());
        ScriptedPeer receiver = ScriptedPeer.over(split.server(), Role.SERVER);
        receiver.expectText("one");
        receiver.expectCloseWithoutCode();
        receiver.expectNothingMore();
    }

    @Test
    void framesOfOneSendLeaveInOneWriteWithTheKeysOfTheTest() throws Exception {
        client.maskingKeys(() -> 0x37fa213d)
                .send(Frame.text("Hello"), Frame.ping(new byte[0]).withMaskingKey(5));
        assertEquals(1, pair.client().counters().writes());
        assertEquals("818537fa213d7f9f4d5158898000000005", Show.hex(server.expectBytes(17)));
    }

    @Nested
    class Judge {
        @ParameterizedTest
        @CsvSource(quoteCharacter = '"', textBlock = """
                §5.1,    81 81 00000000 61
                RSV1,    c1 01 61
                RSV2,    a1 01 61
                RSV3,    91 01 61
                opcode 3,   83 00
                opcode 11,  8b 00
                fragmented, 09 00
                125 bytes,  89 7e 0080
                shortest,   82 7e 007d
                shortest,   82 7f 000000000000ffff
                first bit,  82 7f 8000000000000000
                more than,  82 7f 7fffffffffffffff
                §5.4,    80 00
                §5.4,    01 00 81 00
                §8.1,    81 01 ff
                §8.1,    01 01 c3 80 01 28
                1 byte,  88 01 03
                §7.4,    88 02 03ed
                §7.4,    88 02 0bb7
                §8.1,    88 03 03e8 ff
                §5.5.1,  88 00 89 00
                """)
        void refusesWhatAServerMustNotSend(String reason, String hex) throws Exception {
            server.sendRaw(hex);
            AssertionError illegal = assertThrows(AssertionError.class, () -> {
                for (int i = 0; i < 2; i++) {
                    Frame _ = client.expectFrame();
                }
            });
            assertTrue(illegal.getMessage().startsWith("illegal"), illegal.getMessage());
            assertTrue(illegal.getMessage().contains(reason), illegal.getMessage());
        }

        @Test
        void refusesAClientThatDoesNotMask() throws Exception {
            client.sendAsIs(Frame.text("hi"));
            AssertionError illegal = assertThrows(AssertionError.class, server::expectFrame);
            assertTrue(illegal.getMessage().contains("a client did not mask (§5.1)"), illegal.getMessage());
        }

        @Test
        void allowsRsv1OnceNegotiated() throws Exception {
            Frame compressed = Frame.of(Frame.TEXT, new byte[] {(byte) 0xFF}).withRsv(true, false, false);
            server.send(compressed);
            client.allowRsv1().expectFrame(compressed);
        }
    }

    @Nested
    class Failures {
        @Test
        void tellWhatCameInstead() throws Exception {
            server.sendText("one");
            server.sendClose(1001, "away");
            client.expectText("one");
            AssertionError wrong = assertThrows(AssertionError.class, () -> client.expectText("two"));
            assertEquals("""
                    expected: text fin 3 bytes "two"
                    but came: close fin 6 bytes 1001 "away"
                    received so far:
                      text fin 3 bytes "one"
                      close fin 6 bytes 1001 "away\"""", wrong.getMessage());
        }

        @Test
        void tellThatTheStreamEndedInsideAFrame() throws Exception {
            server.sendRaw("8105 4865");
            server.close();
            AssertionError early = assertThrows(AssertionError.class, client::expectFrame);
            assertTrue(early.getMessage().contains("the end of the stream after bytes 81054865"), early.getMessage());
        }

        @Test
        void tellThatNothingCameInTimeEvenWhereTheClockStandsStill() {
            TransportPair still =
                    TransportPair.builder().timeSource(new ManualClock()).build();
            ScriptedPeer hasty = ScriptedPeer.over(still.client(), Role.CLIENT).deadline(Duration.ofMillis(1));
            AssertionError none = assertThrows(AssertionError.class, hasty::expectEnd);
            assertTrue(none.getMessage().contains("nothing within PT0.001S"), none.getMessage());
        }

        @Test
        void tellThatTheOtherSideDoesNotRead() {
            TransportPair narrow = TransportPair.builder().capacity(8).build();
            ScriptedPeer hasty = ScriptedPeer.over(narrow.client(), Role.CLIENT).deadline(Duration.ofMillis(1));
            assertThrows(AssertionError.class, () -> hasty.sendBinary(new byte[100]));
            ScriptedPeer patient = hasty.deadline(Duration.ofSeconds(5));
            assertThrows(IOException.class, () -> patient.sendBinary(new byte[1]));
        }

        @Test
        void tellAnEndFromAResetAndFromABytes() throws Exception {
            server.sendRaw("00");
            assertThrows(AssertionError.class, client::expectEnd);
            assertThrows(AssertionError.class, client::expectNothingMore);
            assertThrows(AssertionError.class, client::expectEndOrReset);
            server.reset();
            assertArrayEquals(new byte[1], client.expectBytes(1));
            assertThrows(AssertionError.class, client::expectEnd);
            client.expectEndOrReset();
        }
    }

    @Nested
    class OverHttp {
        @Test
        void aClientAndAServerUpgrade() throws Exception {
            Background<ScriptedPeer> connecting = Background.start(() ->
                    ScriptedPeer.overHttp(pair.client(), HttpHead.upgradeRequest("localhost", "/echo", "X-A: 1")));
            HttpHead request = server.expectHead();
            assertEquals("GET /echo HTTP/1.1", request.startLine());
            assertEquals("1", request.header("x-a").orElseThrow());
            server.sendRaw((request.acceptingResponse() + "\u0081\u0002hi").getBytes(StandardCharsets.ISO_8859_1));
            ScriptedPeer upgraded = connecting.result().expectUpgraded();
            assertEquals(101, upgraded.response().status());
            upgraded.expectText("hi");
            upgraded.expectNothingMore();
        }

        @Test
        void aRefusalIsNoUpgrade() throws Exception {
            server.sendRaw("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".getBytes(StandardCharsets.US_ASCII));
            ScriptedPeer refused = ScriptedPeer.overHttp(pair.client(), HttpHead.upgradeRequest("localhost", "/"));
            assertEquals(403, refused.response().status());
            assertThrows(AssertionError.class, refused::expectUpgraded);
            assertArrayEquals("no".getBytes(StandardCharsets.US_ASCII), refused.expectBytes(2));
        }

        @Test
        void aLineWithoutCrIsNoHead() throws Exception {
            server.sendRaw("HTTP/1.1 200 OK\nA: b\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThrows(AssertionError.class, client::expectHead);
        }
    }

    @Test
    void rawBytesAreSentAsTheyAre() throws Exception {
        client.sendRaw("01 02\n03");
        ByteBuffer dst = ByteBuffer.allocate(4);
        assertEquals(3, pair.server().read(dst));
        assertEquals(ByteBuffer.wrap(new byte[] {1, 2, 3}), dst.flip());
    }
}
