// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A message in many small fragments, whose end nobody announces, costs as its bytes do and not as their square. */
@Timeout(120)
class SmallFragmentsTest {
    /** Large enough that a buffer for each fragment would be a hundred times all of this. */
    private static final int SIZE = 8 << 20;

    private static final int FRAGMENT = 1024;

    /**
     * What the whole process allocates for each byte, in the
     * writer, the peer and the reader: doubling and a copy to keep.
     */
    private static final int ALLOCATED_PER_BYTE = 12;

    private static final ConnectionOptions OPTIONS =
            ConnectionOptions.builder().maxMessageBytes(2L * SIZE).build();

    private static List<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        for (Role receiver : Role.values()) {
            for (boolean compressed : new boolean[] {false, true}) {
                cases.add(Arguments.of(Face.PULL, receiver, compressed));
                cases.add(Arguments.of(Face.LOOP, receiver, compressed));
            }
            cases.add(Arguments.of(Face.THREAD, receiver, false)); // In memory nothing negotiates.
        }
        return cases;
    }

    @ParameterizedTest(name = "{0} {1} compressed {2}")
    @MethodSource("cases")
    void workGrowsAsTheBytesDo(Face face, Role receiver, boolean compressed) throws Exception {
        if (face == Face.THREAD) {
            TransportPair pair = TransportPair.create();
            try (pair) {
                Connection near = Connection.over(pair.end(receiver), receiver, OPTIONS);
                Connection far = Connection.over(pair.end(receiver.peer()), receiver.peer(), OPTIONS);
                check(face, near, far);
            }
            return;
        }
        CompletableFuture<Connection> accepted = new CompletableFuture<>();
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Upgrader.Builder upgrader = Upgrader.builder().options(OPTIONS);
        Dialer.Builder dialer = Dialer.builder().options(OPTIONS);
        if (compressed) {
            upgrader.permessageDeflate(PermessageDeflate.builder().build());
            dialer.permessageDeflate(PermessageDeflate.builder().build());
        }
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/", exchange -> {
                    accepted.complete(upgrader.build().upgrade(exchange));
                    boolean _ = done.join();
                })
                .start()) {
            Connection client = dialer.build().dial(URI.create("ws://127.0.0.1:" + server.port() + "/"));
            Connection served = accepted.get(10, TimeUnit.SECONDS);
            assertEquals(compressed, !client.extensions().isEmpty());
            check(face, receiver == Role.SERVER ? served : client, receiver == Role.SERVER ? client : served);
            done.complete(true);
        }
    }

    private static void check(Face face, Connection near, Connection far) throws Exception {
        byte[] payload = new byte[SIZE];
        new SplittableRandom(6).nextBytes(payload);
        CompletableFuture<Message> received = new CompletableFuture<>();
        if (face == Face.PULL) {
            Thread _ = Thread.ofVirtual().start(() -> {
                try {
                    received.complete(Objects.requireNonNull(near.readMessage()));
                } catch (IOException e) {
                    received.completeExceptionally(e);
                }
            });
        } else {
            near.listen(new Listener() {
                @Override
                public void onBinary(Connection connection, MessageView message) {
                    received.complete(message.toMessage());
                }
            });
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getTotalThreadAllocatedBytes();
        Thread _ = Thread.ofVirtual().start(() -> {
            try (MessageWriter writer = far.nextWriter(MessageType.BINARY)) {
                for (int at = 0; at < SIZE; at += FRAGMENT) {
                    writer.write(ByteBuffer.wrap(payload, at, FRAGMENT));
                    writer.flush();
                }
            } catch (IOException e) {
                received.completeExceptionally(e);
            }
        });
        Message message = received.get(100, TimeUnit.SECONDS);
        long allocated = threads.getTotalThreadAllocatedBytes() - before;
        assertEquals(ByteBuffer.wrap(payload), ByteBuffer.wrap(message.bytes()));
        near.abort();
        far.abort();
        assertTrue(allocated < (long) ALLOCATED_PER_BYTE * SIZE, () -> allocated + " bytes allocated for " + SIZE);
    }
}
