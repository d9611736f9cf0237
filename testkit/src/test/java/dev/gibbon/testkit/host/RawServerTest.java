// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import java.io.IOException;

/** A server that knows next to nothing passes the suite, by a channel and by streams that block. */
class RawServerTest extends HostSuite {
    @Override
    protected RunningHost start(Site site) throws IOException {
        return new RawServer(site);
    }
}
