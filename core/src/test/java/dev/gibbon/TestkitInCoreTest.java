// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.TransportPair;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Core's tests have the testkit, compiled with them from its sources (see core/pom.xml). */
class TestkitInCoreTest {
    @Test
    void aTransportPairServesCoresTests() throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            ByteBuffer[] srcs = {ByteBuffer.wrap(new byte[] {1, 2, 3})};
            assertEquals(3, pair.client().write(srcs, 0, 1));
            assertEquals(3, pair.end(Role.SERVER).read(ByteBuffer.allocate(8)));
            assertTrue(pair.server().isOpen());
        }
    }
}
