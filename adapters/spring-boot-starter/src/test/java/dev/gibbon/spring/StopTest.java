// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.Dialer;
import dev.gibbon.WebSocketHost;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;

/** When an application stops, its WebSockets end first, with 1001, and nothing waits for a time-out. */
@Timeout(300)
class StopTest {
    @ParameterizedTest
    @CsvSource({
        "/room/blue, OnTomcat", "/fast/red, OnTomcat", "/spring, OnTomcat",
        "/room/blue, OnJetty", "/fast/red, OnJetty", "/spring, OnJetty"
    })
    void peersAreToldThatTheServerGoesAway(String path, String server) throws Exception {
        Class<?> factory = server.equals("OnJetty") ? JettyStarterTest.OnJetty.class : TomcatStarterTest.OnTomcat.class;
        SpringApplication application = new SpringApplication(Application.class, factory);
        var context = (ServletWebServerApplicationContext) application.run("--server.port=0");
        WebSocketHost host = context.getBean(WebSocketHost.class);
        Connection ws = Dialer.create()
                .dial(URI.create("ws://localhost:" + context.getWebServer().getPort() + path));
        ws.writeText("hello");
        assertTrue(ws.readMessage().text().endsWith(": hello"));
        context.close();
        assertNull(ws.readMessage());
        assertEquals(1001, ws.closed().get(60, TimeUnit.SECONDS).code().value());
        assertEquals(0, host.connectionCount());
    }
}
