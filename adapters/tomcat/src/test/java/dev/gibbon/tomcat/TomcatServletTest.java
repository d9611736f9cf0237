// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gibbon.servlet.ServletContainer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** {@link dev.gibbon.servlet.GibbonServlets} finds Tomcat where its adapter is there. */
class TomcatServletTest {
    @Test
    void theContainerIsFoundWhereNoOtherIs() {
        Iterator<ServletContainer> known =
                ServiceLoader.load(ServletContainer.class).iterator();
        List<Class<?>> found = new ArrayList<>();
        boolean more = true;
        while (more) {
            try {
                more = known.hasNext();
                if (more) {
                    found.add(known.next().getClass());
                }
            } catch (ServiceConfigurationError | LinkageError _) { // Jetty's and Undertow's, which are not here.
                more = true;
            }
        }
        assertEquals(List.of(TomcatContainer.class), found);
        assertFalse(new TomcatContainer().received(null));
    }
}
