// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tls(context, parameters)}, which servers and dialers have alike. */
class TlsParametersTest {
    @TempDir
    private static Path directory;

    private static SSLContext context;

    @BeforeAll
    static void makeContext() throws Exception {
        context = TestTls.context(directory);
    }

    private static SSLParameters protocols(String... protocols) {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(protocols);
        return parameters;
    }

    private static WebSocketServer.Builder server() {
        return WebSocketServer.builder().bind("localhost", 0).serve("/", ws -> {
            for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                ws.writeMessage(m);
            }
        });
    }

    private static URI uri(WebSocketServer server) {
        return URI.create("wss://localhost:" + server.port() + "/");
    }

    private static String protocol(WebSocketServer server, Dialer.Builder dialer) throws Exception {
        try (Connection ws = dialer.build().dial(uri(server))) {
            ws.writeText("hello");
            Message answer = ws.readMessage();
            assertEquals("hello", answer == null ? "" : answer.text());
            return ws.tlsSession().orElseThrow().getProtocol();
        }
    }

    @Test
    void aServersProtocolsAreThoseOfItsParameters() throws Exception {
        try (WebSocketServer server =
                server().tls(context, protocols("TLSv1.2")).start()) {
            assertEquals("TLSv1.2", protocol(server, Dialer.builder().tls(context)));
            Dialer modern = Dialer.builder().tls(context, protocols("TLSv1.3")).build();
            assertThrows(SSLException.class, () -> modern.dial(uri(server)));
        }
    }

    @Test
    void aDialersProtocolsAreThoseOfItsParameters() throws Exception {
        try (WebSocketServer server = server().tls(context).start()) {
            assertEquals("TLSv1.3", protocol(server, Dialer.builder().tls(context, new SSLParameters())));
            assertEquals("TLSv1.2", protocol(server, Dialer.builder().tls(context, protocols("TLSv1.2"))));
        }
    }

    @Test
    void theHostIsCheckedWhateverTheParametersSay() throws Exception {
        SSLParameters careless = new SSLParameters();
        careless.setEndpointIdentificationAlgorithm("");
        try (WebSocketServer server = server().tls(context).start()) {
            Dialer dialer = Dialer.builder()
                    .tls(context, careless)
                    .tlsServerName("elsewhere.test")
                    .build();
            assertThrows(SSLException.class, () -> dialer.dial(uri(server)));
        }
    }

    @Test
    void parametersAreCopied() throws Exception {
        SSLParameters parameters = protocols("TLSv1.2");
        try (WebSocketServer server = server().tls(context).start()) {
            Dialer.Builder dialer = Dialer.builder().tls(context, parameters);
            parameters.setProtocols(new String[] {"TLSv1.3"});
            assertEquals("TLSv1.2", protocol(server, dialer));
        }
    }

    @Test
    void whatCannotBeIsRefusedByTheSetter() {
        SSLParameters unknown = new SSLParameters();
        unknown.setCipherSuites(new String[] {"NO_SUCH_SUITE"});
        assertThrows(IllegalArgumentException.class, () -> Dialer.builder().tls(context, unknown));
        assertThrows(IllegalArgumentException.class, () -> server().tls(context, unknown));
        IllegalArgumentException old = assertThrows(
                IllegalArgumentException.class, () -> Dialer.builder().tls(context, protocols("TLSv1.1")));
        assertTrue(String.valueOf(old.getMessage()).contains("TLSv1.3 or TLSv1.2"), old.getMessage());
        assertThrows(NullPointerException.class, () -> Dialer.builder().tls(null));
        assertThrows(NullPointerException.class, () -> server().tls(context, null));
    }
}
