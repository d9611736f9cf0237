// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import java.util.Optional;

/** Servlets of Undertow, by the exchange behind the request. */
class UndertowServletTest extends HostSuite {
    @Override
    protected RunningHost start(Site site) throws Exception {
        return UndertowServer.start(site, GibbonServlets.of(site.host(), site.upgrader()), Optional.empty());
    }
}
