// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.DialResult;
import dev.gibbon.Dialer;
import dev.gibbon.Headers;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.reconnect.Backoff;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.utils.Signals;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gibbon connect}: a client for people at a terminal, and for pipes. */
@Command(
        name = "connect",
        description = {
            "Connects to a WebSocket server.",
            "",
            "At a terminal, a line is sent as a text message when Enter is pressed, and what comes is printed above it;"
                    + " /help lists what else there is. Otherwise it is a filter: each line of the input is sent as a "
                    + "text message, each text message that comes is a line of the output.",
            ""
        },
        optionListHeading = "%nOptions:%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        usageHelpAutoWidth = true,
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            " 0:closed cleanly: by this side, or by the server with 1000, 1001 or no code",
            " 1:the connection was lost, or closed with a code that says that something went wrong",
            " 2:the command line makes no sense, or the input is not what it should be",
            " 3:the server refused the opening handshake",
            " 4:no connection: an unknown host, a closed port, a certificate that is no good, a timeout"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  gibbon connect ws://localhost:8080/echo",
            "  echo hello | gibbon connect ws://localhost:8080/echo",
            "  gibbon connect -H 'X-Room: 7' -s chat wss://example.org/feed",
            "  gibbon connect --linger forever wss://example.org/feed </dev/null"
        })
final class ConnectCommand implements Callable<Integer> {
    /** Quicker than a program's: a person waits. */
    private static final Backoff RETRIES = Backoff.of(Duration.ofSeconds(1), Duration.ofSeconds(30), 2);

    private static final int SIGNALLED = 130; // As a shell says it of a program that Ctrl-C ended.

    @Spec
    private CommandSpec spec;

    @Mixin
    private DialOptions dial = new DialOptions();

    @Option(
            names = "--reconnect",
            description = "When the connection is lost or there is none yet, try again, after longer and longer waits.")
    private boolean reconnect;

    @Option(
            names = "--binary",
            description =
                    "As a filter, send the bytes of the input as binary messages, a piece for each read, and write "
                            + "the bytes of all messages to the output.")
    private boolean binary;

    @Option(
            names = "--raw",
            description = "As a filter, write line breaks in messages as they are, not as \\n and \\r.")
    private boolean raw;

    @Option(
            names = "--linger",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = TimeSpan.Converter.class,
            description = "As a filter, close once nothing has come for so long after the end of the input; "
                    + "${DEFAULT-VALUE} unless given. 0, 2.5, 500ms, forever.")
    private TimeSpan linger = new TimeSpan(Duration.ofSeconds(1));

    @Option(names = "--no-deflate", description = "Do not offer compression (permessage-deflate, RFC 7692).")
    private boolean noDeflate;

    @Option(
            names = "--no-keepalive",
            description =
                    "Send no Pings. Unless given, one is sent every 25 s, and a server that does not answer in 20 s "
                            + "is given up.")
    private boolean noKeepalive;

    @Option(names = "--no-history", description = "Do not keep typed lines for the next time.")
    private boolean noHistory;

    @Option(
            names = {"-v", "--verbose"},
            description = "Show the heads of the opening handshake, and control frames.")
    private boolean verbose;

    @Override
    public Integer call() throws CommandFailedException, InterruptedException {
        URI uri = dial.uri();
        Headers headers = dial.headers();
        Dialer dialer = dial.dialer(headers, this::configure);
        Link link = new Link(() -> open(dialer, uri), reconnect ? RETRIES : null, new SecureRandom());
        boolean toTerminal = StandardStream.OUTPUT.isTerminal();
        boolean interactive = toTerminal && !binary && StandardStream.INPUT.isTerminal();
        Ending ending = interactive ? talk(link, headers) : filter(link, headers, toTerminal);
        return ending.status();
    }

    private Dialer.Builder configure(Dialer.Builder dialer) {
        if (noKeepalive) {
            Dialer.Builder _ =
                    dialer.options(dial.options().toBuilder().noKeepalive().build());
        }
        return noDeflate ? dialer : dialer.permessageDeflate(PermessageDeflate.defaults());
    }

    private DialResult open(Dialer dialer, URI uri) throws IOException {
        try {
            return dialer.dialForResult(uri, Headers.of());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private Ending talk(Link link, Headers headers) throws CommandFailedException, InterruptedException {
        closeOn(link, "TERM", "HUP"); // Ctrl-C is the prompt's.
        Palette palette = Palette.of(System.getenv());
        try (Prompt prompt = Prompt.open(palette, history())) {
            Ending ending = new TerminalSession(link, prompt, result -> heads(result, headers), verbose).run();
            Palette.Kind kind = ending.status() == Ending.CLEAN ? Palette.Kind.STATUS : Palette.Kind.WRONG;
            prompt.print(kind, "* ", List.of(ending.line()));
            List<String> refusal = ending.refusal()
                    .map(refused -> Heads.refusal(refused, verbose))
                    .orElse(List.of());
            if (!refusal.isEmpty()) {
                prompt.print(Palette.Kind.RECEIVED, "", refusal);
            }
            return ending;
        } catch (IOException e) {
            throw new CommandFailedException("the terminal cannot be used: " + e.getMessage(), e);
        }
    }

    private Ending filter(Link link, Headers headers, boolean toTerminal) throws InterruptedException {
        closeOn(link, "INT", "TERM", "HUP");
        PrintWriter err = spec.commandLine().getErr();
        String name = spec.qualifiedName();
        FilterSession session = new FilterSession(
                link,
                new InputMessages(System.in, binary),
                new OutputMessages(new FileOutputStream(FileDescriptor.out), form(toTerminal)),
                linger.duration(),
                result -> heads(result, headers).forEach(err::println),
                note -> err.println(name + ": " + note));
        Ending ending = session.run();
        if (ending.status() != Ending.CLEAN || verbose) {
            err.println(name + ": " + ending.line());
            ending.refusal()
                    .ifPresent(refused -> Heads.refusal(refused, verbose).forEach(err::println));
        }
        return ending;
    }

    private OutputMessages.Form form(boolean toTerminal) {
        if (toTerminal) {
            return OutputMessages.Form.VISIBLE;
        }
        if (binary) {
            return OutputMessages.Form.BYTES;
        }
        return raw ? OutputMessages.Form.RAW_LINES : OutputMessages.Form.LINES;
    }

    private List<String> heads(DialResult result, Headers headers) {
        if (!verbose) {
            return List.of();
        }
        List<String> lines = new ArrayList<>(Heads.request(result.uri(), headers, dial.subprotocols(), !noDeflate));
        lines.addAll(Heads.response(101, result.headers()));
        return lines;
    }

    /** A history that cannot be kept is no reason not to connect. */
    private Optional<Path> history() {
        Optional<Path> file = noHistory ? Optional.empty() : HistoryFile.path(System.getenv());
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(HistoryFile.prepare(file.get()));
        } catch (IOException | UnsupportedOperationException e) {
            spec.commandLine().getErr().println(spec.qualifiedName() + ": no history: " + Visible.of(e.toString()));
            return Optional.empty();
        }
    }

    /** The first signal closes the connection, and with that the program ends; the second ends it at once. */
    private static void closeOn(Link link, String... signals) {
        AtomicBoolean told = new AtomicBoolean();
        for (String signal : signals) {
            Object _ = Signals.register(signal, () -> {
                if (told.getAndSet(true)) {
                    Runtime.getRuntime().halt(SIGNALLED);
                }
                link.close(CloseCode.NORMAL, "");
            });
        }
    }
}
