// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** A connector whose sockets no selector can watch passes the suite, by calls that block. */
class TomcatNio2Test extends HostSuite {
    @TempDir
    static Path directory;

    @Override
    protected RunningHost start(Site site) throws Exception {
        return TomcatServer.serve(site, TomcatServer.NIO2, directory, _ -> {});
    }
}
