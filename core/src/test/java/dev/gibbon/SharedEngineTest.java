// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.TransportPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

@Timeout(300)
@Isolated
class SharedEngineTest {
    private static Set<Thread> timers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("gibbon-timer"))
                .collect(Collectors.toSet());
    }

    @Test
    void connectionsOverTransportsOfTheCallersShareOneTimer() throws Exception {
        Set<Thread> before = timers();
        List<Connection> opened = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            TransportPair pair = TransportPair.create();
            opened.add(Connection.over(pair.client(), Role.CLIENT, ConnectionOptions.defaults()));
            opened.add(Connection.over(pair.server(), Role.SERVER, ConnectionOptions.defaults()));
        }
        Set<Thread> started = timers();
        started.removeAll(before);
        assertTrue(started.size() <= 1, started.toString());
        opened.forEach(Connection::abort);
    }
}
