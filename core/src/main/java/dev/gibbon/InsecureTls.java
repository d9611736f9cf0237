// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.transport.TlsEngines;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * TLS that protects from nobody but a passive listener: for
 * trying things out against servers whose certificate is no good.
 */
public final class InsecureTls {
    private InsecureTls() {}

    /**
     * {@return a context for {@link Dialer.Builder#tls} that takes every certificate for every host} Whoever
     * sits between the two ends can read and change everything.
     *
     * @param keyManagers what has the client's own certificate; none for an anonymous client
     * @throws GeneralSecurityException if the platform has no TLS
     */
    public static SSLContext trustingEveryone(KeyManager... keyManagers) throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers, new TrustManager[] {new TrustEveryone()}, null);
        return context;
    }

    /** The extended kind, since for a plain one the platform checks the host, and more, on top. */
    private static final class TrustEveryone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
            TlsEngines.trustAnyHost(engine);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
