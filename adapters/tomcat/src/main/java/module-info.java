// SPDX-License-Identifier: Apache-2.0
import dev.gibbon.servlet.ServletContainer;
import dev.gibbon.tomcat.TomcatContainer;

/** Gibbon in Tomcat 11: servlets upgrade requests, and Gibbon's loops serve the sockets. */
@SuppressWarnings("requires-automatic") // gibbon-servlet says why it is none.
module dev.gibbon.tomcat {
    requires transitive dev.gibbon;
    requires transitive org.apache.tomcat.embed.core;
    requires dev.gibbon.servlet;
    requires static org.jspecify;

    exports dev.gibbon.tomcat;
    // Tomcat makes the handler of an upgrade itself.
    exports dev.gibbon.tomcat.internal to
            org.apache.tomcat.embed.core;

    provides ServletContainer with
            TomcatContainer;
}
