// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.transport.PemFiles;
import dev.gibbon.transport.ReloadedContext;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS from the PEM files that other servers use as well (RFC 7468). A file of certificates has a party's own first,
 * then those that lead to a root. A key is RSA, RSASSA-PSS, EC or EdDSA, in PKCS#8 or the older PKCS#1 or SEC 1, and
 * not encrypted. Whatever else stands in a file is skipped. Each method reads its files at once, and what is thrown
 * says in one line which file is wrong and why, be it that the two files were swapped. For any thread.
 */
public final class PemTls {
    private PemTls() {}

    /**
     * {@return the context of a server}
     *
     * @param certificates the server's certificate and those behind it
     * @param key its key
     * @throws IOException if a file is not that
     */
    public static SSLContext serverContext(Path certificates, Path key) throws IOException {
        return context(certificates, key, null);
    }

    /**
     * {@return the context of a server that checks certificates of clients} Whether it asks for them say {@link
     * javax.net.ssl.SSLParameters#setNeedClientAuth} and {@link javax.net.ssl.SSLParameters#setWantClientAuth}; see
     * {@link WebSocketServer.Builder#tls(SSLContext, javax.net.ssl.SSLParameters)}.
     *
     * @param certificates the server's certificate and those behind it
     * @param key its key
     * @param clientAuthorities whose certificates clients may show, in place of the platform's authorities
     * @throws IOException if a file is not that
     */
    public static SSLContext serverContext(Path certificates, Path key, Path clientAuthorities) throws IOException {
        return context(certificates, key, Objects.requireNonNull(clientAuthorities, "clientAuthorities"));
    }

    /**
     * {@return the context of a server, made anew when a file has changed} For {@link
     * WebSocketServer.Builder#tls(Supplier)}: each call looks at the files' times, sizes and identities, which takes
     * some microseconds, and reads them only if one differs. While the files as they are make no context, between the
     * renewal of a certificate and that of its key for example, calls throw {@link java.io.UncheckedIOException}.
     *
     * @param certificates the server's certificate and those behind it
     * @param key its key
     * @throws IOException if a file is not that now
     */
    public static Supplier<SSLContext> reloading(Path certificates, Path key) throws IOException {
        requireBoth(certificates, key);
        return new ReloadedContext(List.of(certificates, key), () -> context(certificates, key, null));
    }

    /**
     * {@return the same for a server that checks certificates of clients}
     *
     * @param certificates the server's certificate and those behind it
     * @param key its key
     * @param clientAuthorities whose certificates clients may show, in place of the platform's authorities
     * @throws IOException if a file is not that now
     */
    public static Supplier<SSLContext> reloading(Path certificates, Path key, Path clientAuthorities)
            throws IOException {
        requireBoth(certificates, key);
        Objects.requireNonNull(clientAuthorities, "clientAuthorities");
        return new ReloadedContext(
                List.of(certificates, key, clientAuthorities), () -> context(certificates, key, clientAuthorities));
    }

    /**
     * {@return what proves that this side is whom the certificate names} Of a client as well, for {@link
     * SSLContext#init}.
     *
     * @param certificates the party's certificate and those behind it
     * @param key its key
     * @throws IOException if a file is not that
     */
    public static KeyManager[] keyManagers(Path certificates, Path key) throws IOException {
        requireBoth(certificates, key);
        return PemFiles.keyManagers(certificates, key);
    }

    /**
     * {@return what trusts the certificates in a file, and those that they have issued, and no others} For {@link
     * SSLContext#init}.
     *
     * @param authorities certificates
     * @throws IOException if the file is not that
     */
    public static TrustManager[] trustManagers(Path authorities) throws IOException {
        return PemFiles.trustManagers(Objects.requireNonNull(authorities, "authorities"));
    }

    private static void requireBoth(Path certificates, Path key) {
        Objects.requireNonNull(certificates, "certificates");
        Objects.requireNonNull(key, "key");
    }

    private static SSLContext context(Path certificates, Path key, @Nullable Path clientAuthorities)
            throws IOException {
        requireBoth(certificates, key);
        KeyManager[] keys = PemFiles.keyManagers(certificates, key);
        TrustManager[] trusted = clientAuthorities == null ? null : PemFiles.trustManagers(clientAuthorities);
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trusted, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot speak TLS with " + certificates + ": " + e.getMessage(), e);
        }
    }
}
