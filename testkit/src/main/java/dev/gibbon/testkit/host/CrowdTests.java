// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many connections come and go, in every way to go, and none is lost or left. */
abstract class CrowdTests extends SharedTests {
    private static final int CONNECTIONS = 1000;
    private static final int AT_A_TIME = 20;

    CrowdTests(HostSuite suite) {
        super(suite);
    }

    @ParameterizedTest
    @EnumSource
    void aThousandComeAndGo(Wire wire) throws Exception {
        Scene scene = suite.shared(wire);
        scene.awaitNone();
        try (Healthy listened = Healthy.beside(scene, Face.LISTENER);
                Healthy handled = Healthy.beside(scene, Face.HANDLER)) {
            Left before = new Left();
            AtomicInteger next = new AtomicInteger();
            List<FutureTask<Void>> clients = new ArrayList<>();
            for (int i = 0; i < AT_A_TIME; i++) {
                FutureTask<Void> client = new FutureTask<>(() -> {
                    for (int n = next.getAndIncrement(); n < CONNECTIONS; n = next.getAndIncrement()) {
                        comeAndGo(scene, n);
                    }
                    return null;
                });
                clients.add(client);
                Thread _ = Thread.ofVirtual().start(client);
            }
            for (FutureTask<Void> client : clients) {
                client.get();
                listened.check();
                handled.check();
            }
            scene.awaitCount(2);
            before.awaitNoMoreDescriptors(suite);
        }
    }

    private static void comeAndGo(Scene scene, int n) throws IOException {
        Face face = n % 2 == 0 ? Face.HANDLER : Face.LISTENER;
        try (ScriptedPeer peer = scene.open(face.at(Served.COMMAND))) {
            peer.sendText("client " + n);
            peer.expectText("client " + n);
            switch (n / 2 % 4) {
                case 0 -> {
                    peer.sendClose(1000, "");
                    peer.expectClose(1000, "");
                    peer.expectEnd();
                }
                case 1 -> {
                    peer.sendText("close 1000 bye");
                    peer.expectClose(1000, "bye");
                    peer.sendClose(1000, "");
                    peer.expectEnd();
                }
                case 2 -> {
                    peer.sendText("abort");
                    peer.expectEndOrReset();
                }
                default -> peer.reset();
            }
        }
    }
}
