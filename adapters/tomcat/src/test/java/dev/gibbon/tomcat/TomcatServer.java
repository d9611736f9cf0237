// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import dev.gibbon.testkit.host.TlsFiles;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;

/** An embedded Tomcat that serves a site of the suite. */
final class TomcatServer implements RunningHost {
    static final String NIO = "org.apache.coyote.http11.Http11NioProtocol";
    static final String NIO2 = "org.apache.coyote.http11.Http11Nio2Protocol";

    /** What a servlet does with a request. */
    @FunctionalInterface
    interface Answer {
        void answer(HttpServletRequest request, HttpServletResponse response) throws IOException;
    }

    private final Tomcat tomcat = new Tomcat();
    private final Connector connector;
    private final Context context;

    TomcatServer(String protocol, Path directory) {
        tomcat.setBaseDir(directory.toString());
        tomcat.setSilent(true);
        connector = new Connector(protocol);
        connector.setPort(0);
        set("address", "127.0.0.1");
        tomcat.setConnector(connector);
        context = tomcat.addContext("", directory.toString());
    }

    static TomcatServer serve(Site site, String protocol, Path directory, Consumer<TomcatServer> also)
            throws LifecycleException {
        TomcatServer server = new TomcatServer(protocol, directory);
        GibbonTomcat gibbon = GibbonTomcat.of(site.host(), site.upgrader());
        site.handlers().forEach((path, handler) -> server.on(path, (q, r) -> gibbon.upgrade(q, r, handler)));
        site.listeners().forEach((path, listener) -> server.on(path, (q, r) -> gibbon.upgrade(q, r, listener)));
        server.on(
                "/room/*",
                (q, r) -> gibbon.upgrade(q, r, site.room().apply(q.getPathInfo().substring(1))));
        server.on("/plain", (_, r) -> r.getWriter().print("plain"));
        site.tls().ifPresent(server::speakTls);
        site.idle().ifPresent(server::timeOutAfter);
        also.accept(server);
        return server.start();
    }

    void on(String pattern, Answer answer) {
        HttpServlet servlet = new HttpServlet() {
            private static final long serialVersionUID = 1L;

            @Override
            protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
                answer.answer(request, response);
            }
        };
        Tomcat.addServlet(context, pattern, servlet).addMapping(pattern);
    }

    void set(String name, String value) {
        if (!connector.setProperty(name, value)) {
            throw new IllegalArgumentException("no property of the connector: " + name);
        }
    }

    Context context() {
        return context;
    }

    Connector connector() {
        return connector;
    }

    private void timeOutAfter(Duration idle) {
        String millis = String.valueOf(idle.toMillis());
        set("connectionTimeout", millis);
        set("keepAliveTimeout", millis);
        connector.setAsyncTimeout(idle.toMillis());
    }

    void speakTls(TlsFiles files) {
        SSLHostConfig host = new SSLHostConfig();
        SSLHostConfigCertificate key = new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.EC);
        key.setCertificateKeystoreFile(files.keyStore().toString());
        key.setCertificateKeystorePassword(files.password());
        host.addCertificate(key);
        connector.addSslHostConfig(host);
        connector.setSecure(true);
        connector.setScheme("https");
        set("SSLEnabled", "true");
    }

    TomcatServer start() throws LifecycleException {
        connector.setThrowOnFailure(true);
        tomcat.start();
        return this;
    }

    @Override
    public int port() {
        return connector.getLocalPort();
    }

    void stop() throws LifecycleException {
        tomcat.stop();
    }

    @Override
    public void close() throws LifecycleException {
        if (tomcat.getServer().getState().isAvailable()) {
            stop();
        }
        tomcat.destroy();
    }
}
