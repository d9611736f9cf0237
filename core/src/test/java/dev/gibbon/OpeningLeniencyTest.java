// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Opening handshakes that are unusual and in order, or that clients send although they should not: accepted on each
 * face, plain and over TLS.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpeningLeniencyTest {
    private SSLContext tls;

    @BeforeAll
    void makeCertificate(@TempDir Path directory) throws Exception {
        tls = TestTls.context(directory);
    }

    private WebSocketServer serve(boolean secure) throws IOException {
        Upgrader upgrader = Upgrader.builder()
                .subprotocols("chat", "b")
                .origins(OriginPolicy.allow("file://"))
                .build();
        Upgrader any =
                Upgrader.builder().anySubprotocol(true).requireSubprotocol(true).build();
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/thread/{name}", exchange -> ServerUnderTest.echo(upgrader.upgrade(exchange)))
                .listen("/loop/{name}", upgrader, new CompressionScene.Echo())
                .handle("/any/thread", exchange -> ServerUnderTest.echo(any.upgrade(exchange)))
                .listen("/any/loop", any, new CompressionScene.Echo());
        return secure ? builder.tls(tls).start() : builder.start();
    }

    private void echoes(String target, Optional<String> subprotocol, String... fields) throws IOException {
        for (boolean secure : new boolean[] {false, true}) {
            try (WebSocketServer server = serve(secure)) {
                for (String face : new String[] {"thread", "loop"}) {
                    String path = target.replace("FACE", face);
                    try (ScriptedPeer peer = open(server, secure, path, fields).expectUpgraded()) {
                        assertEquals(subprotocol, peer.response().header("Sec-WebSocket-Protocol"));
                        assertEquals(Optional.empty(), peer.response().header("Sec-WebSocket-Extensions"));
                        peer.sendText(face);
                        peer.expectText(face);
                    }
                }
            }
        }
    }

    private ScriptedPeer open(WebSocketServer server, boolean secure, String target, String... fields)
            throws IOException {
        String request = HttpHead.upgradeRequest("localhost:" + server.port(), target, fields);
        return secure
                ? ScriptedPeer.overHttp(TestTls.connect(tls, server.port()), request)
                : ScriptedPeer.overHttp("127.0.0.1", server.port(), request);
    }

    @ParameterizedTest(name = "Sec-WebSocket-Extensions: [{0}]")
    @ValueSource(strings = {"", ",", "permessage-deflate,", ",x", "x,,y; a=1"})
    void emptyElementsOfExtensionsAreSkipped(String value) throws IOException {
        echoes("/FACE/a", Optional.empty(), "Sec-WebSocket-Extensions: " + value);
    }

    @ParameterizedTest(name = "Sec-WebSocket-Protocol: [{0}]")
    @ValueSource(strings = {"", ",", "x,", "x,,y"})
    void emptyElementsOfSubprotocolsAreSkipped(String value) throws IOException {
        echoes("/FACE/a", Optional.empty(), "Sec-WebSocket-Protocol: " + value);
        echoes("/FACE/a", Optional.of("chat"), "Sec-WebSocket-Protocol: " + value, "Sec-WebSocket-Protocol: ,, chat,");
    }

    @ParameterizedTest(name = "Connection and Upgrade beside [{0}]")
    @ValueSource(strings = {"", ",", ", ,"})
    void emptyElementsOfConnectionAndUpgradeAreSkipped(String value) throws IOException {
        echoes("/FACE/a", Optional.empty(), "Connection: " + value, "Upgrade: " + value, "Expect: ");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "/FACE/[1]",
                "/FACE/a|b",
                "/FACE/a^b",
                "/FACE/50%",
                "/FACE/a?q=50%",
                "/FACE/a?q=%zz",
                "/FACE/a?q=%00"
            })
    void targetsThatBrowsersAndNodeSendAreRouted(String target) throws IOException {
        echoes(target, Optional.empty());
    }

    @ParameterizedTest(name = "origin {0}")
    @ValueSource(strings = {"file://", "FILE://"})
    void aPageOfALocalFileMayConnectIfListed(String origin) throws IOException {
        echoes("/FACE/a", Optional.empty(), "Origin: " + origin);
    }

    @ParameterizedTest(name = "Sec-WebSocket-Protocol: [{0}]")
    @ValueSource(strings = {"first", "first, second", ",first,,chat", "first,*"})
    void anySubprotocolTakesWhatIsOfferedFirst(String offer) throws IOException {
        echoes("/any/FACE", Optional.of("first"), "Sec-WebSocket-Protocol: " + offer);
    }
}
