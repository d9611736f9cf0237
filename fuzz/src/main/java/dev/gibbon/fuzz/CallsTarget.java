// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import dev.gibbon.ObservedConnection;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.Role;
import dev.gibbon.WebSocketException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole connection whose calls the fuzzer chooses as well as what the peer sends: reads that take what is there,
 * reads that are interrupted or cut off by time, messages that are streamed a little at a time, bytes that come in
 * between, and an end anywhere. However it is read, the messages and the end are those that one reader sees who
 * reads it whole. Choices: 1 byte of flags (1: we are the client; 2: the transport blocks; 4: drops the connection
 * after the calls), 1 of how much is read ahead, 2 of limits (message, frame), how many calls, and for each one
 * byte that names it and one of a size.
 */
public final class CallsTarget {
    private static final int CLIENT = 1;
    private static final int BLOCKS = 2;
    private static final int ABORTS = 4;
    private static final int CALLS = 7;

    private final List<String> seen = new ArrayList<>();
    private final FedStream stream;
    private final ObservedConnection observed;
    private final Connection connection;

    /** The message that is being streamed, and what came of it. */
    private @Nullable MessageReader reader;

    private final ByteArrayOutputStream pieces = new ByteArrayOutputStream();
    private @Nullable String end;

    private CallsTarget(int flags, ConnectionOptions options, byte[] wire) {
        Role role = (flags & CLIENT) == 0 ? Role.SERVER : Role.CLIENT;
        stream = new FedStream(wire);
        observed = (flags & BLOCKS) == 0
                ? ObservedConnection.open(stream, role, options)
                : ObservedConnection.open(stream.blocking(), role, options, ByteBuffer.allocate(0));
        connection = observed.connection();
    }

    /**
     * Runs one input, read whole and by the calls that it names.
     *
     * @param data choices and wire bytes
     */
    public static void fuzzerTestOneInput(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int flags = input.choice();
        int readAhead = 1 + input.choice() * 4;
        long message = input.powerOfTwo();
        long frame = input.powerOfTwo();
        ConnectionOptions options = ConnectionOptions.builder()
                .maxMessageBytes(message)
                .maxFrameBytes(frame)
                .build();
        int[] calls = new int[2 * (input.choice() & 31)];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = input.choice();
        }
        byte[] wire = input.rest();
        CallsTarget whole = new CallsTarget(flags, options, wire);
        whole.stream.feedRest();
        whole.readToTheEnd();
        whole.finish(false);
        ConnectionOptions bounded =
                options.toBuilder().maxReadAheadBytes(readAhead).build();
        CallsTarget called = new CallsTarget(flags, bounded, wire);
        for (int i = 0; i < calls.length && called.end == null; i += 2) {
            called.call(calls[i], calls[i + 1]);
        }
        boolean aborts = (flags & ABORTS) != 0;
        if (!aborts) {
            called.stream.feedRest();
            called.readToTheEnd();
        }
        called.finish(aborts);
        if (aborts && called.end == null) {
            Oracle.require(
                    whole.seen.size() >= called.seen.size()
                            && whole.seen.subList(0, called.seen.size()).equals(called.seen),
                    "not the beginning of " + whole.seen + ": " + called.seen);
        } else {
            Oracle.requireEqual(whole.seen, called.seen);
        }
    }

    private void finish(boolean abort) {
        if (abort) {
            connection.abort();
        } else {
            connection.close();
        }
        ConnectionTarget.requireGone(observed);
    }

    private void call(int name, int size) {
        switch (name & CALLS) {
            case 0, 1 -> stream.feed(1 + size);
            case 2 -> step(() -> take(connection.readMessage(Duration.ZERO)));
            case 3 -> step(() -> take(connection.readMessage(Duration.ofSeconds(-size))));
            case 4 -> interrupted(size);
            case 5 -> step(() -> begin(connection.nextReader(Duration.ZERO)));
            case 6 -> whileFed(size);
            default -> {
                try {
                    connection.ping(ByteBuffer.allocate(size & 63));
                } catch (ConnectionClosedException _) {
                    // The peer has ended it.
                } catch (IOException e) {
                    throw new AssertionError("not what a Ping may throw", e);
                }
            }
        }
    }

    /** A read whose thread is interrupted: it takes what is there. */
    private void interrupted(int size) {
        Thread.currentThread().interrupt();
        try {
            step(() -> {
                if ((size & 1) == 0) {
                    take(connection.readMessage());
                } else {
                    begin(connection.nextReader());
                }
            });
        } finally {
            boolean _ = Thread.interrupted();
        }
    }

    /** A read that waits while bytes come, and that an interrupt ends. */
    private void whileFed(int size) {
        Thread reads = Thread.currentThread();
        Thread other = Thread.startVirtualThread(() -> {
            stream.feed(1 + size);
            reads.interrupt();
        });
        try {
            step(() -> take(connection.readMessage()));
        } finally {
            joined(other);
        }
    }

    @SuppressWarnings("ThreadJoinLoop") // It is one.
    private static void joined(Thread other) {
        boolean done = false;
        while (!done) {
            try {
                other.join();
                done = true;
            } catch (InterruptedException _) {
                // That one; it comes once.
            }
        }
        boolean _ = Thread.interrupted();
    }

    private interface Step {
        void run() throws IOException;
    }

    /** Goes on with the message that is being streamed, or else does what it is told. */
    private void step(Step step) {
        try {
            if (reader != null) {
                stream(3);
            } else {
                step.run();
            }
        } catch (ReadTimeoutException | InterruptedCallException e) {
            Oracle.requirePrintable(e.getMessage()); // The call has ended, and nothing else.
        } catch (WebSocketException e) {
            Oracle.requirePrintable(e.getMessage());
            ended(e);
        } catch (IOException e) {
            throw new AssertionError("not what reads may throw", e);
        }
    }

    private void ended(WebSocketException e) {
        if (reader != null && e instanceof ConnectionClosedException) {
            // A message cut by a clean close must not seem whole, yet the connection ends cleanly.
            reader = null;
            step(() -> take(connection.readMessage()));
            return;
        }
        end = e.getClass().getSimpleName() + " " + e.getMessage();
        seen.add(end);
    }

    private void take(@Nullable Message message) {
        if (message != null) {
            seen.add(message.type() + " " + Oracle.latin1(message.bytes()));
        } else if (reader == null) {
            end = "a clean end";
            seen.add(end);
        }
    }

    private void begin(@Nullable MessageReader begun) {
        if (begun == null) {
            take(null);
        } else {
            reader = begun.timeout(Duration.ZERO);
        }
    }

    private void stream(int reads) throws IOException {
        MessageReader streamed = reader;
        ByteBuffer buffer = ByteBuffer.allocate(5);
        for (int i = 0; i < reads && streamed != null; i++) {
            int n = streamed.read(buffer.clear());
            if (n < 0) {
                seen.add((streamed.type() == MessageType.TEXT ? "TEXT " : "BINARY ")
                        + Oracle.latin1(pieces.toByteArray()));
                pieces.reset();
                reader = null;
                streamed = null;
            } else {
                pieces.write(buffer.array(), 0, n);
            }
        }
    }

    private void readToTheEnd() {
        MessageReader left = reader;
        if (left != null) {
            reader = left.timeout(Duration.ofDays(1));
        }
        while (end == null) {
            step(() -> take(connection.readMessage()));
        }
    }
}
