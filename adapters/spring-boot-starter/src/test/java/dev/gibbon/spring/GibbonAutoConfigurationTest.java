// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.micrometer.GibbonMetrics;
import dev.gibbon.servlet.GibbonServlets;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.socket.server.RequestUpgradeStrategy;

/** What there is of the starter in applications that have not all that it knows of, or other things. */
class GibbonAutoConfigurationTest {
    private final WebApplicationContextRunner application =
            new WebApplicationContextRunner().withConfiguration(AutoConfigurations.of(GibbonAutoConfiguration.class));

    @Test
    void anApplicationThatServesNoWebHasNothingOfIt() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(GibbonAutoConfiguration.class))
                .run(context ->
                        assertTrue(context.getBeansOfType(WebSocketHost.class).isEmpty()));
    }

    /** Boot shows the property, where it is set and the reason, if this exception tells it of them. */
    @ParameterizedTest
    @CsvSource({
        "loops, 0",
        "max-connections, 0",
        "shutdown-timeout, -1s",
        "allowed-origins, example.org",
        "subprotocols, a b",
        "max-message-size, -1",
        "idle-timeout, -1s",
        "ping-interval, -1s",
        "compression.level, 10",
        "compression.threshold, 4GB"
    })
    void aPropertyThatIsWrongIsNamed(String name, String value) {
        application.withPropertyValues("gibbon." + name + "=" + value).run(context -> {
            Throwable failure = context.getStartupFailure();
            while (failure != null && !(failure instanceof InvalidConfigurationPropertyValueException)) {
                failure = failure.getCause();
            }
            var told = assertInstanceOf(InvalidConfigurationPropertyValueException.class, failure);
            assertEquals("gibbon." + name, told.getName());
            assertTrue(told.getReason().length() > 10, told.getReason());
        });
    }

    private static String all(Throwable failure) {
        StringBuilder all = new StringBuilder();
        for (Throwable t = failure; t != null; t = t.getCause()) {
            all.append(t.getMessage()).append('\n');
        }
        return all.toString();
    }

    /** What an application does not have is not missed. */
    @Nested
    class Without {
        private void startsWithout(Class<?>... missing) {
            application.withClassLoader(new FilteredClassLoader(missing)).run(context -> {
                assertNull(context.getStartupFailure());
                assertEquals(1, context.getBeansOfType(GibbonServlets.class).size());
                assertEquals(0, context.getBean(WebSocketHost.class).connectionCount());
            });
        }

        @Test
        void micrometer() {
            application
                    .withClassLoader(new FilteredClassLoader("io.micrometer"))
                    .run(context -> {
                        assertNull(context.getStartupFailure());
                        assertEquals(
                                1, context.getBeansOfType(GibbonServlets.class).size());
                        assertFalse(context.containsBean("gibbonMetrics"));
                    });
        }

        @Test
        void theActuator() {
            application
                    .withClassLoader(new FilteredClassLoader(
                            "org.springframework.boot.actuate",
                            "org.springframework.boot.health.contributor",
                            "org.springframework.boot.micrometer"))
                    .run(context -> {
                        assertNull(context.getStartupFailure());
                        assertEquals(
                                1, context.getBeansOfType(GibbonServlets.class).size());
                        assertFalse(context.containsBean("gibbonHealthIndicator"));
                    });
        }

        @Test
        void springsWebSockets() {
            startsWithout(RequestUpgradeStrategy.class);
        }

        @Test
        void functionalRoutes() {
            startsWithout(RouterFunction.class);
        }
    }

    /** Each bean of the application's own counts. */
    @Nested
    class Registries {
        @Test
        void micrometerWithoutARegistryHasNoMeters() {
            application.run(context -> {
                assertNull(context.getStartupFailure());
                assertTrue(context.getBeansOfType(GibbonMetrics.class).isEmpty());
            });
        }

        @Test
        void theRegistryOfTheApplicationHasTheMeters() {
            application.withBean(SimpleMeterRegistry.class).run(context -> {
                assertNull(context.getStartupFailure());
                MeterRegistry registry = context.getBean(MeterRegistry.class);
                assertEquals(0, registry.get("gibbon.connections").gauge().value());
            });
        }

        @Test
        void oneOfTwoThatIsPrimaryHasTheMeters() {
            application
                    .withBean("one", SimpleMeterRegistry.class)
                    .withBean("two", SimpleMeterRegistry.class)
                    .withConfiguration(AutoConfigurations.of(
                            MetricsAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class))
                    .run(context -> {
                        assertNull(context.getStartupFailure());
                        MeterRegistry one = context.getBean("one", MeterRegistry.class);
                        assertEquals(0, one.get("gibbon.connections").gauge().value());
                    });
        }

        @Test
        void twoOfWhichNoneIsPrimaryLeaveTheChoiceToTheApplication() {
            application
                    .withBean("one", SimpleMeterRegistry.class)
                    .withBean("two", SimpleMeterRegistry.class)
                    .run(context -> {
                        assertNull(context.getStartupFailure());
                        assertTrue(context.getBeansOfType(GibbonMetrics.class).isEmpty());
                    });
        }
    }

    /** Beans of the application's own take the place of the starter's. */
    @Nested
    class Own {
        @Configuration(proxyBeanMethods = false)
        static class Beans {
            @Bean(destroyMethod = "close")
            WebSocketHost host() {
                return WebSocketHost.builder().build();
            }

            @Bean
            Upgrader upgrader() {
                return Upgrader.create();
            }

            @Bean
            HealthIndicator gibbonHealthIndicator() {
                return () -> null;
            }
        }

        @Test
        void takePlace() {
            application.withUserConfiguration(Beans.class).run(context -> {
                assertNull(context.getStartupFailure());
                assertSame(context.getBean("host"), context.getBean(WebSocketHost.class));
                assertSame(context.getBean("upgrader"), context.getBean(Upgrader.class));
                assertEquals(1, context.getBeansOfType(HealthIndicator.class).size());
            });
        }
    }

    @Test
    void aContextThatIsPausedAndGoesOnTakesConnections() {
        application.run(context -> {
            ConfigurableApplicationContext own = context.getSourceApplicationContext();
            own.pause();
            own.restart();
            assertFalse(own.getBean(WebSocketHost.class).isDraining());
        });
    }

    /** Sees the host, and keeps the application from starting. */
    static final class Broken {
        Broken(AtomicReference<WebSocketHost> seen, WebSocketHost host) {
            seen.set(host);
            throw new IllegalStateException("broken");
        }
    }

    @Test
    void aContextThatFailsToStartLeavesNoHostOpen() {
        AtomicReference<WebSocketHost> host = new AtomicReference<>();
        application
                .withBean(Broken.class, host)
                .run(context -> assertTrue(all(context.getStartupFailure()).contains("broken")));
        assertTrue(host.get().isDraining());
    }
}
