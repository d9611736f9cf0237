// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gibbon.servlet.ServletContainer;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** {@link dev.gibbon.servlet.GibbonServlets} finds Tomcat where its adapter is there. */
class TomcatServletTest {
    @Test
    void theContainerIsAService() {
        var found = ServiceLoader.load(ServletContainer.class).stream()
                .map(ServiceLoader.Provider::type)
                .filter(TomcatContainer.class::equals)
                .toList();
        assertEquals(1, found.size());
        assertFalse(new TomcatContainer().received(null));
    }
}
