// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.support.BufferPool;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;

/** Full-duplex traffic in a JVM of its own, whose TLS keys last for a few records. */
final class KeyUpdateTraffic {
    private KeyUpdateTraffic() {}

    public static void main(String[] arguments) throws Exception {
        SSLContext context = TestCertificates.context(TestCertificates.localhost(Path.of(arguments[0]), false));
        BufferPool pool = new BufferPool(8);
        TransportPair lower = TransportPair.tcp();
        try (TransportPair pair = new TransportPair(
                new TlsTransport(lower.client(), TlsEngines.client(context, "localhost", 443), pool),
                new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
            ChannelTransportTest.echoBothWaysAtOnce(pair, 8 << 20);
        }
        System.out.println("arrived");
    }
}
