// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.Carriers;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A peer may end its direction with the frame that is its last, as browsers do over HTTP/2: it waits for our Close. */
@Timeout(120)
class EndBehindCloseTest {
    private static AliveScene.Shared shared;

    @BeforeAll
    static void open(@TempDir Path directory) throws Exception {
        shared = new AliveScene.Shared(directory);
    }

    @AfterAll
    static void end() throws Exception {
        shared.close();
    }

    /** Opens a connection, sends its peer's last frame, and has the next read find the end. */
    private static ScriptedPeer lastFrame(Role role, Frame last) throws IOException {
        HostEnd host = new HostEnd();
        WebSocketConnection _ = WebSocketConnection.open(
                shared.engine,
                Carriers.of(shared.engine, host),
                role,
                ConnectionOptions.defaults(),
                Optional.empty(),
                null,
                ByteBuffer.allocate(0),
                RequestContext.NONE);
        host.afterNextRead(() -> endOutput(host));
        ScriptedPeer peer = ScriptedPeer.over(host.far(), role.peer());
        peer.sendRaw((role == Role.SERVER ? last.withMaskingKey(0x37fa213d) : last).encode());
        return peer;
    }

    private static void endOutput(HostEnd host) {
        try {
            host.far().shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitNone() {
        Rig.await(() -> shared.engine.connections().isEmpty(), () -> "left over");
    }

    @ParameterizedTest
    @EnumSource
    void theCloseFrameIsAnswered(Role role) throws IOException {
        try (ScriptedPeer peer = lastFrame(role, Frame.close(1000, "done"))) {
            peer.expectClose(1000);
            peer.expectEnd();
            awaitNone();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBrokenRuleIsToldToo(Role role) throws IOException {
        try (ScriptedPeer peer = lastFrame(role, Frame.of(0xB, new byte[0]))) {
            peer.expectClose(1002);
            peer.expectEnd();
            awaitNone();
        }
    }
}
