// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import dev.gibbon.testkit.HttpHead;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.webmvc.test.autoconfigure.WebMvcTest;
import org.springframework.test.web.servlet.MockMvc;

/** A test of controllers alone has what they upgrade with, but no server that could. */
@WebMvcTest(Application.Rooms.class)
class SliceTest {
    @Autowired
    private MockMvc mvc;

    @Test
    void aControllerAnswersWhatIsNoOpeningHandshake() throws Exception {
        var _ = mvc.perform(get("/room/blue")).andExpect(status().isUpgradeRequired());
    }

    @Test
    void anUpgradeSaysThatItTakesAServer() {
        Exception thrown = assertThrows(
                Exception.class,
                () -> mvc.perform(get("/room/blue")
                        .header("Connection", "Upgrade")
                        .header("Upgrade", "websocket")
                        .header("Sec-WebSocket-Version", "13")
                        .header("Sec-WebSocket-Key", HttpHead.SAMPLE_KEY)));
        assertTrue(thrown.getCause().getMessage().contains("takes a server"), thrown.toString());
    }
}
