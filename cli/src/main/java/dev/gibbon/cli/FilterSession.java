// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.DialResult;
import dev.gibbon.Message;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** {@code gibbon connect} as a filter: messages from one stream, messages to another. */
final class FilterSession implements Link.Events {
    private final Link link;
    private final InputMessages in;
    private final OutputMessages out;
    private final Duration linger;
    private final Consumer<DialResult> opened;
    private final Consumer<String> notes;
    private final Silence silence = new Silence();
    private final AtomicReference<@Nullable String> inputError = new AtomicReference<>();
    private boolean reading; // The thread that runs the link only.

    /**
     * Sets up a filter; nothing happens yet.
     *
     * @param link the connection
     * @param in what to send
     * @param out where to put what comes
     * @param linger how long the peer must be silent after the end of the input before the connection is closed
     * @param opened told of every connection
     * @param notes told what else is worth a line
     */
    FilterSession(
            Link link,
            InputMessages in,
            OutputMessages out,
            Duration linger,
            Consumer<DialResult> opened,
            Consumer<String> notes) {
        this.link = link;
        this.in = in;
        this.out = out;
        this.linger = linger;
        this.opened = opened;
        this.notes = notes;
    }

    /**
     * {@return how it ended} Blocks until then; a read of the
     * input may still be blocked afterwards, in a daemon thread.
     */
    Ending run() throws InterruptedException {
        Ending ending = link.run(this);
        String error = inputError.get();
        return error == null ? ending : new Ending(Main.USAGE, error, false, Optional.empty());
    }

    private void sendAll() {
        try {
            Optional<Message> message = in.next();
            while (message.isPresent()) {
                if (!send(message.get())) {
                    return;
                }
                message = in.next();
            }
            if (link.awaitConnection(null).isPresent()) {
                silence.await(linger);
            }
        } catch (CharacterCodingException e) {
            inputError.set(e.getMessage());
        } catch (IOException e) {
            inputError.set("cannot read the input: " + Visible.of(String.valueOf(e.getMessage())));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // Nobody does.
        }
        link.close(CloseCode.NORMAL, "");
    }

    /** Sends a message once there is a connection; again on the next one if the transport did not take it whole. */
    private boolean send(Message message) throws InterruptedException {
        Connection failed = null;
        while (true) {
            Optional<Connection> connection = link.awaitConnection(failed);
            if (connection.isEmpty()) {
                return false;
            }
            try {
                connection.get().writeMessage(message);
                return true;
            } catch (IOException _) {
                failed = connection.get();
            }
        }
    }

    @Override
    public void opened(DialResult result) {
        opened.accept(result);
        if (!reading) {
            reading = true; // Nothing is taken from the input before there is somebody to send it to.
            Thread _ = Thread.ofPlatform().name("gibbon-input").daemon().start(this::sendAll);
        }
    }

    @Override
    public void incoming() {
        silence.broken();
    }

    @Override
    public void received(Message message) {
        try {
            if (out.takes(message)) {
                out.write(message);
            } else {
                notes.accept("left out a binary message of " + message.length() + " bytes; --binary writes them");
            }
        } catch (IOException _) {
            link.close(CloseCode.NORMAL, ""); // Whoever read the output has seen enough, like head.
        } finally {
            silence.restored();
        }
    }

    @Override
    public void retrying(Ending ending, Duration wait) {
        silence.restored();
        notes.accept(ending.line() + "; trying again in " + TimeSpan.words(wait));
    }
}
