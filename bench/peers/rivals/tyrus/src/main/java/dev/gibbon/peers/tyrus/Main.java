// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.tyrus;

import dev.gibbon.peers.common.Settings;
import java.util.HashMap;
import java.util.Map;
import org.glassfish.grizzly.threadpool.ThreadPoolConfig;
import org.glassfish.tyrus.container.grizzly.server.GrizzlyServerContainer;
import org.glassfish.tyrus.core.TyrusWebSocketEngine;
import org.glassfish.tyrus.server.Server;

/** Tyrus' standalone server on Grizzly. It has no setting for TLS. */
public final class Main {
    private static final int FRAME_HEADER_BYTES = 14;

    private Main() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.of(args);
        Map<String, Object> properties = new HashMap<>();
        properties.put(TyrusWebSocketEngine.INCOMING_BUFFER_SIZE, Settings.MAX_MESSAGE_BYTES + FRAME_HEADER_BYTES);
        settings.loops().ifPresent(loops -> {
            properties.put(GrizzlyServerContainer.SELECTOR_THREAD_POOL_CONFIG, pool("selector", loops));
            properties.put(GrizzlyServerContainer.WORKER_THREAD_POOL_CONFIG, pool("worker", loops));
        });
        new Server("0.0.0.0", settings.port(), "/", properties, Endpoints.class).start();
        Settings.ready();
        Thread.currentThread().join(); // Grizzly's threads are daemons
    }

    private static ThreadPoolConfig pool(String name, int threads) {
        return ThreadPoolConfig.defaultConfig()
                .setPoolName(name)
                .setCorePoolSize(threads)
                .setMaxPoolSize(threads);
    }
}
