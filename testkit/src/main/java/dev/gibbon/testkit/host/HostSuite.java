// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import java.util.Map;
import org.junit.jupiter.api.TestInstance;

/**
 * The tests that each server with Gibbon in it passes, plain and with TLS, on both faces. A test class for a host
 * extends this and says how the host is started; most tests share one server, those about its end start their own.
 *
 * <pre>{@code
 * class MyHostTest extends HostSuite {
 *     @Override
 *     protected RunningHost start(Site site) throws Exception {
 *         MyServer server = new MyServer("127.0.0.1", 0);
 *         site.handlers().forEach((path, handler) -> server.get(path, request ->
 *                 MyAdapter.upgrade(site.host(), site.upgrader(), request, handler)));
 *         ...
 *     }
 * }
 * }</pre>
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class HostSuite {
    /** For subclasses. */
    protected HostSuite() {}

    /**
     * Starts a server that serves a site, on a free port of 127.0.0.1.
     *
     * @param site what it serves
     * @return the running server, which accepts connections
     * @throws Exception if it cannot be started
     */
    protected abstract RunningHost start(Site site) throws Exception;

    /**
     * {@return what this host cannot do, each with the reason} Tests of it are skipped with that reason. Nothing,
     * unless overridden.
     */
    protected Map<Ability, String> cannot() {
        return Map.of();
    }

    /**
     * {@return how many WebSockets are open} Those of the site's host, unless overridden.
     *
     * @param site what is served
     * @param running by whom
     */
    protected int connectionCount(Site site, RunningHost running) {
        return site.host().connectionCount();
    }

    /**
     * Closes the WebSockets with 1001 and no others, and blocks until that is done: closes the site's host, unless
     * overridden.
     *
     * @param site what is served
     * @param running by whom
     * @throws Exception if they cannot be closed
     */
    protected void closeConnections(Site site, RunningHost running) throws Exception {
        site.host().close();
    }
}
