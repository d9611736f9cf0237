// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import dev.gibbon.testkit.host.TlsFiles;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** Jetty on a free port of 127.0.0.1, with TLS if its site has a key. */
final class JettyServer implements RunningHost {
    private final Server server = new Server();
    private final boolean http2;
    private final ServerConnector connector;

    private JettyServer(Site site, boolean http2) throws Exception {
        this.http2 = http2;
        connector = site.tls().map(this::overTls).orElseGet(this::plain);
        connector.setHost("127.0.0.1");
        site.idle().ifPresent(idle -> connector.setIdleTimeout(idle.toMillis()));
        server.addConnector(connector);
        server.setHandler(handler(site));
        server.start();
    }

    /** {@return one that speaks HTTP/1.1 alone} */
    static JettyServer http1(Site site) throws Exception {
        return new JettyServer(site, false);
    }

    /** {@return one that speaks HTTP/2, too} */
    static JettyServer http2(Site site) throws Exception {
        return new JettyServer(site, true);
    }

    private ServerConnector plain() {
        HttpConfiguration http = new HttpConfiguration();
        HttpConnectionFactory http1 = new HttpConnectionFactory(http);
        return http2
                ? new ServerConnector(server, http1, new HTTP2CServerConnectionFactory(http))
                : new ServerConnector(server, http1);
    }

    private ServerConnector overTls(TlsFiles tls) {
        HttpConfiguration http = new HttpConfiguration();
        http.addCustomizer(new SecureRequestCustomizer());
        SslContextFactory.Server context = new SslContextFactory.Server();
        context.setKeyStorePath(tls.keyStore().toString());
        context.setKeyStorePassword(tls.password());
        HttpConnectionFactory http1 = new HttpConnectionFactory(http);
        if (!http2) {
            return new ServerConnector(server, new SslConnectionFactory(context, http1.getProtocol()), http1);
        }
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(http1.getProtocol());
        return new ServerConnector(
                server,
                new SslConnectionFactory(context, alpn.getProtocol()),
                alpn,
                new HTTP2ServerConnectionFactory(http),
                http1);
    }

    private static GibbonHandler handler(Site site) {
        GibbonHandler gibbon = new GibbonHandler(site.host());
        site.handlers().forEach((path, handler) -> gibbon.serve(path, site.upgrader(), handler));
        site.listeners().forEach((path, listener) -> gibbon.listen(path, site.upgrader(), listener));
        gibbon.serve("/room/{name}", site.upgrader(), (_, path) -> site.room().apply(path.get("name")));
        gibbon.setHandler(new Plain());
        return gibbon;
    }

    @Override
    public int port() {
        return connector.getLocalPort();
    }

    /** {@return how many connections of TCP there are} */
    int sockets() {
        return connector.getConnectedEndPoints().size();
    }

    @Override
    public void close() throws Exception {
        server.stop();
    }

    /** What Jetty answers itself. */
    private static final class Plain extends Handler.Abstract.NonBlocking {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            boolean here = Request.getPathInContext(request).equals("/plain");
            if (here) {
                Content.Sink.write(response, true, "plain", callback);
            }
            return here;
        }
    }
}
