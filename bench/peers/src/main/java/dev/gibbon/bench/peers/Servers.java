// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The servers that run: one for each rival and setting, kept for the
 * whole session and stopped by a signal while another is measured.
 *
 * <p>Where memory gets short, the one that was measured the longest
 * ago is ended. It is started and made warm again when its turn comes.
 */
final class Servers {
    /** Free memory that a server and the load may well need. */
    private static final long NEEDED_MIB = 3 * 1024;

    private final Children children;
    private final Path rivals;
    private final Path logs;
    private final Pem pem;

    /** The one measured the longest ago comes first. */
    private final Map<Key, ServerProcess> running = new LinkedHashMap<>(16, 0.75f, true);

    private record Key(String rival, Scenario.Setting setting) {}

    /** Makes a server that was just started warm. */
    @FunctionalInterface
    interface Warmer {
        void warm(ServerProcess server) throws IOException, InterruptedException;
    }

    Servers(Children children, Path rivals, Path logs, Pem pem) {
        this.children = children;
        this.rivals = rivals;
        this.logs = logs;
        this.pem = pem;
    }

    /** {@return a server that runs and is warm: a new one if there is none, or if the setting wants a fresh one} */
    ServerProcess take(Rival rival, Scenario.Setting setting, Warmer warmer) throws IOException, InterruptedException {
        Key key = new Key(rival.name(), setting);
        ServerProcess server = running.get(key);
        if (server != null && server.isAlive()) {
            server.resume();
            return server;
        }
        while (!running.isEmpty() && Machine.availableMib() < NEEDED_MIB) {
            Key oldest = running.keySet().iterator().next();
            end(oldest);
        }
        Path log = logs.resolve(rival.name() + "-" + setting + ".log");
        server = ServerProcess.start(children, rivals, rival, setting, pem, log);
        running.put(key, server);
        warmer.warm(server);
        return server;
    }

    /** Lets a server sleep until it is taken again; one that should be fresh each time ends. */
    void giveBack(Rival rival, Scenario.Setting setting) throws IOException, InterruptedException {
        Key key = new Key(rival.name(), setting);
        ServerProcess server = running.get(key);
        if (server != null && setting.fresh()) {
            end(key);
        } else if (server != null) {
            server.pause();
        }
    }

    /** Ends a server in which something went wrong. */
    void discard(Rival rival, Scenario.Setting setting) throws InterruptedException {
        end(new Key(rival.name(), setting));
    }

    void endAll() throws InterruptedException {
        for (Key key : running.keySet().toArray(Key[]::new)) {
            end(key);
        }
    }

    private void end(Key key) throws InterruptedException {
        ServerProcess server = running.remove(key);
        if (server != null) {
            server.kill();
        }
    }
}
