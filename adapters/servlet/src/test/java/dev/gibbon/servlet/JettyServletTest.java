// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;

class JettyServletTest extends HostSuite {
    @Override
    protected RunningHost start(Site site) throws Exception {
        Server server = new Server();
        HttpConfiguration http = new HttpConfiguration();
        http.addCustomizer(new SecureRequestCustomizer());
        HttpConnectionFactory http1 = new HttpConnectionFactory(http);
        ServerConnector connector = site.tls()
                .map(tls -> {
                    SslContextFactory.Server keys = new SslContextFactory.Server();
                    keys.setKeyStorePath(tls.keyStore().toString());
                    keys.setKeyStorePassword(tls.password());
                    return new ServerConnector(server, keys, http1);
                })
                .orElseGet(() -> new ServerConnector(server, http1));
        connector.setHost("127.0.0.1");
        site.idle().ifPresent(idle -> connector.setIdleTimeout(idle.toMillis()));
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(
                new ServletHolder(new SuiteServlet(site, GibbonServlets.of(site.host(), site.upgrader()))), "/*");
        server.setHandler(context);
        server.start();
        return new RunningHost() {
            @Override
            public int port() {
                return connector.getLocalPort();
            }

            @Override
            public void close() throws Exception {
                server.stop();
            }
        };
    }
}
