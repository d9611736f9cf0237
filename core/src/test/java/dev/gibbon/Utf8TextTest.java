// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Text that is written as bytes (RFC 6455 §8.1): sent as it is, and refused where it is no UTF-8. */
@Timeout(300)
class Utf8TextTest {
    private static final String TEXT = "grüße, 猿 and 🐒";

    /** Overlong, a surrogate, above U+10FFFF, a lone tail, a character that is cut. */
    private static final List<String> NO_TEXT = List.of("41c0af", "eda080", "f4908080", "4180", "41e28c");

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuffer hex(String bytes) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(bytes));
    }

    private static String refused(Executable call) {
        String why = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(why.contains("§8.1"), why);
        return why;
    }

    @ParameterizedTest
    @Sides
    void isSentAsItIsAndConsumed(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            ByteBuffer framed = ByteBuffer.allocateDirect(100).order(ByteOrder.LITTLE_ENDIAN);
            framed.put((byte) 0xFF).put(utf8(TEXT)).flip().position(1);
            rig.connection.writeText(framed);
            assertFalse(framed.hasRemaining());
            rig.peer.expectText(TEXT);
            rig.connection.writeText(ByteBuffer.allocate(0));
            rig.peer.expectText("");
            String large = TEXT.repeat(10_000);
            Rig.Task<Boolean> writing =
                    Rig.go(() -> rig.connection.writeText(utf8(large).asReadOnlyBuffer()));
            rig.peer.expectText(large);
            assertTrue(writing.get());
        }
    }

    @ParameterizedTest
    @Sides
    void isPreparedForMany(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            ByteBuffer bytes = utf8("<" + TEXT + ">");
            bytes.position(1).limit(bytes.limit() - 1);
            PreparedMessage message = PreparedMessage.text(bytes);
            assertEquals(1, bytes.position());
            bytes.put(1, (byte) 'G'); // A copy was made.
            assertEquals(MessageType.TEXT, message.type());
            rig.connection.writePrepared(message);
            rig.connection.writePrepared(message);
            rig.peer.expectText(TEXT);
            rig.peer.expectText(TEXT);
        }
    }

    @ParameterizedTest
    @Sides
    void whatIsNoTextIsRefusedBeforeAnythingIsSent(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            for (String bytes : NO_TEXT) {
                ByteBuffer payload = hex(bytes);
                String _ = refused(() -> rig.connection.writeText(payload));
                assertEquals(0, payload.position());
                String _ = refused(() -> PreparedMessage.text(hex(bytes)));
                String _ = refused(() -> Message.text(HexFormat.of().parseHex(bytes)));
            }
            rig.connection.writeText("next");
            rig.peer.expectText("next");
            rig.peer.expectNothingMore();
        }
    }

    @ParameterizedTest
    @Sides
    void aRefusalLeavesAnOpenMessageAlone(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            MessageWriter open = rig.connection.nextWriter(MessageType.TEXT);
            open.write("a");
            String _ = refused(() -> rig.connection.writeText(hex("ff")));
            open.write("b");
            open.close();
            rig.peer.expectText("ab");
        }
    }

    @Test
    void theFirstByteThatIsWrongIsNamed() {
        String ascii = "61".repeat(40);
        String named = refused(() -> PreparedMessage.text(hex(ascii + "c3a9" + "ff" + ascii)));
        assertTrue(named.contains("index 42"), named);
        String cut = refused(() -> PreparedMessage.text(hex(ascii + "c3")));
        assertTrue(cut.contains("inside a character"), cut);
    }

    @Test
    void aMessageOfBytesIsTheBytesThemselves() {
        byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
        Message message = Message.text(bytes);
        assertTrue(message.isText());
        assertSame(bytes, message.bytes());
        assertEquals(TEXT, message.text());
    }

    @Test
    void nullIsRefusedByName() {
        assertEquals(
                "utf8",
                assertThrows(NullPointerException.class, () -> PreparedMessage.text((ByteBuffer) null))
                        .getMessage());
        assertEquals(
                "utf8",
                assertThrows(NullPointerException.class, () -> Message.text((byte[]) null))
                        .getMessage());
    }

    /** Where the bytes of a text come piece by piece, they are looked at piece by piece. */
    @ParameterizedTest
    @Sides
    void aWriterTakesBytesCutAnywhere(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
            for (int cut = 0; cut <= bytes.length; cut++) {
                MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                message.write(ByteBuffer.wrap(bytes, 0, cut));
                message.write(ByteBuffer.wrap(bytes, cut, bytes.length - cut));
                message.write(", " + TEXT);
                message.close();
                rig.peer.expectText(TEXT + ", " + TEXT);
            }
        }
    }

    @ParameterizedTest
    @Sides
    void aWriterGivesTheMessageUpWhoseBytesAreNoText(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            for (String bytes : NO_TEXT) {
                MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                message.write("whole, ");
                String _ = refused(() -> {
                    message.write(hex(bytes));
                    message.write("behind what was cut");
                });
                assertThrows(IllegalArgumentException.class, message::close);
            }
            MessageWriter cut = rig.connection.nextWriter(MessageType.TEXT);
            cut.write(hex("41e28c"));
            String _ = refused(cut::close);
            rig.connection.writeText("next");
            rig.peer.expectText("next");
            rig.peer.expectNothingMore();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ff", "41e28c"})
    void aBinaryWriterTakesThemAll(String bytes) throws Exception {
        try (Rig rig = new Rig(Role.SERVER)) {
            rig.connection.writeMessage(MessageType.BINARY, message -> message.write(hex(bytes)));
            rig.peer.expectBinary(HexFormat.of().parseHex(bytes));
        }
    }
}
