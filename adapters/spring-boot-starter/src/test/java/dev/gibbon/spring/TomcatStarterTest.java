// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.context.annotation.Bean;

/** With Tomcat embedded, as applications have it that choose no other. */
class TomcatStarterTest extends StarterTests {
    @TestConfiguration
    static class OnTomcat {
        @Bean
        TomcatServletWebServerFactory webServer() {
            return new TomcatServletWebServerFactory();
        }
    }
}
