// SPDX-License-Identifier: Apache-2.0
import dev.gibbon.servlet.JettyContainer;
import dev.gibbon.servlet.ServletContainer;

/** WebSockets from servlets, whichever container they run in. */
module dev.gibbon.servlet {
    requires transitive dev.gibbon;
    requires transitive jakarta.servlet;
    requires java.logging;
    requires static dev.gibbon.jetty;
    requires static org.eclipse.jetty.ee11.servlet;
    requires static org.jspecify;

    exports dev.gibbon.servlet;

    uses ServletContainer;

    provides ServletContainer with
            JettyContainer;
}
