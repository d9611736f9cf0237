// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlashCommandTest {
    @Test
    void aLineIsSentAsItIs() {
        assertEquals(new SlashCommand.Say(" hello /close "), SlashCommand.parse(" hello /close "));
    }

    @Test
    void twoSlashesSendOne() {
        assertEquals(new SlashCommand.Say("/close"), SlashCommand.parse("//close"));
        assertEquals(new SlashCommand.Say("/"), SlashCommand.parse("//"));
    }

    @Test
    void anEmptyLineDoesNothing() {
        assertEquals(new SlashCommand.Nothing(), SlashCommand.parse(""));
    }

    @Test
    void pingTakesTextUpToWhatAControlFrameHolds() {
        assertEquals(new SlashCommand.Ping(""), SlashCommand.parse("/ping"));
        assertEquals(new SlashCommand.Ping("are you there"), SlashCommand.parse("/ping are you there"));
        assertEquals(new SlashCommand.Ping("x".repeat(125)), SlashCommand.parse("/ping " + "x".repeat(125)));
        assertEquals(
                "ping payload 126 > 125 bytes (RFC 6455 §5.5)",
                assertInstanceOf(SlashCommand.Wrong.class, SlashCommand.parse("/ping " + "é".repeat(63)))
                        .why());
    }

    @ParameterizedTest
    @CsvSource({
        "/binary 01ff7e",
        "/binary 01 FF 7e",
        "/binary 01:ff:7e",
        "/binary 0x01 0xff 0x7E",
        "'/binary  01 ff7e '"
    })
    void binaryTakesHexadecimalAsPeopleWriteIt(String line) {
        SlashCommand.Binary binary = assertInstanceOf(SlashCommand.Binary.class, SlashCommand.parse(line));
        assertArrayEquals(new byte[] {1, (byte) 0xFF, 0x7E}, binary.bytes());
    }

    @Test
    void binaryWithoutDigitsIsAnEmptyMessage() {
        assertEquals(
                0,
                assertInstanceOf(SlashCommand.Binary.class, SlashCommand.parse("/binary"))
                        .bytes()
                        .length);
    }

    @Test
    void fileIsBinaryUnlessTextIsAskedFor() {
        assertEquals(new SlashCommand.SendFile("a b.bin", false), SlashCommand.parse("/file a b.bin"));
        assertEquals(new SlashCommand.SendFile("a b.txt", true), SlashCommand.parse("/file --text a b.txt"));
        assertEquals(new SlashCommand.SendFile("--textual", false), SlashCommand.parse("/file --textual"));
    }

    @Test
    void closeTakesACodeAndAReason() {
        assertEquals(new SlashCommand.Close(new CloseStatus(CloseCode.NORMAL, "")), SlashCommand.parse("/close"));
        assertEquals(
                new SlashCommand.Close(new CloseStatus(new CloseCode(4000), "good bye")),
                SlashCommand.parse("/close 4000 good bye"));
    }

    @ParameterizedTest
    @CsvSource({
        "/close 1005, must not be sent (RFC 6455 §7.4)",
        "/close 1006 gone, must not be sent (RFC 6455 §7.4)",
        "/close 999, must not be sent (RFC 6455 §7.4)",
        "/close 65536, /close takes a code",
        "/close bye, /close takes a code",
        "/close -1, /close takes a code",
        "/binary 0, pairs of hexadecimal digits",
        "/binary xyz, pairs of hexadecimal digits",
        "/file, /file takes a path",
        "/file --text, /file takes a path",
        "/nonsense, '//nonsense sends it'",
        "/, no command /"
    })
    void whatMakesNoSenseIsNotSent(String line, String why) {
        String said = assertInstanceOf(SlashCommand.Wrong.class, SlashCommand.parse(line))
                .why();
        assertTrue(said.contains(why), said);
    }

    @Test
    void aCloseReasonFillsItsFrameAndNoMore() {
        assertInstanceOf(SlashCommand.Close.class, SlashCommand.parse("/close 1000 " + "x".repeat(123)));
        assertEquals(
                "close reason 124 > 123 bytes (RFC 6455 §5.5.1)",
                assertInstanceOf(SlashCommand.Wrong.class, SlashCommand.parse("/close 1000 " + "x".repeat(124)))
                        .why());
    }
}
