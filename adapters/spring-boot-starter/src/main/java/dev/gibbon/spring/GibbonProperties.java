// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * What {@code gibbon.*} sets.
 *
 * @param loops Event loops that serve connections, one thread each. One for each core unless set.
 * @param maxConnections How many WebSockets may be open; further requests get 503. 100000 unless set.
 * @param allowedOrigins Origins whose pages may connect, such as https://example.org; * for any. The page's own server
 *     alone unless set.
 * @param subprotocols Subprotocols that are served, most preferred first. None unless set.
 * @param maxMessageSize Longest message that is received, such as 64KB. 1 MB unless set.
 * @param idleTimeout How long nothing may come before a connection is closed; 0 for no limit. 5 minutes unless set.
 * @param pingInterval How often a Ping is sent to see whether the peer is there; 0 for never. 25 seconds unless set.
 * @param shutdownTimeout How long connections may take over their end when the application stops.
 * @param compression Compression of messages, permessage-deflate of RFC 7692.
 * @param spring Spring's own WebSocket support.
 */
@ConfigurationProperties("gibbon")
public record GibbonProperties(
        @Nullable Integer loops,
        @Nullable Integer maxConnections,
        @DefaultValue List<String> allowedOrigins,
        @DefaultValue List<String> subprotocols,
        @Nullable DataSize maxMessageSize,
        @Nullable Duration idleTimeout,
        @Nullable Duration pingInterval,
        @DefaultValue("10s") Duration shutdownTimeout,
        @DefaultValue Compression compression,
        @DefaultValue Spring spring) {
    /**
     * Compression of messages.
     *
     * @param enabled Whether it is agreed on with peers that offer it.
     * @param level Level of the compressor, 1 (fast) to 9 (small).
     * @param threshold Messages shorter than this are sent as they are.
     * @param contextTakeover Whether a message may refer to those before it, which costs memory for each connection
     *     and compresses short ones better.
     */
    public record Compression(
            @DefaultValue("true") boolean enabled,
            @Nullable Integer level,
            @Nullable DataSize threshold,
            @DefaultValue("true") boolean contextTakeover) {}

    /**
     * Spring's own WebSocket support.
     *
     * @param handlers Whether WebSocketHandlers and STOMP endpoints of Spring run on Gibbon.
     */
    public record Spring(@DefaultValue("true") boolean handlers) {}

    /** {@return a host with these settings} */
    WebSocketHost.Builder host() {
        WebSocketHost.Builder host = WebSocketHost.builder();
        set("loops", loops, host::loops);
        set("max-connections", maxConnections, host::maxConnections);
        set("shutdown-timeout", shutdownTimeout, host::shutdownTimeout);
        return host;
    }

    /** {@return an upgrader with these settings, but for the origins that may connect} */
    Upgrader upgrader(OriginPolicy mayConnect) {
        Upgrader.Builder upgrader = Upgrader.builder().options(options()).origins(mayConnect);
        set("subprotocols", subprotocols, names -> upgrader.subprotocols(names.toArray(String[]::new)));
        if (compression.enabled) {
            upgrader.permessageDeflate(deflate());
        }
        return upgrader.build();
    }

    /** {@return whose pages may connect} */
    OriginPolicy origins() {
        if (allowedOrigins.contains("*")) {
            return OriginPolicy.any();
        }
        OriginPolicy own = OriginPolicy.sameOrigin();
        if (allowedOrigins.isEmpty()) {
            return own;
        }
        try {
            return own.or(OriginPolicy.allow(allowedOrigins.toArray(String[]::new)));
        } catch (IllegalArgumentException e) {
            throw refused("allowed-origins", allowedOrigins, e);
        }
    }

    /** {@return how connections behave} */
    ConnectionOptions options() {
        ConnectionOptions.Builder options = ConnectionOptions.builder();
        set("max-message-size", maxMessageSize, size -> options.maxMessageBytes(size.toBytes()));
        set("idle-timeout", idleTimeout, idle -> {
            var _ = idle.isZero() ? options.noIdleTimeout() : options.idleTimeout(idle);
        });
        set("ping-interval", pingInterval, interval -> {
            var _ = interval.isZero() ? options.noKeepalive() : options.keepalive(interval);
        });
        return options.build();
    }

    private PermessageDeflate deflate() {
        PermessageDeflate.Builder deflate = PermessageDeflate.builder()
                .serverNoContextTakeover(!compression.contextTakeover)
                .clientNoContextTakeover(!compression.contextTakeover);
        set("compression.level", compression.level, deflate::level);
        set(
                "compression.threshold",
                compression.threshold,
                size -> deflate.thresholdBytes(Math.toIntExact(size.toBytes())));
        return deflate.build();
    }

    private static <T> void set(String name, @Nullable T value, Consumer<T> setter) {
        if (value == null) {
            return;
        }
        try {
            setter.accept(value);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw refused(name, value, e);
        }
    }

    /** {@return that of which Boot shows the property, where it is set and why it is wrong, instead of a stack} */
    private static RuntimeException refused(String name, Object value, Exception why) {
        return new InvalidConfigurationPropertyValueException("gibbon." + name, value, why.getMessage(), why);
    }
}
