// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;

/**
 * The terminal: a line that is being edited, and what is printed above it. One thread reads; any thread prints.
 *
 * <p>JLine speaks to it by way of {@code stty}, which costs a few processes at the start and at each line, and needs no
 * native code: the JVM would print a warning for that.
 */
final class Prompt implements AutoCloseable {
    private static final String TEXT = "> ";
    private static final int MAX_COMPLETIONS = 200;

    private final Terminal terminal;
    private final LineReader reader;
    private final Palette palette;

    private Prompt(Terminal terminal, Palette palette, Optional<Path> history) {
        this.terminal = terminal;
        this.palette = palette;
        DefaultParser wholeLines = new DefaultParser();
        wholeLines.setEscapeChars(new char[0]);
        wholeLines.setQuoteChars(new char[0]);
        LineReaderBuilder builder = LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("gibbon")
                .parser(wholeLines)
                .highlighter(highlighter())
                .completer((_, line, candidates) -> complete(line, candidates))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .option(LineReader.Option.HISTORY_TIMESTAMPED, false)
                .option(LineReader.Option.INSERT_TAB, false);
        history.ifPresent(file -> builder.variable(LineReader.HISTORY_FILE, file));
        reader = builder.build();
    }

    /** {@return the terminal that this program was started from} */
    static Prompt open(Palette palette, Optional<Path> history) throws IOException {
        // Otherwise it would load its native library all the same.
        System.setProperty(
                TerminalBuilder.PROP_REDIRECT_PIPE_CREATION_MODE,
                TerminalBuilder.PROP_REDIRECT_PIPE_CREATION_MODE_REFLECTION);
        System.setProperty(
                TerminalBuilder.PROP_FILE_DESCRIPTOR_CREATION_MODE,
                TerminalBuilder.PROP_FILE_DESCRIPTOR_CREATION_MODE_REFLECTION);
        Terminal terminal = TerminalBuilder.builder()
                .system(true)
                .provider(TerminalBuilder.PROP_PROVIDER_EXEC)
                .encoding(StandardCharsets.UTF_8)
                .nativeSignals(true)
                .build();
        return new Prompt(terminal, palette, history);
    }

    /** {@return the next line; empty on Ctrl-C, on Ctrl-D, and when the thread is interrupted} */
    Optional<String> readLine() {
        try {
            return Optional.of(
                    reader.readLine(palette.paint(Palette.Kind.SENT, TEXT).toAnsi(terminal)));
        } catch (UserInterruptException | EndOfFileException _) {
            return Optional.empty();
        }
    }

    /** Prints lines above the one that is being edited, the first behind a mark and the others as far in. */
    void print(Palette.Kind kind, String mark, List<String> lines) {
        String indent = " ".repeat(mark.length());
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            text.append(text.isEmpty() ? mark : "\n" + indent).append(line);
        }
        AttributedString painted = palette.paint(kind, text.toString());
        reader.printAbove(painted);
        terminal.flush();
    }

    /** Gives the terminal back as it was. */
    @Override
    public void close() throws IOException {
        terminal.close();
    }

    /** What is typed has the colour that it will have been sent in. */
    private Highlighter highlighter() {
        return (_, line) -> switch (SlashCommand.parse(line)) {
            case SlashCommand.Say _, SlashCommand.Nothing _ -> palette.paint(Palette.Kind.SENT, line);
            case SlashCommand.Wrong _ -> palette.paint(Palette.Kind.WRONG, line);
            default -> palette.paint(Palette.Kind.CONTROL, line);
        };
    }

    private static void complete(ParsedLine line, List<Candidate> candidates) {
        String first = line.words().getFirst();
        if (line.wordIndex() == 0) {
            for (SlashCommand.Usage usage : SlashCommand.USAGES) {
                if (first.startsWith("/") && !usage.name().startsWith("//")) {
                    String description = usage.effect();
                    candidates.add(new Candidate(usage.name(), usage.name(), null, description, null, null, true));
                }
            }
        } else if (first.equals("/file")) {
            completePath(line.word().substring(0, line.wordCursor()), candidates);
        }
    }

    private static void completePath(String begun, List<Candidate> candidates) {
        int slash = begun.lastIndexOf('/') + 1;
        Path directory = Path.of(slash == 0 ? "." : begun.substring(0, slash));
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = String.valueOf(entry.getFileName());
                if (candidates.size() < MAX_COMPLETIONS && name.startsWith(begun.substring(slash))) {
                    boolean leadsOn = Files.isDirectory(entry);
                    String value = begun.substring(0, slash) + name + (leadsOn ? "/" : "");
                    candidates.add(new Candidate(value, Visible.of(name), null, null, null, null, !leadsOn));
                }
            }
        } catch (IOException _) {
            // No such directory, so nothing to offer.
        }
    }
}
