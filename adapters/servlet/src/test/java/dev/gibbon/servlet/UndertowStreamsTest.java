// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.testkit.host.Ability;
import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The streams of servlets, in Undertow as a container without an adapter. */
class UndertowStreamsTest extends HostSuite {
    @Override
    protected Map<Ability, String> cannot() {
        return Map.of(
                Ability.HOST_STOPS_FIRST, "Undertow that stops tells an upgraded servlet nothing",
                Ability.DESCRIPTORS,
                        "XNIO makes a selector for each thread that waits, which lives until garbage is collected",
                Ability.TLS_SESSION, "the streams of servlets do not have it");
    }

    @Override
    protected RunningHost start(Site site) throws Exception {
        GibbonServlets streams = new GibbonServlets(site.host(), site.upgrader(), List.of(new StreamsContainer()));
        return UndertowServer.start(site, streams, Optional.empty());
    }
}
