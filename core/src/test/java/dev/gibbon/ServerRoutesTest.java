// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import org.junit.jupiter.api.Test;

/** The part of a server's builder that adds routes. */
class ServerRoutesTest {
    private static final ExchangeHandler NOTHING = exchange -> exchange.respond(204, Headers.of(), new byte[0]);

    @Test
    void aRouteIsAddedToTheBuilderThatIsAsked() throws Exception {
        WebSocketServer.Builder builder = WebSocketServer.builder();
        ServerRoutes<WebSocketServer.Builder> routes = builder;
        assertSame(builder, routes.handle("/nothing", NOTHING));
        assertSame(builder, routes.serve("/echo", ws -> ws.forEachMessage(ws::writeMessage)));
        try (WebSocketServer server = builder.bind("127.0.0.1", 0).start();
                Connection ws = Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/echo"))) {
            ws.writeText("hello");
            assertEquals("hello", ws.readMessage().text());
        }
    }

    @Test
    void aRouteThatCannotBeIsRefusedWhereItIsAdded() {
        ServerRoutes<WebSocketServer.Builder> routes = WebSocketServer.builder();
        assertThrows(NullPointerException.class, () -> routes.handle("/", (ExchangeHandler) null));
        assertThrows(IllegalArgumentException.class, () -> routes.handle("/a/{", NOTHING));
        assertSame(routes, routes.handle("/a", NOTHING));
        assertThrows(IllegalArgumentException.class, () -> routes.handle("/a", NOTHING));
    }
}
