// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.Dialer;
import dev.gibbon.Message;
import dev.gibbon.WebSocketServer;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A JDK, or an image made of it, may come without jdk.jfr. */
@Timeout(300)
class WithoutFlightRecorderTest {
    /** What runs there. */
    static final class Echo {
        private Echo() {}

        public static void main(String[] args) throws IOException {
            try (WebSocketServer server = WebSocketServer.builder()
                            .bind("127.0.0.1", 0)
                            .serve("/", ws -> ws.writeMessage(Objects.requireNonNull(ws.readMessage())))
                            .start();
                    Connection ws = Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/"))) {
                ws.writeText(
                        "there is " + ModuleLayer.boot().findModule("jdk.jfr").isPresent());
                Message answer = Objects.requireNonNull(ws.readMessage());
                System.out.println(answer.text());
            }
        }
    }

    private static Path place(Class<?> of) throws URISyntaxException {
        return Path.of(of.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    @Test
    void serversAndDialersWork() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--limit-modules=java.base",
                        "-cp",
                        place(FlightRecords.class) + File.pathSeparator + place(Echo.class),
                        Echo.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals("there is false", said.strip());
        assertEquals(0, process.exitValue());
    }
}
