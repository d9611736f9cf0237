// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import dev.gibbon.transport.TlsEngines;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * How TLS is spoken.
 *
 * @param context whom to trust, the platform's choice if empty
 * @param parameters how it is spoken, as {@link TlsEngines#checked} returned them; the context's own if empty
 * @param serverName what the target's certificate must name, its host if empty
 * @param insecureHostCheck whether a certificate may name any host
 * @param pool where buffers come from
 */
public record Tls(
        Optional<SSLContext> context,
        Optional<SSLParameters> parameters,
        Optional<String> serverName,
        boolean insecureHostCheck,
        BufferPool pool) {
    /** {@return TLS over {@code lower}, its handshake done, owned by the deadline} */
    Transport over(Transport lower, String name, int port, Deadline deadline) throws IOException {
        SSLContext trusting = context.isPresent() ? context.get() : platformContext();
        SSLParameters given = parameters.orElse(null);
        SSLEngine engine = insecureHostCheck
                ? TlsEngines.clientWithInsecureHostCheck(trusting, given, name, port)
                : TlsEngines.client(trusting, given, name, port);
        TlsTransport transport = deadline.own(new TlsTransport(lower, engine, pool));
        if (!transport.handshake()) {
            throw new IOException("a blocking transport did not finish the TLS handshake");
        }
        if (!insecureHostCheck) {
            TlsEngines.requireHost(transport.tlsSession().orElseThrow(), name);
        }
        return transport;
    }

    private static SSLContext platformContext() throws IOException {
        try {
            return SSLContext.getDefault();
        } catch (NoSuchAlgorithmException e) {
            throw new IOException("the platform's default TLS context does not work", e);
        }
    }
}
