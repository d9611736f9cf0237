// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Issuers and certificates made by OpenSSL: {@code NAME.pem} and {@code NAME.key} in a directory. */
final class OpenSslCertificates {
    private static final String PASSWORD = "changeit";
    private static final String LONG_AGO = "20200101000000Z";
    private static final String A_WEEK_LATER = "20200108000000Z";
    private static final String FAR = "20490101000000Z"; // The last years of UTCTime: RFC 5280 §4.1.2.5.

    private final Path directory;
    private final String openssl;

    private OpenSslCertificates(Path directory) {
        this.directory = directory;
        openssl = RealPeer.program("openssl", "openssl");
    }

    /**
     * Makes the issuer {@code ca} with right, odd, wronghost, expired and client, and the issuer nobody with
     * unknown.
     */
    static OpenSslCertificates make(Path directory) throws Exception {
        OpenSslCertificates made = new OpenSslCertificates(directory);
        made.issuer("ca");
        made.leaf("right", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1", FAR);
        made.leaf("odd", "ca", "subjectAltName=DNS:my_host.test,DNS:*.wild.test", FAR);
        made.leaf("wronghost", "ca", "subjectAltName=DNS:other.test,IP:127.0.0.2", FAR);
        made.leaf("expired", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1", A_WEEK_LATER);
        made.leaf("client", "ca", "extendedKeyUsage=clientAuth", FAR);
        made.issuer("nobody");
        made.leaf("unknown", "nobody", "subjectAltName=DNS:localhost,IP:127.0.0.1", FAR);
        return made;
    }

    private void issuer(String name) throws Exception {
        Files.createFile(file(name + ".index"));
        Files.writeString(
                file(name + ".cnf"),
                "[ca]\ndefault_ca=it\n[it]\ndatabase=" + file(name + ".index") + "\nnew_certs_dir=" + directory
                        + "\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no"
                        + "\n[any]\ncommonName=supplied\n");
        request(
                name,
                "-x509",
                "-days",
                "30",
                "-addext",
                "keyUsage=critical,keyCertSign",
                "-out",
                file(name + ".pem").toString());
    }

    private void leaf(String name, String issuer, String extension, String until) throws Exception {
        String csr = file(name + ".csr").toString();
        String extensions =
                Files.writeString(file(name + ".ext"), extension + "\n").toString();
        request(name, "-out", csr);
        run("ca", "-batch", "-notext", "-config", file(issuer + ".cnf").toString(), "-in", csr)
                .with("-cert", issuer + ".pem", "-keyfile", issuer + ".key", "-out", name + ".pem")
                .with("-startdate", LONG_AGO, "-enddate", until, "-extfile", extensions)
                .go();
    }

    private void request(String name, String... more) throws Exception {
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
                .with("-subj", "/CN=" + name, "-keyout", name + ".key")
                .with(more)
                .go();
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    /** {@return a context that trusts the issuer, and shows no certificate} */
    SSLContext trusting(String issuer) throws GeneralSecurityException, IOException {
        return context(issuer, new KeyManager[0]);
    }

    /** {@return a context that trusts the issuer, and shows the client's certificate} */
    SSLContext showingClient(String issuer) throws Exception {
        run("pkcs12", "-export", "-in", "client.pem", "-inkey", "client.key")
                .with("-out", "client.p12", "-passout", "pass:" + PASSWORD)
                .go();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file("client.p12"))) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, PASSWORD.toCharArray());
        return context(issuer, keys.getKeyManagers());
    }

    private SSLContext context(String issuer, KeyManager[] keys) throws GeneralSecurityException, IOException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(file(issuer + ".pem"))) {
            trusted.setCertificateEntry(
                    issuer, CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, trust.getTrustManagers(), null);
        return context;
    }

    private Command run(String... arguments) {
        return new Command(List.of(openssl)).with(arguments);
    }

    /** One call of the program. */
    private final class Command {
        private final List<String> words;

        private Command(List<String> words) {
            this.words = words;
        }

        private Command with(String... more) {
            return new Command(
                    Stream.concat(words.stream(), List.of(more).stream()).toList());
        }

        private void go() throws Exception {
            if (RealPeer.run(directory, words) != 0) {
                throw new AssertionError(words + ": " + Files.readString(file("output")));
            }
        }
    }
}
