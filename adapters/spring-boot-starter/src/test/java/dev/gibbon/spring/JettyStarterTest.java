// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import org.springframework.boot.jetty.servlet.JettyServletWebServerFactory;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

/** With Jetty embedded. */
class JettyStarterTest extends StarterTests {
    @TestConfiguration
    static class OnJetty {
        @Bean
        JettyServletWebServerFactory webServer() {
            return new JettyServletWebServerFactory();
        }
    }
}
