// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Tomcat's usual connector passes the suite: by the socket, and by its buffers where it decrypts. */
class TomcatTest extends HostSuite {
    @TempDir
    static Path directory;

    @Override
    protected RunningHost start(Site site) throws Exception {
        return TomcatServer.serve(site, TomcatServer.NIO, directory, _ -> {});
    }
}
