// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.internal;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** TLS engines set up for HTTP/1.1 and WebSockets: TLS 1.2 and 1.3 alone, ALPN {@code http/1.1}, host names checked. */
public final class TlsEngines {
    private static final String HTTP_1_1 = "http/1.1";

    private TlsEngines() {}

    /**
     * {@return an engine for the server's side of one connection} It answers {@code http/1.1} to a client that offers
     * it, and refuses one that offers protocols without it (RFC 7301 §3.2). Client certificates are asked for as the
     * context's default parameters say.
     */
    public static SSLEngine server(SSLContext context) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = modernParameters(engine);
        parameters.setUseCipherSuitesOrder(true);
        engine.setSSLParameters(parameters);
        return engine;
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
        return client(context, host, port, "HTTPS");
    }

    /**
     * {@return an engine like {@link #client(SSLContext, String, int)} that takes a certificate for any host} Whoever
     * holds any certificate that the context trusts can then be in the middle.
     */
    public static SSLEngine clientWithInsecureHostCheck(SSLContext context, String host, int port) {
        return client(context, host, port, "");
    }

    private static SSLEngine client(SSLContext context, String host, int port, String identification) {
        String name = checkedName(host);
        SSLEngine engine = context.createSSLEngine(name, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = modernParameters(engine);
        parameters.setEndpointIdentificationAlgorithm(identification);
        parameters.setServerNames(serverNames(name));
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** Does the work that an engine leaves to its caller's thread. */
    static void runTasks(SSLEngine engine) {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private static SSLParameters modernParameters(SSLEngine engine) {
        List<String> supported = List.of(engine.getSupportedProtocols());
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(
                Stream.of("TLSv1.3", "TLSv1.2").filter(supported::contains).toArray(String[]::new));
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
        try {
            return List.of(new SNIHostName(name));
        } catch (IllegalArgumentException _) {
            return List
                    .of(); // Resolvable perhaps, such as one with an underscore, but nothing the extension can carry.
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
