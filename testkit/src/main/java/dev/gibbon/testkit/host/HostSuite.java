// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

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
@Execution(ExecutionMode.SAME_THREAD)
@Timeout(600)
public abstract class HostSuite {
    private final Map<Wire, Scene> shared = new EnumMap<>(Wire.class);
    private @Nullable TlsFiles tls;
    private @Nullable Path directory;

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

    // ---- What the tests share

    @BeforeAll
    void prepare(@TempDir Path files) {
        directory = files;
    }

    /** {@return the site on the server that tests share} */
    Scene shared(Wire wire) throws Exception {
        requireWire(wire);
        Scene scene = shared.get(wire);
        if (scene == null) {
            scene = scene(wire, Optional.empty());
            shared.put(wire, scene);
        }
        return scene;
    }

    List<Scene> started() {
        return List.copyOf(shared.values());
    }

    /** {@return a site on a server of its own} */
    Scene fresh(Wire wire, Optional<Duration> idle) throws Exception {
        requireWire(wire);
        return scene(wire, idle);
    }

    private Scene scene(Wire wire, Optional<Duration> idle) throws Exception {
        return switch (wire) {
            case PLAIN -> new Scene(this, Optional.empty(), idle);
            case TLS -> new Scene(this, Optional.of(tls()), idle);
        };
    }

    private TlsFiles tls() throws Exception {
        TlsFiles files = tls;
        if (files == null) {
            files = TlsFiles.generate(Objects.requireNonNull(directory, "directory"));
            tls = files;
        }
        return files;
    }

    // ---- What a host cannot do

    boolean can(Ability ability) {
        return !cannot().containsKey(ability);
    }

    boolean has(Wire wire) {
        return wire == Wire.PLAIN || can(Ability.TLS);
    }

    private void requireWire(Wire wire) {
        if (!has(wire)) {
            requires(Ability.TLS);
        }
    }

    /** Skips the test if the host cannot do that. */
    void requires(Ability ability) {
        String reason = cannot().get(ability);
        if (reason != null) {
            abort(getClass().getSimpleName() + " cannot do " + ability + ": " + reason);
        }
    }

    @AfterAll
    void stop() throws Exception {
        for (Scene scene : started()) {
            scene.close();
        }
        cannot().forEach((ability, reason) ->
                System.out.println(getClass().getSimpleName() + " cannot do " + ability + ": " + reason));
    }

    @Nested
    class Messages extends MessageTests {
        Messages() {
            super(HostSuite.this);
        }
    }

    @Nested
    class Ends extends EndTests {
        Ends() {
            super(HostSuite.this);
        }
    }

    @Nested
    class Openings extends OpeningTests {
        Openings() {
            super(HostSuite.this);
        }
    }

    @Nested
    class SlowSides extends SlowTests {
        SlowSides() {
            super(HostSuite.this);
        }
    }

    @Nested
    class Silences extends SilenceTests {
        Silences() {
            super(HostSuite.this);
        }
    }

    @Nested
    class Crowds extends CrowdTests {
        Crowds() {
            super(HostSuite.this);
        }
    }

    @Nested
    class Stops extends StopTests {
        Stops() {
            super(HostSuite.this);
        }
    }
}
