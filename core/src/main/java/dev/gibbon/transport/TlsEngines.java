// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.http.Authority;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.StandardConstants;
import org.jspecify.annotations.Nullable;

/** TLS engines set up for HTTP/1.1 and WebSockets: TLS 1.2 and 1.3 alone, ALPN {@code http/1.1}, host names checked. */
public final class TlsEngines {
    private static final String HTTP_1_1 = "http/1.1";

    private static final List<String> MODERN = List.of("TLSv1.3", "TLSv1.2");

    /** Bound to a session whose trust manager does not care which host a certificate names. */
    private static final String ANY_HOST = "dev.gibbon.anyHost";

    private TlsEngines() {}

    /**
     * {@return an engine for the server's side of one connection} It answers {@code http/1.1} to a client that offers
     * it, and refuses one that offers protocols without it (RFC 7301 §3.2). Client certificates are asked for as the
     * parameters say.
     *
     * @param given what {@link #checked} returned; null for the context's own
     */
    public static SSLEngine server(SSLContext context, @Nullable SSLParameters given) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = modernParameters(engine, given);
        if (given == null) {
            parameters.setUseCipherSuitesOrder(true);
        }
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** {@return a server's engine with the context's own parameters} */
    public static SSLEngine server(SSLContext context) {
        return server(context, null);
    }

    /**
     * {@return a copy of what somebody sets up TLS with, which later changes do not reach}
     *
     * @throws IllegalArgumentException if the provider takes them not, or they have neither TLS 1.2 nor TLS 1.3
     * @throws IllegalStateException if the context is not initialised
     */
    public static SSLParameters checked(SSLContext context, SSLParameters given, boolean client) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(client);
        engine.setSSLParameters(given);
        SSLParameters copy = engine.getSSLParameters();
        if (MODERN.stream().noneMatch(List.of(copy.getProtocols())::contains)) {
            throw new IllegalArgumentException(
                    "protocols must have " + String.join(" or ", MODERN) + ": " + List.of(copy.getProtocols()));
        }
        return copy;
    }

    /**
     * {@return an engine for the client's side of one connection} It fails the handshake unless the certificate names
     * the host by the rules of HTTPS (RFC 9110 §4.3.4), whichever trust manager the context has, as long as that one is
     * a plain {@link javax.net.ssl.X509TrustManager} or the platform's: a caller's own {@code X509ExtendedTrustManager}
     * does the check itself.
     *
     * @param host the name or IP address as the URI has it; IPv6 with or without brackets
     */
    public static SSLEngine client(SSLContext context, String host, int port) {
        return client(context, null, host, port);
    }

    /** {@return the same with parameters that {@link #checked} returned; null for the context's own} */
    public static SSLEngine client(SSLContext context, @Nullable SSLParameters given, String host, int port) {
        return client(context, given, host, port, "HTTPS");
    }

    /**
     * {@return an engine like {@link #client(SSLContext, String, int)} that takes a certificate for any host} Whoever
     * holds any certificate that the context trusts can then be in the middle.
     */
    public static SSLEngine clientWithInsecureHostCheck(
            SSLContext context, @Nullable SSLParameters given, String host, int port) {
        return client(context, given, host, port, "");
    }

    private static SSLEngine client(
            SSLContext context, @Nullable SSLParameters given, String host, int port, String identification) {
        String name = checkedName(host);
        SSLEngine engine = context.createSSLEngine(name, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = modernParameters(engine, given);
        parameters.setEndpointIdentificationAlgorithm(isUnusual(name) ? "" : identification);
        parameters.setServerNames(serverNames(name));
        engine.setSSLParameters(parameters);
        return engine;
    }

    /**
     * Checks what the engine of {@link #client(SSLContext, String, int)} could not: the certificate of a host whose
     * name the JDK takes for none, such as one with an underscore. To be called before anything is sent.
     *
     * @throws SSLPeerUnverifiedException if the certificate names another host
     */
    public static void requireHost(SSLSession session, String host) throws SSLPeerUnverifiedException {
        String name = checkedName(host);
        if (!isUnusual(name) || session.getValue(ANY_HOST) != null) {
            return;
        }
        Certificate shown = session.getPeerCertificates()[0];
        if (!(shown instanceof X509Certificate certificate) || !CertificateNames.name(certificate, name)) {
            throw new SSLPeerUnverifiedException("no subject alternative DNS name of the certificate matches " + name);
        }
    }

    /** Called by a trust manager during the handshake: any host's certificate will do, whatever the host's name. */
    public static void trustAnyHost(SSLEngine engine) {
        SSLSession session = engine.getHandshakeSession();
        if (session != null) {
            session.putValue(ANY_HOST, true);
        }
    }

    /** Does the work that an engine leaves to its caller's thread. */
    static void runTasks(SSLEngine engine) {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private static SSLParameters modernParameters(SSLEngine engine, @Nullable SSLParameters given) {
        if (given != null) {
            engine.setSSLParameters(given);
        }
        List<String> known = List.of(given == null ? engine.getSupportedProtocols() : engine.getEnabledProtocols());
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(MODERN.stream().filter(known::contains).toArray(String[]::new));
        parameters.setApplicationProtocols(new String[] {HTTP_1_1});
        return parameters;
    }

    /** The brackets of a URI, a zone and a root dot are no part of what a certificate names. */
    private static String checkedName(String host) {
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        int zone = host.indexOf('%');
        if (zone >= 0) {
            host = host.substring(0, zone);
        }
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }

    /** RFC 6066 §3: a name without its trailing dot; never an address. */
    private static List<SNIServerName> serverNames(String name) {
        if (isAddress(name)) {
            return List.of();
        }
        if (isUnusual(name)) {
            return List.of(new UnusualName(name));
        }
        try {
            return List.of(new SNIHostName(name));
        } catch (IllegalArgumentException _) {
            return List.of(); // No name at all: the platform's check refuses whatever is shown for it.
        }
    }

    /**
     * A name as it stands, where the JDK's class for it demands letters, digits and hyphens (RFC 1123 §2.1).
     * Servers that speak TLS by the JDK refuse it; all others that know the name take it.
     */
    private static final class UnusualName extends SNIServerName {
        private UnusualName(String name) {
            super(StandardConstants.SNI_HOST_NAME, name.getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** {@return whether it is a name that can be looked up and named by certificates, but not for the JDK} */
    private static boolean isUnusual(String name) {
        if (isAddress(name) || !Authority.isValid(name)) {
            return false;
        }
        try {
            SNIHostName _ = new SNIHostName(name);
            return false;
        } catch (IllegalArgumentException _) {
            return true;
        }
    }

    private static boolean isAddress(String name) {
        try {
            InetAddress _ = InetAddress.ofLiteral(name);
            return true;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }
}
