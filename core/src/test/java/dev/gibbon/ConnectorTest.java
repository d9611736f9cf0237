// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.URI;
import org.junit.jupiter.api.Test;

class ConnectorTest {
    @Test
    void isAskedForTheHostAndPortOfTheUri() {
        String[] asked = new String[1];
        Connector connector = (host, port) -> {
            asked[0] = host + " " + port;
            throw new IOException("not today");
        };
        Dialer dialer = Dialer.builder().connector(connector).build();
        IOException failure = assertThrows(IOException.class, () -> dialer.dial(URI.create("ws://example.com:81/")));
        assertEquals("example.com 81", asked[0]);
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        assertEquals("not today", root.getMessage());
        assertSame(IOException.class, root.getClass());
    }
}
