// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Logger;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.InstantiationAwareBeanPostProcessor;
import org.springframework.web.socket.server.HandshakeHandler;
import org.springframework.web.socket.server.support.DefaultHandshakeHandler;
import org.springframework.web.socket.server.support.WebSocketHandlerMapping;
import org.springframework.web.socket.server.support.WebSocketHttpRequestHandler;

/**
 * Puts Gibbon below the WebSocketHandlers and STOMP endpoints of an application that has said nothing of how they
 * are upgraded. An endpoint with a handshake handler of its own keeps it, and so does one that falls back to SockJS.
 */
final class GibbonHandlers implements InstantiationAwareBeanPostProcessor {
    private static final Logger LOG = Logger.getLogger(GibbonHandlers.class.getPackageName());

    private final ObjectProvider<GibbonUpgradeStrategy> strategy;

    GibbonHandlers(ObjectProvider<GibbonUpgradeStrategy> strategy) {
        this.strategy = strategy;
    }

    /** Before the mapping looks at its handlers. */
    @Override
    public boolean postProcessAfterInstantiation(Object bean, String beanName) {
        if (bean instanceof WebSocketHandlerMapping mapping) {
            replaceIn(mapping.getUrlMap());
        }
        return true;
    }

    /** Tells which are Gibbon's and which are not: both look the same to their clients. */
    @SuppressWarnings("unchecked") // The mapping's own map, whose values it knows as Object.
    private void replaceIn(Map<String, ?> handlers) {
        Set<String> ours = new TreeSet<>();
        Set<String> others = new TreeSet<>();
        ((Map<String, Object>) handlers).replaceAll((path, handler) -> {
            Optional<Object> replacing = onGibbon(handler);
            boolean _ = (replacing.isPresent() ? ours : others).add(path);
            return replacing.orElse(handler);
        });
        if (!ours.isEmpty()) {
            LOG.info("WebSocket endpoints of Spring that run on Gibbon: " + String.join(", ", ours));
        }
        if (!others.isEmpty()) {
            LOG.info("left to Spring, by SockJS or a handshake handler of their own: " + String.join(", ", others));
        }
    }

    private Optional<Object> onGibbon(Object handler) {
        GibbonUpgradeStrategy upgrades = strategy.getIfAvailable();
        if (upgrades == null
                || !(handler instanceof WebSocketHttpRequestHandler http)
                || !isDefault(http.getHandshakeHandler())) {
            return Optional.empty();
        }
        DefaultHandshakeHandler handshakes = new DefaultHandshakeHandler(upgrades);
        WebSocketHttpRequestHandler replacing = new WebSocketHttpRequestHandler(http.getWebSocketHandler(), handshakes);
        replacing.setHandshakeInterceptors(List.copyOf(http.getHandshakeInterceptors()));
        return Optional.of(replacing);
    }

    /** {@return whether Spring has made it, as it does where the application names none} */
    private static boolean isDefault(HandshakeHandler handshakes) {
        return handshakes.getClass().equals(DefaultHandshakeHandler.class)
                && ((DefaultHandshakeHandler) handshakes)
                        .getRequestUpgradeStrategy()
                        .getClass()
                        .getPackageName()
                        .startsWith("org.springframework.");
    }
}
