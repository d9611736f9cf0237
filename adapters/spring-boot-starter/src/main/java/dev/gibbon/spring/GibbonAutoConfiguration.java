// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.ConnectionObserver;
import dev.gibbon.OriginPolicy;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.micrometer.GibbonMetrics;
import dev.gibbon.servlet.GibbonServlets;
import io.micrometer.core.instrument.MeterRegistry;
import org.eclipse.jetty.http2.server.AbstractHTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.jetty.ConfigurableJettyWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.socket.server.RequestUpgradeStrategy;

/** What an application gets that has this starter; each bean makes way for one of the application's own. */
@AutoConfiguration(
        afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@EnableConfigurationProperties(GibbonProperties.class)
public class GibbonAutoConfiguration {
    /** For Spring. */
    public GibbonAutoConfiguration() {}

    /**
     * {@return what the WebSockets of this application share} {@link GibbonLifecycle} closes it; the context does where
     * the application fails to start.
     *
     * @param properties its settings
     * @param observers are told what happens
     */
    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    public WebSocketHost gibbonHost(GibbonProperties properties, ObjectProvider<ConnectionObserver> observers) {
        WebSocketHost.Builder host = properties.host();
        observers.orderedStream().forEach(host::observe);
        return host.build();
    }

    /**
     * {@return what checks opening handshakes}
     *
     * @param properties its settings
     */
    @Bean
    @ConditionalOnMissingBean
    public Upgrader gibbonUpgrader(GibbonProperties properties) {
        return properties.upgrader(properties.origins());
    }

    /**
     * {@return what controllers upgrade their requests with}
     *
     * @param host whose connections they become
     * @param upgrader checks opening handshakes
     */
    @Bean
    @ConditionalOnMissingBean
    public GibbonServlets gibbonServlets(WebSocketHost host, Upgrader upgrader) {
        return GibbonServlets.of(host, upgrader);
    }

    /**
     * {@return what ends the WebSockets before the web server does}
     *
     * @param host whose connections it closes
     */
    @Bean
    @ConditionalOnMissingBean
    public GibbonLifecycle gibbonLifecycle(WebSocketHost host) {
        return new GibbonLifecycle(host);
    }

    /** Functional routes. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(RouterFunction.class)
    static class Routes {
        @Bean
        @ConditionalOnMissingBean
        GibbonRoutes gibbonRoutes(GibbonServlets gibbon) {
            return new GibbonRoutes(gibbon);
        }
    }

    /** Spring's own handlers and STOMP. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(RequestUpgradeStrategy.class)
    static class Handlers {
        /** Spring chooses the subprotocol and checks origins itself. */
        @Bean
        @ConditionalOnMissingBean(RequestUpgradeStrategy.class)
        GibbonUpgradeStrategy gibbonUpgradeStrategy(WebSocketHost host, GibbonProperties properties) {
            return new GibbonUpgradeStrategy(
                    host,
                    properties.upgrader(OriginPolicy.any()),
                    properties.options().maxMessageBytes());
        }

        @Bean
        @ConditionalOnProperty(name = "gibbon.spring.handlers", matchIfMissing = true)
        static GibbonHandlers gibbonHandlers(ObjectProvider<GibbonUpgradeStrategy> strategy) {
            return new GibbonHandlers(strategy);
        }
    }

    /**
     * Jetty with HTTP/2, over which a WebSocket would come as CONNECT (RFC 8441): the mappings of controllers know no
     * such method, and Spring Security refuses it. Browsers that are offered none of this use HTTP/1.1.
     */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({ConfigurableJettyWebServerFactory.class, AbstractHTTP2ServerConnectionFactory.class})
    static class JettyHttp2 {
        @Bean
        @ConditionalOnMissingBean(name = "gibbonJettyHttp2")
        WebServerFactoryCustomizer<ConfigurableJettyWebServerFactory> gibbonJettyHttp2() {
            return factory -> factory.addServerCustomizers(JettyHttp2::offerNoConnect);
        }

        private static void offerNoConnect(Server server) {
            for (Connector connector : server.getConnectors()) {
                for (ConnectionFactory factory : connector.getConnectionFactories()) {
                    if (factory instanceof AbstractHTTP2ServerConnectionFactory http2) {
                        http2.setConnectProtocolEnabled(false);
                    }
                }
            }
        }
    }

    /** Meters. Where there are several registries, and none is primary, the application says which one has them. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class Meters {
        @Bean
        @ConditionalOnSingleCandidate(MeterRegistry.class)
        @ConditionalOnMissingBean
        GibbonMetrics gibbonMetrics(MeterRegistry registry) {
            return GibbonMetrics.in(registry);
        }
    }

    /** Health. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(HealthIndicator.class)
    @ConditionalOnEnabledHealthIndicator("gibbon")
    static class Health {
        @Bean
        @ConditionalOnMissingBean(name = "gibbonHealthIndicator")
        HealthIndicator gibbonHealthIndicator(WebSocketHost host, GibbonLifecycle lifecycle) {
            return new GibbonHealth(host, lifecycle);
        }
    }
}
