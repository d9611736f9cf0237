// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Message;
import dev.gibbon.Role;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A message from a client to a server and back, through memory, on one thread: two writes, two reads, masked once. What
 * is allocated is for both sides; the two messages that were read are their callers' to keep.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class MessageEchoBenchmark {
    private static final int MAX_MESSAGE_BYTES = 1 << 20;

    /** Payload length. */
    @Param({"16", "512", "16384", "1048576"})
    public int payloadLength;

    /** Text is checked twice to be UTF-8. */
    @Param({"binary", "text"})
    public String type = "binary";

    private final LoopTransport transport = LoopTransport.pair(MAX_MESSAGE_BYTES + 64);
    private final ConnectionOptions options =
            ConnectionOptions.builder().maxMessageBytes(MAX_MESSAGE_BYTES).build();
    private final Connection client = Connection.over(transport, Role.CLIENT, options);
    private final Connection server = Connection.over(transport.peer(), Role.SERVER, options);
    private Message message = Message.binary(new byte[0]);

    /** Makes the message. */
    @Setup
    public void makeMessage() {
        boolean binary = type.equals("binary");
        message = binary ? Message.binary(new byte[payloadLength]) : Message.text("a".repeat(payloadLength));
    }

    /** Drops both. */
    @TearDown
    public void drop() {
        client.abort();
        server.abort();
    }

    /** There and back. */
    @Benchmark
    public Message echo() throws IOException {
        client.writeMessage(message);
        server.writeMessage(read(server));
        return read(client);
    }

    private static Message read(Connection connection) throws IOException {
        Message read = connection.readMessage();
        if (read == null) {
            throw new IllegalStateException("the connection ended");
        }
        return read;
    }
}
