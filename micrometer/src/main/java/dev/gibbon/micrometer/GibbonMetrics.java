// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.micrometer;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.MessageType;
import dev.gibbon.Role;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Counts and times what happens to the connections of a server, host or dialer in a {@link MeterRegistry}:
 *
 * <pre>{@code
 * WebSocketServer.builder().observe(GibbonMetrics.in(registry));
 * }</pre>
 *
 * <p>One may be set on several; their connections then count together. To tell servers apart, make one for each with
 * tags of its own. For any thread.
 *
 * <table>
 * <caption>The meters; Prometheus, for one, has {@code gibbon_connections_opened_total} of the second</caption>
 * <tr><th>name</th><th>kind</th><th>tags</th><th>what</th></tr>
 * <tr><td>{@code gibbon.connections}</td><td>gauge</td><td>role</td><td>open now</td></tr>
 * <tr><td>{@code gibbon.connections.opened}</td><td>counter</td><td>role</td><td>opened</td></tr>
 * <tr><td>{@code gibbon.connections.closed}</td><td>timer</td><td>role, by, code</td><td>ended, and how long they
 * were open</td></tr>
 * <tr><td>{@code gibbon.connections.refused}</td><td>counter</td><td>kind, status</td><td>requests that were not
 * upgraded</td></tr>
 * <tr><td>{@code gibbon.messages.received}, {@code .sent}</td><td>counter</td><td>role, type</td><td>messages</td></tr>
 * <tr><td>{@code gibbon.bytes.received}, {@code .sent}</td><td>counter, bytes</td><td>role, type</td><td>their
 * payloads, uncompressed</td></tr>
 * <tr><td>{@code gibbon.ping}</td><td>timer</td><td>role</td><td>round trips of Pings, the keepalive's
 * included</td></tr>
 * <tr><td>{@code gibbon.queue.high.water}</td><td>summary, bytes</td><td>role</td><td>how much waited for a slow peer
 * when that was too much</td></tr>
 * <tr><td>{@code gibbon.broadcasts.missed}</td><td>counter</td><td>role</td><td>messages that a slow peer did not
 * get</td></tr>
 * <tr><td>{@code gibbon.listeners.slow}</td><td>counter</td><td></td><td>calls that held a loop up for half a
 * second</td></tr>
 * <tr><td>{@code gibbon.application.exceptions}</td><td>counter</td><td>exception</td><td>what code of the application
 * threw, by the simple name of its class</td></tr>
 * </table>
 *
 * <p>{@code role} is {@code server} or {@code client}, {@code type} {@code text} or {@code binary}, {@code by} {@code
 * this_side}, {@code peer} or {@code nobody} ({@link End.By}), {@code kind} that of {@link Refusal.Kind}. {@code code}
 * is that of the first Close frame, 1006 where there was none; of a peer's, those that applications define are {@code
 * 3xxx} and {@code 4xxx}, since a peer may send each of two thousand.
 */
public final class GibbonMetrics implements ConnectionObserver {
    private static final String BYTES = "bytes";

    /** What is counted of each message, looked up once. */
    private record Traffic(Counter messages, Counter bytes) {
        void add(long count) {
            messages.increment();
            bytes.increment((double) count);
        }
    }

    /** What is counted of the connections of one role. */
    private static final class OfRole {
        final AtomicInteger open = new AtomicInteger();
        final Counter opened;
        final Map<MessageType, Traffic> received;
        final Map<MessageType, Traffic> sent;
        final Timer ping;
        final DistributionSummary highWater;
        final Counter missed;

        OfRole(MeterRegistry registry, Tags tags) {
            Gauge _ = Gauge.builder("gibbon.connections", open, AtomicInteger::get)
                    .description("WebSockets that are open")
                    .tags(tags)
                    .register(registry);
            opened = counter("gibbon.connections.opened", "WebSockets that were opened", tags)
                    .register(registry);
            received = traffic(registry, "received", tags);
            sent = traffic(registry, "sent", tags);
            ping = Timer.builder("gibbon.ping")
                    .description("Round trips of Pings")
                    .tags(tags)
                    .register(registry);
            highWater = DistributionSummary.builder("gibbon.queue.high.water")
                    .description("Bytes that waited for a peer that reads too slowly")
                    .baseUnit(BYTES)
                    .tags(tags)
                    .register(registry);
            missed = counter("gibbon.broadcasts.missed", "Broadcast messages that slow peers did not get", tags)
                    .register(registry);
        }

        private static Map<MessageType, Traffic> traffic(MeterRegistry registry, String direction, Tags tags) {
            Map<MessageType, Traffic> traffic = new EnumMap<>(MessageType.class);
            for (MessageType type : MessageType.values()) {
                Tags typed = tags.and("type", lowered(type));
                Counter messages = counter("gibbon.messages." + direction, "Messages " + direction, typed)
                        .register(registry);
                Counter bytes = counter("gibbon.bytes." + direction, "Payloads of messages " + direction, typed)
                        .baseUnit(BYTES)
                        .register(registry);
                traffic.put(type, new Traffic(messages, bytes));
            }
            return traffic;
        }
    }

    private final OfRole server;
    private final OfRole client;
    private final Meter.MeterProvider<Timer> closed;
    private final Meter.MeterProvider<Counter> refused;
    private final Meter.MeterProvider<Counter> threw;
    private final Counter slow;

    private GibbonMetrics(MeterRegistry registry, Tags tags) {
        server = new OfRole(registry, tags.and("role", lowered(Role.SERVER)));
        client = new OfRole(registry, tags.and("role", lowered(Role.CLIENT)));
        closed = Timer.builder("gibbon.connections.closed")
                .description("WebSockets that have ended, and how long they were open")
                .tags(tags)
                .withRegistry(registry);
        refused = counter("gibbon.connections.refused", "Requests for a WebSocket that were refused", tags)
                .withRegistry(registry);
        threw = counter("gibbon.application.exceptions", "Exceptions of code of the application", tags)
                .withRegistry(registry);
        slow = counter("gibbon.listeners.slow", "Calls that held an event loop up for half a second", tags)
                .register(registry);
    }

    /**
     * {@return an observer that counts in a registry}
     *
     * @param registry where the meters are, from now on
     */
    public static GibbonMetrics in(MeterRegistry registry) {
        return in(registry, Tags.empty());
    }

    /**
     * {@return an observer that counts in a registry, with tags of its own}
     *
     * @param registry where the meters are, from now on
     * @param tags what each of the meters has besides, such as the name of the server
     */
    public static GibbonMetrics in(MeterRegistry registry, Iterable<Tag> tags) {
        return new GibbonMetrics(Objects.requireNonNull(registry, "registry"), Tags.of(tags));
    }

    private static Counter.Builder counter(String name, String description, Tags tags) {
        return Counter.builder(name).description(description).tags(tags);
    }

    private OfRole of(Connection connection) {
        return connection.role() == Role.SERVER ? server : client;
    }

    private static Traffic of(Map<MessageType, Traffic> traffic, MessageType type) {
        return Objects.requireNonNull(traffic.get(type));
    }

    @Override
    public void opened(Connection connection) {
        OfRole counted = of(connection);
        counted.open.incrementAndGet();
        counted.opened.increment();
    }

    @Override
    public void refused(Refusal refusal) {
        refused.withTags("kind", lowered(refusal.kind()), "status", Integer.toString(refusal.status()))
                .increment();
    }

    @Override
    public void messageReceived(Connection connection, MessageType type, long bytes) {
        of(of(connection).received, type).add(bytes);
    }

    @Override
    public void messageSent(Connection connection, MessageType type, long bytes) {
        of(of(connection).sent, type).add(bytes);
    }

    @Override
    public void pinged(Connection connection, Duration roundTrip) {
        of(connection).ping.record(roundTrip);
    }

    @Override
    public void queueHighWater(Connection connection, long bytes) {
        of(connection).highWater.record((double) bytes);
    }

    @Override
    public void broadcastMissed(Connection connection) {
        of(connection).missed.increment();
    }

    @Override
    public void slowListener(@Nullable Connection connection, Object code, Duration soFar) {
        slow.increment();
    }

    @Override
    public void applicationThrew(@Nullable Connection connection, Throwable thrown) {
        String name = thrown.getClass().getSimpleName();
        threw.withTags("exception", name.isEmpty() ? "anonymous" : name).increment();
    }

    @Override
    public void closed(Connection connection, End end) {
        of(connection).open.decrementAndGet();
        closed.withTags("role", lowered(connection.role()), "by", lowered(end.by()), "code", code(end))
                .record(end.duration());
    }

    private static String code(End end) {
        int code = end.status().code().value();
        if (end.by() != End.By.PEER || code < 3000) {
            return Integer.toString(code);
        }
        return code < 4000 ? "3xxx" : "4xxx";
    }

    private static String lowered(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
