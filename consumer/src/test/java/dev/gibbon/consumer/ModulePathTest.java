// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.WebSocketServer;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ModulePathTest {
    @Test
    void applicationAndLibraryAreNamedModules() {
        assertEquals("dev.gibbon.consumer", Application.class.getModule().getName());
        assertEquals("dev.gibbon", CloseCode.class.getModule().getName());
    }

    @Test
    void exportedApiIsUsableFromAnotherModule() {
        assertEquals("1001 (going away)", Application.farewell());
    }

    /** The package of the page is open to nobody. */
    @Test
    void aPageBesideAClassOfTheApplicationIsServed() throws IOException {
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/", exchange -> exchange.respondResource(Application.class, "page.html", "text/html"))
                .handle(
                        "/root",
                        exchange -> exchange.respondResource(
                                Application.class, "/dev/gibbon/consumer/page.html", "text/html"))
                .handle("/none", exchange -> exchange.respondResource(Application.class, "none", "text/html"))
                .start()) {
            assertTrue(get(server, "/").contains("a closed package"), get(server, "/"));
            assertTrue(get(server, "/root").contains("a closed package"), get(server, "/root"));
            assertTrue(get(server, "/none").startsWith("HTTP/1.1 404"), get(server, "/none"));
        }
    }

    private static String get(WebSocketServer server, String path) throws IOException {
        try (Socket client = new Socket("127.0.0.1", server.port())) {
            String request = "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void onlyTheApiIsExportedToEveryone() {
        ModuleDescriptor library = CloseCode.class.getModule().getDescriptor();
        Set<String> exported = library.exports().stream()
                .filter(exports -> !exports.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        assertTrue(exported.contains("dev.gibbon"), exported.toString());
        exported.removeAll(Set.of("dev.gibbon", "dev.gibbon.spi", "dev.gibbon.reconnect"));
        assertEquals(Set.of(), exported);
    }
}
