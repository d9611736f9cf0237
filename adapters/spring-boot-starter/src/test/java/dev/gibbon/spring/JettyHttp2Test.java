// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.eclipse.jetty.http2.server.AbstractHTTP2ServerConnectionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.jetty.JettyWebServer;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.Import;

/** Over HTTP/2 a WebSocket would come as CONNECT, which the mappings of controllers do not know. */
@SpringBootTest(
        classes = Application.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "server.http2.enabled=true")
@Import(JettyStarterTest.OnJetty.class)
@Timeout(300)
class JettyHttp2Test {
    @Autowired
    private ServletWebServerApplicationContext context;

    @Test
    void clientsAreNotOfferedWebSocketsOverHttp2() {
        JettyWebServer server = assertInstanceOf(JettyWebServer.class, context.getWebServer());
        AbstractHTTP2ServerConnectionFactory http2 =
                server.getServer().getConnectors()[0].getConnectionFactory(AbstractHTTP2ServerConnectionFactory.class);
        assertFalse(http2.isConnectProtocolEnabled());
    }
}
