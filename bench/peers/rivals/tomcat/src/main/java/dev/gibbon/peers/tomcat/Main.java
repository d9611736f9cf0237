// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.tomcat;

import dev.gibbon.peers.common.Settings;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Endpoint;
import jakarta.websocket.Extension;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;
import org.apache.tomcat.websocket.server.WsSci;

/** Embedded Tomcat with its NIO connector and worker threads as by default: {@code Main DIRECTORY PORT [CERT KEY]}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        String work = Path.of(args[0]).toAbsolutePath().toString();
        Files.createDirectories(Path.of(work));
        Settings settings = Settings.of(Arrays.copyOfRange(args, 1, args.length));
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(work);
        tomcat.setConnector(connector(settings));
        Context context = tomcat.addContext("", work);
        // Without a servlet a request ends before it comes to the filter that upgrades it.
        Tomcat.addServlet(context, "default", new DefaultServlet());
        context.addServletMappingDecoded("/", "default");
        context.addServletContainerInitializer(new WsSci(), Set.of());
        context.addServletContainerInitializer((_, servlets) -> addEndpoints(servlets, settings), Set.of());
        tomcat.start();
        Settings.ready();
        tomcat.getServer().await();
    }

    private static Connector connector(Settings settings) {
        Connector connector = new Connector();
        connector.setPort(settings.port());
        connector.setProperty("address", "0.0.0.0");
        connector.setProperty("maxConnections", "-1");
        connector.setProperty("acceptCount", Integer.toString(Settings.BACKLOG));
        settings.tls().ifPresent(pem -> {
            SSLHostConfig host = new SSLHostConfig();
            host.setProtocols("TLSv1.2+TLSv1.3");
            SSLHostConfigCertificate certificate =
                    new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
            certificate.setCertificateFile(pem.certificate().toAbsolutePath().toString());
            certificate.setCertificateKeyFile(pem.key().toAbsolutePath().toString());
            host.addCertificate(certificate);
            connector.setScheme("https");
            connector.setSecure(true);
            connector.setProperty("SSLEnabled", "true");
            connector.setProperty("sslImplementationName", "org.apache.tomcat.util.net.jsse.JSSEImplementation");
            connector.addSslHostConfig(host);
        });
        return connector;
    }

    private static void addEndpoints(ServletContext servlets, Settings settings) throws ServletException {
        ServerContainer container = (ServerContainer) servlets.getAttribute(ServerContainer.class.getName());
        try {
            container.addEndpoint(config(new Echo(), "/echo", settings));
            container.addEndpoint(config(new Broadcast(), "/broadcast", settings));
        } catch (DeploymentException e) {
            throw new ServletException(e);
        }
    }

    private static ServerEndpointConfig config(Endpoint endpoint, String path, Settings settings) {
        return ServerEndpointConfig.Builder.create(endpoint.getClass(), path)
                .configurator(new ServerEndpointConfig.Configurator() {
                    @Override
                    public <T> T getEndpointInstance(Class<T> type) {
                        return type.cast(endpoint);
                    }

                    @Override
                    public List<Extension> getNegotiatedExtensions(List<Extension> installed, List<Extension> asked) {
                        return settings.deflate() ? super.getNegotiatedExtensions(installed, asked) : List.of();
                    }
                })
                .build();
    }
}
