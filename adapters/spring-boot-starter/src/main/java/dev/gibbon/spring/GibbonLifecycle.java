// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.WebSocketHost;
import org.springframework.context.SmartLifecycle;

/**
 * Closes all WebSockets with 1001 when the application stops: before the web server's graceful shutdown, which would
 * wait for them, and before the web server itself, which would cut them off. For any thread.
 */
public final class GibbonLifecycle implements SmartLifecycle {
    private final WebSocketHost host;
    private volatile boolean running;

    GibbonLifecycle(WebSocketHost host) {
        this.host = host;
    }

    @Override
    public void start() {
        running = true;
    }

    /** Blocks until no WebSocket is open, for {@code gibbon.shutdown-timeout} at most. */
    @Override
    public void stop() {
        running = false;
        host.close();
    }

    /** Runs the end beside that of others in this phase. */
    @Override
    public void stop(Runnable callback) {
        Thread _ = Thread.ofVirtual().name("gibbon-spring-stop").start(() -> {
            try {
                stop();
            } finally {
                callback.run();
            }
        });
    }

    /** {@return false} A pause leaves the web server running as well, and a host that is closed stays closed. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** {@return a phase that stops before those of the web server, which are the next lower} */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE;
    }
}
