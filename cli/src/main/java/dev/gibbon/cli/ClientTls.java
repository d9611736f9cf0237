// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.InsecureTls;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A client's TLS context: whom it trusts, and the certificate it shows. */
final class ClientTls {
    private ClientTls() {}

    /**
     * {@return the context}
     *
     * @param authorities a PEM file of the certificates to trust in place of the platform's, if any
     * @param insecure whether to trust everyone
     * @param certificates a PEM file of this client's certificate chain, if any
     * @param key its key; together with the certificates or not at all
     * @throws CommandFailedException if a file is not that, with a line that says which and why
     */
    static SSLContext context(
            @Nullable Path authorities, boolean insecure, @Nullable Path certificates, @Nullable Path key)
            throws CommandFailedException {
        KeyManager[] keys =
                certificates == null || key == null ? new KeyManager[0] : PemTls.keyManagers(certificates, key);
        try {
            if (insecure) {
                return InsecureTls.trustingEveryone(keys);
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, authorities == null ? null : trusting(authorities), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new CommandFailedException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    private static TrustManager[] trusting(Path authorities)
            throws CommandFailedException, GeneralSecurityException, IOException {
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        int count = 0;
        for (Certificate authority : PemTls.certificates(authorities)) {
            anchors.setCertificateEntry("authority-" + count++, authority);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(anchors);
        return factory.getTrustManagers();
    }
}
