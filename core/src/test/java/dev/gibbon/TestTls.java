// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import dev.gibbon.transport.ChannelTransport;
import dev.gibbon.transport.TlsEngines;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A context for localhost that trusts itself, and clients that use it. */
final class TestTls {
    private static final String PASSWORD = "changeit";

    private TestTls() {}

    static SSLContext context(Path directory) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        init(context, directory);
        return context;
    }

    static void init(SSLContext context, Path directory) throws Exception {
        Path file = directory.resolve("localhost.p12");
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-validity",
                        "30",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD))
                .inheritIO()
                .start();
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException("keytool failed");
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("self", store.getCertificate("server"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    }

    static Transport connect(SSLContext context, int port) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        return new TlsTransport(
                new ChannelTransport(channel), TlsEngines.client(context, "localhost", port), new BufferPool(4));
    }
}
