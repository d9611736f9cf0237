// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Message;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The small parts of {@code gibbon connect}. */
class ConnectPartsTest {
    @Nested
    class Times {
        @ParameterizedTest
        @CsvSource({
            "10, 10000",
            "2.5, 2500",
            "0, 0",
            "10s, 10000",
            "500ms, 500",
            "2m, 120000",
            "1 h, 3600000",
            "1S, 1000"
        })
        void areReadAsPeopleWriteThem(String text, long millis) {
            assertEquals(Duration.ofMillis(millis), TimeSpan.parse(text).duration());
        }

        @Test
        void foreverIsLongAndFitsAClock() {
            Duration forever = TimeSpan.parse("forever").duration();
            assertTrue(forever.toDays() > 10_000);
            assertTrue(forever.toNanos() < Long.MAX_VALUE / 2);
            assertEquals(forever, TimeSpan.parse("999999999h").duration());
        }

        @ParameterizedTest
        @CsvSource({"0, 0 ms", "300, 300 ms", "1200, 1.2 s", "13187, 13 s", "29600, 30 s"})
        void areSaidAsPeopleSayThem(long millis, String words) {
            assertEquals(words, TimeSpan.words(Duration.ofMillis(millis)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "-1", "1d", "s", "1e3", "1.2345", "10000000000"})
        void otherTextIsNoTime(String text) {
            assertThrows(IllegalArgumentException.class, () -> TimeSpan.parse(text));
        }
    }

    @Nested
    class Input {
        @Test
        void everyLineIsAMessageTheLastWithoutAnEndToo() throws IOException {
            assertEquals(List.of("a", "", "b\r", "ç"), texts("a\n\nb\r\r\nç"));
            assertEquals(List.of("a"), texts("a\r\n"));
            assertEquals(List.of(), texts(""));
        }

        @Test
        void aLineThatIsNotUtf8IsNamed() throws IOException {
            InputMessages in = new InputMessages(new ByteArrayInputStream(new byte[] {'a', '\n', (byte) 0xC3}), false);
            assertEquals("a", in.next().orElseThrow().text());
            IOException e = assertThrows(InputMessages.NotTextException.class, in::next);
            assertTrue(e.getMessage().startsWith("line 2 "), e.getMessage());
        }

        @Test
        void piecesAreBinaryAndCutAtTheBuffer() throws IOException {
            byte[] bytes = new byte[100_000];
            new Random(1).nextBytes(bytes);
            InputMessages in = new InputMessages(new ByteArrayInputStream(bytes), true);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (Message message : messages(in)) {
                assertTrue(!message.isText() && message.length() <= 64 * 1024);
                all.writeBytes(message.bytes());
            }
            assertEquals(List.of(bytes.length, true), List.of(all.size(), Arrays.equals(bytes, all.toByteArray())));
        }

        private static List<String> texts(String input) throws IOException {
            byte[] bytes = input.getBytes(StandardCharsets.UTF_8);
            return messages(new InputMessages(new ByteArrayInputStream(bytes), false)).stream()
                    .map(Message::text)
                    .toList();
        }

        private static List<Message> messages(InputMessages in) throws IOException {
            List<Message> all = new ArrayList<>();
            for (Optional<Message> next = in.next(); next.isPresent(); next = in.next()) {
                all.add(next.get());
            }
            return all;
        }
    }

    @Nested
    class Output {
        private static final Message TEXT = Message.text("a\nb\r\\n\033[31m");

        @Test
        void aMessageIsOneLineAndOtherwiseAsItCame() throws IOException {
            assertEquals("a\\nb\\r\\n\033[31m\n", written(OutputMessages.Form.LINES, TEXT));
        }

        @Test
        void rawKeepsLineBreaks() throws IOException {
            assertEquals("a\nb\r\\n\033[31m\n", written(OutputMessages.Form.RAW_LINES, TEXT));
        }

        @Test
        void bytesHaveNothingAdded() throws IOException {
            assertEquals("a\nb\r\\n\033[31m", written(OutputMessages.Form.BYTES, TEXT));
        }

        @Test
        void aTerminalSeesNoControlCharacter() throws IOException {
            assertEquals("a\nb\\r\\n\\u{1B}[31m\n", written(OutputMessages.Form.VISIBLE, TEXT));
            assertEquals(
                    "binary, 2 bytes: 1b 07\n",
                    written(OutputMessages.Form.VISIBLE, Message.binary(new byte[] {0x1B, 7})));
        }

        @Test
        void linesTakeNoBinaryMessage() {
            OutputMessages out = new OutputMessages(new ByteArrayOutputStream(), OutputMessages.Form.LINES);
            assertEquals(false, out.takes(Message.binary(new byte[1])));
        }

        private static String written(OutputMessages.Form form, Message message) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            new OutputMessages(bytes, form).write(message);
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    @Nested
    class OnTheScreen {
        @Test
        void aMessageKeepsItsLinesAndBackslashes() {
            assertEquals(List.of("{\"a\":", "\"x\\\"y\"}"), Shown.lines(Message.text("{\"a\":\r\n\"x\\\"y\"}\n")));
        }

        @Test
        void aLongMessageIsCutWithANote() {
            List<String> lines = Shown.lines(Message.text("é".repeat(100_000)));
            assertEquals(List.of("é".repeat(Shown.MAX_CHARS), "... (200000 bytes)"), lines);
        }

        @Test
        void coloursStayAwayWhereTheyAreUnwanted() {
            assertEquals(Palette.PLAIN, Palette.of(Map.of("TERM", "xterm", "NO_COLOR", "1")));
            assertEquals(Palette.PLAIN, Palette.of(Map.of("TERM", "dumb")));
            assertEquals(Palette.PLAIN, Palette.of(Map.of()));
            assertEquals(Palette.COLOURED, Palette.of(Map.of("TERM", "xterm", "NO_COLOR", "")));
        }
    }

    @Nested
    class HandshakeHeads {
        @Test
        void credentialsAreNotShown() {
            Headers fields = Headers.of("Authorization", "Basic c2VjcmV0", "Cookie", "s=secret", "X-Room", "7");
            List<String> lines = Heads.request(URI.create("ws://h:1/p?q=1"), fields, List.of("a", "b"), false);
            assertEquals("> GET /p?q=1 HTTP/1.1", lines.getFirst());
            assertTrue(lines.contains("> Host: h:1"));
            assertTrue(lines.contains("> Sec-WebSocket-Protocol: a, b"));
            assertTrue(lines.contains("> Authorization: (not shown)"));
            assertTrue(lines.contains("> Cookie: (not shown)"));
            assertTrue(lines.contains("> X-Room: 7"));
            assertEquals(
                    List.of(),
                    lines.stream().filter(line -> line.contains("ecret")).toList());
        }

        @Test
        void aRefusalHasStatusFieldsAndTheBeginningOfItsBodyEscaped() {
            byte[] body = ("no \033[2Jentry\nsorry" + "x".repeat(5000)).getBytes(StandardCharsets.UTF_8);
            List<String> lines = Heads.refusal(
                    new HandshakeException(403, "m", Headers.of("X-Why", "\u009bbad"), body, null), false);
            assertEquals(
                    List.of("< HTTP/1.1 403", "< X-Why: \\u{9B}bad", "<", "< no \\u{1B}[2Jentry"), lines.subList(0, 4));
            assertTrue(lines.get(4).startsWith("< sorryxxx"));
            assertEquals("< ... (" + body.length + " bytes or more)", lines.getLast());
            assertEquals(6, lines.size());
        }

        @Test
        void ofAWebPageThereIsTheTitleUnlessMoreIsWanted() {
            byte[] body = "<!doctype html>\n<html><head><TITLE lang=en>Sign\n in\033</TITLE>\n"
                    .getBytes(StandardCharsets.UTF_8);
            Headers fields = Headers.of("Content-Type", "Text/HTML; charset=utf-8");
            HandshakeException page = new HandshakeException(200, "m", fields, body, null);
            assertEquals(
                    List.of(
                            "< HTTP/1.1 200",
                            "< Content-Type: Text/HTML; charset=utf-8",
                            "<",
                            "< (a web page: Sign in\\u{1B}; -v shows how it begins)"),
                    Heads.refusal(page, false));
            assertEquals("< <!doctype html>", Heads.refusal(page, true).get(3));
            byte[] bare = "<p>x".getBytes(StandardCharsets.UTF_8);
            assertEquals(
                    "< (a web page; -v shows how it begins)",
                    Heads.refusal(new HandshakeException(404, "m", fields, bare, null), false)
                            .getLast());
        }

        @Test
        void withoutAReplyThereIsNothingToShow() {
            assertEquals(List.of(), Heads.refusal(new HandshakeException(0, "cut off"), false));
        }
    }

    @Nested
    class History {
        @Test
        void isInTheDirectoryForState() {
            assertEquals(
                    Optional.of(Path.of("/s/gibbon/connect-history")),
                    HistoryFile.path(Map.of("XDG_STATE_HOME", "/s", "HOME", "/h")));
            assertEquals(
                    Optional.of(Path.of("/h/.local/state/gibbon/connect-history")),
                    HistoryFile.path(Map.of("XDG_STATE_HOME", "relative", "HOME", "/h")));
            assertEquals(Optional.empty(), HistoryFile.path(Map.of()));
        }

        @Test
        void isForItsOwnersEyes(@TempDir Path directory) throws IOException {
            Path file = directory.resolve("a/b/history");
            assertEquals(file, HistoryFile.prepare(file));
            assertEquals("rw-------", mode(file));
            assertEquals("rwx------", mode(directory.resolve("a/b")));
            Files.writeString(file, "kept");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            HistoryFile.prepare(file);
            assertEquals("rw-------", mode(file));
            assertEquals("kept", Files.readString(file));
        }

        private static String mode(Path file) throws IOException {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        }
    }
}
