// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.testkit.Recorder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** {@link ControlListener}, by every face; nobody reads here. Its faults are in {@link ControlFramesTest}. */
@Timeout(300)
class ControlListenerTest {
    private final Recorder recorder = new Recorder();

    private final class Recording implements ControlListener {
        private final boolean answers;

        private Recording(boolean answers) {
            this.answers = answers;
        }

        @Override
        public boolean onPing(Connection connection, ByteBuffer payload) {
            recorder.record("ping", spoiled(payload));
            return answers;
        }

        @Override
        public void onPong(Connection connection, ByteBuffer payload) {
            recorder.record("pong", spoiled(payload));
        }

        @Override
        public void onCloseFrame(Connection connection, CloseStatus status) {
            recorder.record("close", status.toString(), connection.state());
        }

        /** The payload is the listener's, who may do with it what it likes. */
        private static String spoiled(ByteBuffer payload) {
            String text = StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
            while (payload.hasRemaining()) {
                payload.put((byte) '!');
            }
            return text;
        }
    }

    @ParameterizedTest
    @Sides
    void seesFramesThoughNobodyReadsAndTheyAreAnswered(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.connection.setControlListener(new Recording(true));
            rig.peer.sendPing(latin1("one"));
            rig.peer.expectPong(latin1("one"));
            rig.peer.sendPong(latin1("two"));
            rig.peer.sendClose(1000, "bye");
            rig.peer.expectClose(1000);
            rig.peer.close();
            rig.expectClosed();
            recorder.expect("ping", "one");
            recorder.expect("pong", "two");
            recorder.expect("close", "1000 (normal): bye", ConnectionState.CLOSING);
            recorder.expectNothingElse();
        }
    }

    @ParameterizedTest
    @Sides
    void mayKeepAPingFromBeingAnswered(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.connection.setControlListener(new Recording(false));
            rig.peer.sendPing(latin1("one"));
            rig.peer.sendClose(1000, "");
            rig.peer.expectClose(1000);
            recorder.expect("ping", "one");
        }
    }

    @ParameterizedTest
    @Sides
    void whatIsNotOverriddenChangesNothing(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.connection.setControlListener(new Recording(false));
            rig.connection.setControlListener(new ControlListener() {});
            rig.peer.sendPing(latin1("one"));
            rig.peer.sendPong(latin1("two"));
            rig.peer.sendClose(1000, "");
            rig.peer.expectPong(latin1("one"));
            rig.peer.expectClose(1000);
            recorder.expectNothingElse();
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = "nobody listens to the third")
    void comesBeforeTheListener(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            other.connection().setControlListener(new Recording(true));
            other.connection().listen(new Listener() {
                @Override
                public void onPing(Connection connection, ByteBuffer payload) {
                    recorder.record(
                            "listener's ping",
                            StandardCharsets.UTF_8.decode(payload).toString());
                }

                @Override
                public void onPong(Connection connection, ByteBuffer payload) {
                    recorder.record(
                            "listener's pong",
                            StandardCharsets.UTF_8.decode(payload).toString());
                }
            });
            other.peer().sendPing(latin1("one"));
            other.peer().sendPong(latin1("two"));
            other.peer().expectPong(latin1("one"));
            recorder.expect("ping", "one");
            recorder.expect("listener's ping", "one");
            recorder.expect("pong", "two");
            recorder.expect("listener's pong", "two");
            other.peer().close();
        }
    }

    @ParameterizedTest
    @Sides
    void isNotNull(Side side) {
        try (Rig rig = new Rig(side)) {
            ControlListener none = null;
            assertThrows(NullPointerException.class, () -> rig.connection.setControlListener(none));
        }
    }
}
