// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.InsecureTls;
import dev.gibbon.PemTls;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
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
        try {
            KeyManager[] keys =
                    certificates == null || key == null ? new KeyManager[0] : PemTls.keyManagers(certificates, key);
            if (insecure) {
                return InsecureTls.trustingEveryone(keys);
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, authorities == null ? null : PemTls.trustManagers(authorities), null);
            return context;
        } catch (IOException e) { // It names the file.
            throw new CommandFailedException(String.valueOf(e.getMessage()), e);
        } catch (GeneralSecurityException e) {
            throw new CommandFailedException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }
}
