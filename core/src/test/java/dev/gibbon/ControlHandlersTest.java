// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.gibbon.testkit.Recorder;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** {@link ControlFrameHandler} and {@link CloseHandler}, told by the thread that reads. */
class ControlHandlersTest {
    private final Recorder recorder = new Recorder();
    private final TransportPair pair = TransportPair.create();
    private final ScriptedPeer peer = ScriptedPeer.over(pair.client(), Role.CLIENT);
    private final Connection ws = Connection.over(pair.server(), Role.SERVER, ConnectionOptions.defaults());

    private ControlFrameHandler recording(String kind) {
        return payload ->
                recorder.record(kind, StandardCharsets.UTF_8.decode(payload).toString(), Thread.currentThread());
    }

    @Test
    void eachIsToldOfItsFramesInOrderByTheReader() throws IOException {
        Thread reader = Thread.currentThread();
        CloseHandler closing = status -> recorder.record("close", status.toString(), Thread.currentThread());
        ws.setPingHandler(recording("ping"));
        ws.setPongHandler(recording("pong"));
        ws.setCloseHandler(closing);
        peer.sendPing(latin1("one"));
        peer.sendPong(latin1("two"));
        peer.sendClose(1000, "bye");
        assertNull(ws.readMessage());
        recorder.expect("ping", "one", reader);
        recorder.expect("pong", "two", reader);
        recorder.expect("close", "1000 (normal): bye", reader);
        recorder.expectNothingElse();
    }

    @Test
    void oneThatIsTakenAwayIsToldNothing() throws IOException {
        ws.setPingHandler(recording("ping"));
        ws.setPingHandler(null);
        peer.sendPing(latin1("one"));
        peer.sendClose(1000, "");
        assertNull(ws.readMessage());
        peer.expectPong(latin1("one"));
        recorder.expectNothingElse();
    }
}
