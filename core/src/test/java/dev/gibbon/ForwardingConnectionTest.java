// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class ForwardingConnectionTest {
    private static final Side SIDE = new Side(Face.PULL, Role.SERVER);

    /** Notes what is read and cannot write text. */
    private static final class Flaky extends ForwardingConnection {
        private final List<String> read = new ArrayList<>();

        Flaky(Connection delegate) {
            super(delegate);
        }

        @Override
        public @Nullable Message readMessage() throws IOException {
            Message message = super.readMessage();
            read.add(message == null ? "the end" : message.text());
            return message;
        }

        @Override
        public void writeText(String text) throws IOException {
            throw new IOException("no more");
        }
    }

    @Test
    void whatIsNotOverriddenDoesWhatTheOtherDoes() throws Exception {
        try (Rig rig = new Rig(SIDE)) {
            Connection forwarding = new Flaky(rig.connection);
            assertEquals(Role.SERVER, forwarding.role());
            assertSame(rig.connection.attributes(), forwarding.attributes());
            assertEquals(rig.connection.toString(), forwarding.toString());
            forwarding.writeText(ByteBuffer.wrap(new byte[] {'o', 'n', 'e'}));
            forwarding.writeBinary(new byte[] {1});
            rig.peer.expectText("one");
            forwarding.writeMessage(Message.text("two"));
            rig.peer.expectBinary(new byte[] {1});
            rig.peer.expectText("two");
            rig.peer.sendClose(1000, "bye");
            rig.peer.expectClose(1000);
            rig.peer.close();
            assertNull(forwarding.readMessage());
            assertEquals(rig.connection.closeStatus(), forwarding.closeStatus());
            assertEquals(
                    ConnectionState.CLOSED,
                    forwarding.closed().thenApply(_ -> forwarding.state()).get());
        }
    }

    @Test
    void whatIsOverriddenIsCalledInstead() throws Exception {
        try (Rig rig = new Rig(SIDE)) {
            Flaky flaky = new Flaky(rig.connection);
            rig.peer.sendText("one");
            rig.peer.sendText("two");
            rig.peer.sendClose(1000, "");
            List<String> handled = new ArrayList<>();
            flaky.forEachMessage(message -> handled.add(message.text()));
            assertEquals(List.of("one", "two"), handled);
            assertEquals(List.of("one", "two", "the end"), flaky.read);
            assertEquals(
                    "no more",
                    assertThrows(IOException.class, () -> flaky.writeText("three"))
                            .getMessage());
        }
    }

    @Test
    void groupTakesItForTheConnectionBehindIt() throws Exception {
        try (Rig rig = new Rig(SIDE);
                Group group = new Group()) {
            Connection twice = new Flaky(new Flaky(rig.connection));
            group.join(twice);
            group.join(rig.connection);
            assertEquals(1, group.size());
            assertTrue(group.contains(twice));
            assertSame(rig.connection, group.iterator().next());
            assertEquals(0, group.broadcast(PreparedMessage.text("to all")));
            rig.peer.expectText("to all");
            group.leave(twice);
            assertFalse(group.contains(rig.connection));
        }
    }

    @Test
    void forwardsToSomething() {
        assertThrows(NullPointerException.class, () -> new Flaky(null));
    }
}
