// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client does wrong is its status, whoever finds it, and no fault of the application. */
@Timeout(300)
class RequestExceptionTest {
    private static void throwing(WebSocketServer.Builder builder) {
        builder.handle("/handle", exchange -> fail(exchange))
                .listen("/factory", Upgrader.create(), exchange -> {
                    fail(exchange);
                    return null;
                })
                .filter("/filter", RequestExceptionTest::fail);
    }

    private static void fail(Exchange exchange) throws RequestException {
        assertEquals("1", exchange.queryParameters().first("a").orElseThrow());
        throw new RequestException(422, "no such \"room\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"handle", "factory", "filter"})
    void theClientGetsTheStatusAndTheLogNoWarning(String route) throws Exception {
        try (LogLines log = LogLines.record();
                ServerUnderTest tested = ServerUnderTest.start(RequestExceptionTest::throwing);
                ScriptedPeer peer = tested.send(tested.upgradeRequest("/" + route + "?a=1"))) {
            HttpHead head = peer.response();
            assertEquals(422, head.status());
            assertEquals("422 Unprocessable Content\n", ServerUnderTest.body(peer, head));
            assertEquals(List.of(), log.warnings(line -> line.contains(route)));
            ServerUnderTest.await(
                    "it is not noted",
                    () -> log.messages().stream()
                            .anyMatch(line -> line.endsWith("request refused with 422: no such \"room\"")));
        }
    }

    @Test
    void aMalformedQueryIs400AndTheConnectionGoesOn() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(RequestExceptionTest::throwing);
                ScriptedPeer peer =
                        tested.send(tested.getRequest("/handle?a=%zz") + tested.getRequest("/handle?a=%31"))) {
            assertEquals(400, peer.response().status());
            assertEquals("400 Bad Request\n", ServerUnderTest.body(peer, peer.response()));
            tested.controlEchoes();
            assertEquals(422, peer.expectHead().status());
        }
    }

    @Test
    void itsReasonIsExplainedWhereRefusalsAre() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                    builder.explainRefusals(true);
                    throwing(builder);
                });
                ScriptedPeer peer = tested.send(tested.getRequest("/handle?a=1"))) {
            assertEquals("422 Unprocessable Content: no such \"room\"\n", ServerUnderTest.body(peer, peer.response()));
            assertEquals(List.of("nosniff"), peer.response().headers("X-Content-Type-Options"));
        }
    }

    @Test
    void onlyARequestCanBeBlamed() {
        for (int status : new int[] {0, 200, 399, 500}) {
            assertThrows(IllegalArgumentException.class, () -> new RequestException(status, ""));
        }
        assertEquals(0, new RequestException(400, "").getStackTrace().length);
        assertTrue(new RequestException(499, "why").getMessage().contains("why"));
    }
}
