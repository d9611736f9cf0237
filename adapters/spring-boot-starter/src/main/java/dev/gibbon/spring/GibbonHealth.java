// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.WebSocketHost;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Whether WebSockets are taken, and how many are open. */
final class GibbonHealth extends AbstractHealthIndicator {
    private final WebSocketHost host;
    private final GibbonLifecycle lifecycle;

    GibbonHealth(WebSocketHost host, GibbonLifecycle lifecycle) {
        this.host = host;
        this.lifecycle = lifecycle;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        Health.Builder known = lifecycle.isRunning() ? health.up() : health.outOfService();
        Health.Builder _ = known.withDetail("connections", host.connectionCount());
    }
}
