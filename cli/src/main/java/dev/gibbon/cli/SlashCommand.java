// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** What a line that was typed at the prompt of {@code gibbon connect} asks for. */
sealed interface SlashCommand {
    /** A control frame's payload (§5.5). */
    int MAX_CONTROL_BYTES = 125;

    /** A close reason stands behind a code of two bytes (§5.5.1). */
    int MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2;

    /** The commands as the help lists them, each with what it does. */
    List<Usage> USAGES = List.of(
            new Usage("/ping", "[TEXT]", "send a Ping, show how long its Pong took"),
            new Usage("/binary", "HEX", "send a binary message, such as /binary 01 ff 7e"),
            new Usage("/file", "[--text] PATH", "send a file as a binary or text message"),
            new Usage("/close", "[CODE [REASON]]", "close, with 1000 unless given, and leave"),
            new Usage("/help", "", "show this"),
            new Usage("//TEXT", "", "send a line that begins with a slash"));

    /** Sends the line as a text message. */
    record Say(String text) implements SlashCommand {}

    /** Sends a Ping with this payload, or with one that is made up. */
    record Ping(String payload) implements SlashCommand {}

    /** Sends a binary message. */
    record Binary(byte[] bytes) implements SlashCommand {}

    /** Sends what is in a file. */
    record SendFile(String path, boolean text) implements SlashCommand {}

    /** Closes the connection. */
    record Close(CloseStatus status) implements SlashCommand {}

    /** Shows the commands. */
    record Help() implements SlashCommand {}

    /** Does nothing. */
    record Nothing() implements SlashCommand {}

    /** A line that makes no sense, and why. */
    record Wrong(String why) implements SlashCommand {}

    /** A command, what may stand behind it, and what it does. */
    record Usage(String name, String operands, String effect) {}

    /** {@return what a line asks for; one that makes no sense is {@link Wrong}, nothing is thrown} */
    static SlashCommand parse(String line) {
        if (line.isEmpty()) {
            return new Nothing();
        }
        if (!line.startsWith("/")) {
            return new Say(line);
        }
        if (line.startsWith("//")) {
            return new Say(line.substring(1));
        }
        int blank = line.indexOf(' ');
        String name = blank < 0 ? line : line.substring(0, blank);
        String operands = blank < 0 ? "" : line.substring(blank + 1).strip();
        return switch (name) {
            case "/ping" -> ping(operands);
            case "/binary" -> binary(operands);
            case "/file" -> file(operands);
            case "/close" -> close(operands);
            case "/help" -> new Help();
            default -> new Wrong("no command " + name + "; /help lists them, //" + name.substring(1) + " sends it");
        };
    }

    private static SlashCommand ping(String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        return bytes > MAX_CONTROL_BYTES
                ? new Wrong("ping payload " + bytes + " > " + MAX_CONTROL_BYTES + " bytes (RFC 6455 §5.5)")
                : new Ping(text);
    }

    private static SlashCommand binary(String hex) {
        try {
            return new Binary(HexFormat.of().parseHex(hex.replaceAll("[\\s:]|\\b0[xX]", "")));
        } catch (IllegalArgumentException _) {
            return new Wrong("/binary takes pairs of hexadecimal digits, such as 01 ff 7e");
        }
    }

    private static SlashCommand file(String operands) {
        boolean text = operands.equals("--text") || operands.startsWith("--text ");
        String path = text ? operands.substring("--text".length()).strip() : operands;
        return path.isEmpty() ? new Wrong("/file takes a path") : new SendFile(path, text);
    }

    private static SlashCommand close(String operands) {
        if (operands.isEmpty()) {
            return new Close(new CloseStatus(CloseCode.NORMAL, ""));
        }
        int blank = operands.indexOf(' ');
        String digits = blank < 0 ? operands : operands.substring(0, blank);
        String reason = blank < 0 ? "" : operands.substring(blank + 1).strip();
        if (!digits.matches("\\d{1,5}") || Integer.parseInt(digits) > 0xFFFF) {
            return new Wrong("/close takes a code and then a reason, such as /close 1000 bye");
        }
        CloseCode code = new CloseCode(Integer.parseInt(digits));
        if (!code.maySend()) {
            return new Wrong("close code " + code + " must not be sent (RFC 6455 §7.4); 1000 and 3000 to 4999 may");
        }
        int bytes = reason.getBytes(StandardCharsets.UTF_8).length;
        return bytes > MAX_REASON_BYTES
                ? new Wrong("close reason " + bytes + " > " + MAX_REASON_BYTES + " bytes (RFC 6455 §5.5.1)")
                : new Close(new CloseStatus(code, reason));
    }
}
