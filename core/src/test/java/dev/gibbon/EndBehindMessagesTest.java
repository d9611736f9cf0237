// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.gibbon.testkit.Frame;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A frame that ends the connection, behind messages that a thread reads: their answers come first, within a time. */
class EndBehindMessagesTest {
    private static Frame end(String kind) {
        return switch (kind) {
            case "a Close" -> Frame.close(1000, "");
            case "a reserved opcode" -> Frame.of(11, new byte[1]);
            case "reserved bits" -> Frame.text("a").withRsv(true, false, false);
            case "a continuation of nothing" -> Frame.continuation(new byte[1]);
            default -> Frame.ping(new byte[1]).withFin(false);
        };
    }

    @ParameterizedTest
    @CsvSource({
        "a Close, 1000",
        "a reserved opcode, 1002",
        "reserved bits, 1002",
        "a continuation of nothing, 1002",
        "a fragmented Ping, 1002"
    })
    void answersComeBeforeIt(String kind, int code) throws Exception {
        for (Role role : Role.values()) {
            try (Rig rig = new Rig(role)) {
                Rig.Task<Boolean> echo = Rig.go(() -> {
                    try {
                        for (Message message; (message = rig.connection.readMessage()) != null; ) {
                            rig.connection.writeMessage(message);
                        }
                    } catch (ProtocolException _) {
                        // It is what was sent last.
                    }
                });
                rig.peer.sendAsIs(masked(role, Frame.text("1"), Frame.text("2"), Frame.text("3"), end(kind)));
                for (String answer : List.of("1", "2", "3")) {
                    rig.peer.expectText(answer);
                }
                rig.peer.expectClose(code);
                rig.connection.abort();
                assertEquals(true, echo.get());
                rig.expectAllGivenBack();
            }
        }
    }

    private static Frame[] masked(Role role, Frame... frames) {
        Frame[] sent = frames.clone();
        for (int i = 0; i < sent.length && role == Role.SERVER; i++) {
            sent[i] = sent[i].withMaskingKey(0x37fa213d);
        }
        return sent;
    }

    /** The reader took a message and does not come back: the peer does not wait longer than that. */
    @ParameterizedTest
    @EnumSource
    void itWaitsForAReaderForASecond(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            rig.peer.sendText("taken");
            assertNotNull(rig.connection.readMessage());
            rig.peer.sendClose(1000, "");
            Rig.awaitEndThatWaits(rig.connection);
            rig.clock.advance(Rig.FOR_READER.minusNanos(1));
            rig.awaitLoop();
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.clock.advance(Duration.ofNanos(1));
            rig.peer.expectClose(1000);
            rig.connection.abort();
            rig.expectAllGivenBack();
        }
    }

    /** What was read on ahead is still there for a reader that comes after the end. */
    @ParameterizedTest
    @EnumSource
    void messagesThatNobodyTookInThatTimeAreStillRead(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            rig.peer.sendText("first");
            rig.peer.sendClose(1000, "");
            Rig.awaitEndThatWaits(rig.connection);
            rig.clock.advance(Rig.FOR_READER);
            rig.peer.expectClose(1000);
            assertEquals("first", rig.connection.readMessage().text());
            assertEquals(null, rig.connection.readMessage());
            rig.connection.abort();
            rig.expectAllGivenBack();
        }
    }
}
