// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;

/** Jetty over HTTP/1.1, plain and with TLS. */
class JettyHostTest extends HostSuite {
    @Override
    protected RunningHost start(Site site) throws Exception {
        return JettyServer.http1(site);
    }
}
