// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.ControlListener;
import dev.gibbon.DialResult;
import dev.gibbon.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * {@code gibbon connect} at a terminal: typed lines are sent, what comes is printed above the line that is being typed.
 */
final class TerminalSession implements Link.Events {
    private static final String IN = "< ";
    private static final String OUT = "> ";
    private static final String NOTE = "* ";
    private static final int MAX_PENDING_PINGS = 100;

    private final Link link;
    private final Prompt prompt;
    private final Function<DialResult, List<String>> heads;
    private final boolean verbose;
    private final CompletableFuture<Boolean> begun = new CompletableFuture<>();
    private final Map<ByteBuffer, Long> pings = new ConcurrentHashMap<>();
    private final AtomicInteger pingNumber = new AtomicInteger();

    private final Object readingLock = new Object();
    // Guarded by readingLock.
    private boolean reading;
    private boolean ended;

    /**
     * Sets up a session; nothing happens yet.
     *
     * @param link the connection
     * @param prompt the terminal
     * @param heads lines to show for each connection
     * @param verbose whether to show control frames that nobody asked for
     */
    TerminalSession(Link link, Prompt prompt, Function<DialResult, List<String>> heads, boolean verbose) {
        this.link = link;
        this.prompt = prompt;
        this.heads = heads;
        this.verbose = verbose;
    }

    /** {@return how it ended} Blocks until then. The calling thread is the one that reads the terminal. */
    Ending run() throws InterruptedException {
        CompletableFuture<Ending> ending = new CompletableFuture<>();
        Thread typing = Thread.currentThread();
        Thread _ = Thread.ofVirtual().name("gibbon-link").start(() -> {
            try {
                ending.complete(link.run(this));
            } catch (InterruptedException | RuntimeException e) {
                ending.completeExceptionally(e);
            }
            boolean _ = begun.complete(false);
            stopReading(typing);
        });
        try {
            if (begun.get()) {
                readLines();
            }
            return ending.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
    }

    private void readLines() {
        while (true) {
            Optional<String> line = readLine();
            if (line.isEmpty()) {
                if (!isEnded()) {
                    status("closing; Ctrl-C again ends at once");
                    link.close(CloseCode.NORMAL, "");
                }
                return;
            }
            if (obey(SlashCommand.parse(line.get()))) {
                return;
            }
        }
    }

    /** {@return a line; empty if there will be none, be it the user or the connection} */
    private Optional<String> readLine() {
        synchronized (readingLock) {
            if (ended) {
                return Optional.empty();
            }
            reading = true;
        }
        Optional<String> line = prompt.readLine();
        synchronized (readingLock) {
            reading = false;
            boolean _ = Thread.interrupted();
        }
        return line;
    }

    /** Only a wait for the user is interrupted; anything else ends by itself. */
    private void stopReading(Thread typing) {
        synchronized (readingLock) {
            ended = true;
            if (reading) {
                typing.interrupt();
            }
        }
    }

    private boolean isEnded() {
        synchronized (readingLock) {
            return ended;
        }
    }

    /** Does what a line asks for. {@return whether that was to end} */
    private boolean obey(SlashCommand command) {
        switch (command) {
            case SlashCommand.Nothing _ -> {}
            case SlashCommand.Help _ -> prompt.print(Palette.Kind.STATUS, NOTE, help());
            case SlashCommand.Wrong wrong -> wrong(Visible.of(wrong.why()));
            case SlashCommand.Say say -> send(say.text());
            case SlashCommand.Ping ping -> ping(ping.payload());
            case SlashCommand.Binary binary -> send(Message.binary(binary.bytes()));
            case SlashCommand.SendFile file -> sendFile(file);
            case SlashCommand.Close close -> {
                link.close(close.status().code(), close.status().reason());
                return true;
            }
        }
        return false;
    }

    private void send(String text) {
        Message message;
        try {
            message = Message.text(text);
        } catch (IllegalArgumentException e) {
            wrong("not sent: " + e.getMessage()); // Half a surrogate pair: a strange keyboard, or a strange terminal.
            return;
        }
        send(message);
    }

    /** {@return whether it was sent; if not, that was said} */
    private boolean send(Message message) {
        Optional<Connection> connection = link.connection();
        if (connection.isEmpty()) {
            wrong("not sent: there is no connection");
            return false;
        }
        try {
            connection.get().writeMessage(message);
            return true;
        } catch (IOException e) {
            wrong("not sent: " + Visible.of(String.valueOf(e.getMessage())));
            return false;
        }
    }

    private void sendFile(SlashCommand.SendFile file) {
        Message message;
        try {
            byte[] bytes = Files.readAllBytes(Path.of(file.path()));
            message = file.text() ? text(bytes) : Message.binary(bytes);
        } catch (NoSuchFileException _) {
            wrong("there is no file " + Visible.of(file.path()));
            return;
        } catch (CharacterCodingException _) {
            wrong("not sent: the file is not UTF-8; without --text it is sent as it is");
            return;
        } catch (IOException | IllegalArgumentException | OutOfMemoryError e) {
            wrong("cannot read " + Visible.of(file.path() + ": " + e.getMessage()));
            return;
        }
        if (send(message)) {
            String kind = file.text() ? "text, " : "binary, ";
            prompt.print(Palette.Kind.SENT, OUT, List.of(kind + message.length() + " bytes"));
        }
    }

    private static Message text(byte[] bytes) throws CharacterCodingException {
        return Message.text(StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString());
    }

    private void ping(String text) {
        String payload = text.isEmpty() ? "ping-" + pingNumber.incrementAndGet() : text;
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        Optional<Connection> connection = link.connection();
        if (connection.isEmpty()) {
            wrong("not sent: there is no connection");
            return;
        }
        if (pings.size() >= MAX_PENDING_PINGS) {
            pings.clear(); // Nobody answers them.
        }
        try {
            pings.put(ByteBuffer.wrap(bytes), System.nanoTime());
            connection.get().ping(ByteBuffer.wrap(bytes));
        } catch (IOException e) {
            wrong("not sent: " + Visible.of(String.valueOf(e.getMessage())));
        }
    }

    private void pong(ByteBuffer payload) {
        long now = System.nanoTime();
        String text =
                Visible.of(StandardCharsets.UTF_8.decode(payload.duplicate()).toString());
        Long sent = pings.remove(payload);
        if (sent != null) {
            String millis = String.format(Locale.ROOT, "%.2f", (now - sent) / 1e6);
            control("pong " + text + " after " + millis + " ms");
        } else if (verbose) {
            control("pong " + text + ", not asked for");
        }
    }

    @Override
    public void opened(DialResult result) {
        pings.clear();
        result.connection().setControlListener(new ControlListener() {
            @Override
            public void onPong(Connection connection, ByteBuffer payload) {
                pong(payload);
            }
        });
        List<String> lines = heads.apply(result);
        if (!lines.isEmpty()) {
            prompt.print(Palette.Kind.STATUS, "", lines);
        }
        String subprotocol = result.connection()
                .subprotocol()
                .map(name -> ", subprotocol " + Visible.of(name))
                .orElse("");
        String extensions = result.connection().extensions().stream()
                .map(extension -> ", " + Visible.of(extension))
                .collect(Collectors.joining());
        status("connected to " + Visible.of(result.uri().toString()) + subprotocol + extensions);
        status("/help lists the commands");
        boolean _ = begun.complete(true);
    }

    @Override
    public void received(Message message) {
        prompt.print(Palette.Kind.RECEIVED, IN, Shown.lines(message));
    }

    @Override
    public void retrying(Ending ending, Duration wait) {
        wrong(ending.line());
        status("trying again in " + TimeSpan.words(wait));
    }

    private void control(String line) {
        prompt.print(Palette.Kind.CONTROL, NOTE, List.of(line));
    }

    private void status(String line) {
        prompt.print(Palette.Kind.STATUS, NOTE, List.of(line));
    }

    private void wrong(String line) {
        prompt.print(Palette.Kind.WRONG, NOTE, List.of(line));
    }

    private static List<String> help() {
        List<String> lines = new ArrayList<>();
        lines.add("A line is sent as a text message. Ctrl-C or Ctrl-D closes. Tab completes, Up and Ctrl-R recall.");
        for (SlashCommand.Usage usage : SlashCommand.USAGES) {
            lines.add(String.format(Locale.ROOT, "%-24s %s", usage.name() + " " + usage.operands(), usage.effect()));
        }
        return lines;
    }
}
