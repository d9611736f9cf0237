// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.ObservedConnection;
import dev.gibbon.Role;
import dev.gibbon.WebSocketException;
import dev.gibbon.protocol.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A whole connection whose peer says what the fuzzer says: reads to the end, echoes each message,
 * closes. Choices: 1 byte of flags (1: we are the client; 2: messages are streamed; 4: frames are
 * held back; 8: the transport breaks instead of ending; 16: drops the connection instead of closing
 * it; 32: does so after the first message; 64: the first piece came with the handshake), 4 of
 * limits (message, frame, fragments, control frames), then sizes of pieces, which bound writes too.
 */
public final class ConnectionTarget {
    private static final int CLIENT = 1;
    private static final int STREAMED = 2;
    private static final int BATCHED = 4;
    private static final int BREAKS = 8;
    private static final int ABORTS = 16;
    private static final int LEAVES_EARLY = 32;
    private static final int LEFTOVER = 64;

    private static final int STREAM_BUFFER_BYTES = 7;
    private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(8);

    private static final long POLL_NANOS = 50_000;

    /** What {@link #converse} says of an end by Close frames. */
    static final String CLEAN_END = "a clean end";

    private ConnectionTarget() {}

    /**
     * Runs one input whole and in pieces.
     *
     * @param data choices and wire bytes
     */
    public static void fuzzerTestOneInput(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int flags = input.choice();
        ConnectionOptions options = ConnectionOptions.builder()
                .maxMessageBytes(input.powerOfTwo())
                .maxFrameBytes(input.powerOfTwo())
                .maxFragments(1 + input.choice())
                .maxControlFramesPerMinute(1 + input.choice())
                .batchWrites((flags & BATCHED) != 0)
                .build();
        int[] sizes = input.sizes();
        byte[] wire = input.rest();
        List<String> whole = run(flags & ~(STREAMED | LEFTOVER), options, wire, new int[] {Integer.MAX_VALUE});
        Oracle.requireEqual(whole, run(flags, options, wire, sizes));
    }

    /** {@return the messages that came, the end as reads report it, and as the connection remembers it} */
    private static List<String> run(int flags, ConnectionOptions options, byte[] wire, int[] sizes) {
        Role role = (flags & CLIENT) == 0 ? Role.SERVER : Role.CLIENT;
        int leftover = (flags & LEFTOVER) != 0 ? Math.min(wire.length, sizes[0]) : 0;
        PieceTransport transport =
                new PieceTransport(Arrays.copyOfRange(wire, leftover, wire.length), sizes, (flags & BREAKS) != 0);
        ObservedConnection observed =
                ObservedConnection.open(transport, role, options, ByteBuffer.wrap(wire, 0, leftover));
        List<String> seen = new ArrayList<>();
        List<String> echoed = new ArrayList<>();
        String end;
        try {
            end = converse(flags, observed.connection(), seen, echoed);
        } finally {
            if ((flags & ABORTS) != 0) {
                observed.connection().abort();
            } else {
                observed.connection().close();
            }
        }
        requireGone(observed);
        if (end != null) {
            String again = next(flags, observed.connection(), seen, echoed);
            Oracle.requireEqual(end, again == null ? "a message after the end" : again);
        }
        if ((flags & LEAVES_EARLY) == 0) {
            // How much of what follows our own Close frame is read depends on the split.
            seen.add(observed.connection().closeStatus().toString());
        }
        boolean cut = (flags & ABORTS) != 0 || end == null || !end.equals(CLEAN_END);
        requireSensible(role, transport.written(), seen, echoed, cut);
        return seen;
    }

    /** Reads and echoes; {@return how the connection ended, or null if it was left before} */
    static @Nullable String converse(int flags, Connection connection, List<String> seen, List<String> echoed) {
        String end;
        do {
            end = next(flags, connection, seen, echoed);
        } while (end == null && (flags & LEAVES_EARLY) == 0);
        if (end != null) {
            seen.add(end);
        }
        return end;
    }

    /** Reads and echoes one message; {@return how the connection ended, or null if it goes on} */
    private static @Nullable String next(int flags, Connection connection, List<String> seen, List<String> echoed) {
        Message message;
        try {
            message = (flags & STREAMED) != 0 ? streamed(connection) : connection.readMessage();
        } catch (WebSocketException e) {
            Oracle.requirePrintable(e.getMessage());
            return e.getClass().getSimpleName() + " " + e.getMessage();
        } catch (IOException e) {
            throw new AssertionError("not what reads may throw", e);
        }
        if (message == null) {
            return CLEAN_END;
        }
        String text = message.type() + " " + Oracle.latin1(message.bytes());
        seen.add(text);
        try {
            connection.writeMessage(message);
            echoed.add(text);
        } catch (ConnectionClosedException e) {
            // The end was seen while this was not read yet; reads go on.
            Oracle.requirePrintable(e.getMessage());
        } catch (IOException e) {
            throw new AssertionError("not what writes may throw", e);
        }
        return null;
    }

    private static @Nullable Message streamed(Connection connection) throws IOException {
        MessageReader reader = connection.nextReader();
        if (reader == null) {
            return null;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(STREAM_BUFFER_BYTES);
        try {
            while (reader.read(buffer.clear()) >= 0) {
                bytes.write(buffer.array(), 0, buffer.position());
            }
        } catch (ConnectionClosedException _) {
            // A message cut by a clean close must not seem whole, yet
            // the connection ends cleanly; any other end says so.
            Oracle.require(connection.nextReader() == null, "another message after the end");
            return null;
        }
        return switch (reader.type()) {
            case TEXT -> Message.text(bytes.toString(StandardCharsets.UTF_8));
            case BINARY -> Message.binary(bytes.toByteArray());
        };
    }

    static void requireGone(ObservedConnection observed) {
        long start = System.nanoTime();
        while (!observed.isGone()) {
            // A thread that was answering a Ping may still be on its way out.
            Oracle.require(System.nanoTime() - start < GIVE_UP_NANOS, "not gone: " + observed);
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /**
     * What we sent is legal for a peer to receive, and has each echo; an end other than by Close frames may lose the
     * last ones, which were held back.
     */
    private static void requireSensible(
            Role role, byte[] written, List<String> seen, List<String> echoed, boolean cut) {
        Role peer = role == Role.SERVER ? Role.CLIENT : Role.SERVER;
        Limits none = new Limits(Long.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE, 1_000_000);
        List<String> received = FrameTarget.events(peer, false, none, List.of(written));
        List<String> messages = received.stream()
                .filter(event -> event.startsWith("TEXT ") || event.startsWith("BINARY "))
                .toList();
        requireEchoes(messages, seen, echoed, cut);
        Oracle.require(received.getLast().startsWith("then "), "sent what no peer may accept: " + received.getLast());
    }

    /**
     * The end may come as a message is echoed: then one that was not reported as sent may have left; and if it did not
     * come by Close frames the last ones may be lost.
     */
    static void requireEchoes(List<String> sent, List<String> seen, List<String> echoed, boolean cut) {
        List<String> tried = seen.stream()
                .filter(text -> text.startsWith("TEXT ") || text.startsWith("BINARY "))
                .toList();
        Oracle.require(
                sent.size() <= echoed.size() + 1
                        && (cut || sent.size() >= echoed.size())
                        && sent.size() <= tried.size()
                        && tried.subList(0, sent.size()).equals(sent),
                "sent " + sent + ", not " + echoed);
    }
}
