// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Keeps docs/reference/gorilla.md honest: a test that it names is there. */
class GorillaTableTest {
    @Test
    void everyTestNamedInTheTableExists() throws IOException {
        String page = NamedTests.page("docs/reference/gorilla.md");
        assertEquals(List.of(), new NamedTests().missingFrom(page));
        int named = NamedTests.namedIn(page).size();
        assertTrue(named > 80, "only " + named + " names were found: is the pattern still right?");
    }
}
