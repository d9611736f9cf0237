// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.jetty;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** A certificate for localhost that nobody trusts, made anew at each start. */
final class Certificate {
    private static final String PASSWORD = "changeit";

    private Certificate() {}

    /** Makes one, by the JDK's keytool, which takes about a second. */
    static SslContextFactory.Server make() throws IOException {
        Path directory = Files.createTempDirectory("gibbon-jetty");
        Path file = directory.resolve("localhost.p12");
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD))
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!Files.exists(file)) {
            throw new IOException("keytool failed: " + said);
        }
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(file.toString());
        tls.setKeyStorePassword(PASSWORD);
        return tls;
    }
}
