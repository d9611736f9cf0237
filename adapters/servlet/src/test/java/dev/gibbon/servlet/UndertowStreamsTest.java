// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.testkit.host.Ability;
import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.Servlet;
import java.net.InetSocketAddress;
import java.util.Map;

/** A container without an adapter: the streams of servlets. */
class UndertowStreamsTest extends HostSuite {
    @Override
    protected Map<Ability, String> cannot() {
        return Map.of(
                Ability.HOST_STOPS_FIRST,
                "Undertow that stops tells an upgraded servlet nothing, and its streams do not end");
    }

    @Override
    protected RunningHost start(Site site) throws Exception {
        Servlet servlet = new SuiteServlet(site, GibbonServlets.of(site.host(), site.upgrader()));
        DeploymentInfo deployment = Servlets.deployment()
                .setClassLoader(UndertowStreamsTest.class.getClassLoader())
                .setContextPath("/")
                .setDeploymentName("suite")
                .addServlet(Servlets.servlet("suite", SuiteServlet.class, new ImmediateInstanceFactory<>(servlet))
                        .addMapping("/*"));
        DeploymentManager manager = Servlets.newContainer().addDeployment(deployment);
        manager.deploy();
        Undertow.Builder builder = Undertow.builder().setHandler(manager.start());
        site.tls()
                .ifPresentOrElse(
                        tls -> builder.addHttpsListener(0, "127.0.0.1", tls.context()),
                        () -> builder.addHttpListener(0, "127.0.0.1"));
        site.idle().ifPresent(idle -> {
            int millis = (int) idle.toMillis();
            var _ = builder.setServerOption(UndertowOptions.IDLE_TIMEOUT, millis)
                    .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, millis);
        });
        Undertow server = builder.build();
        server.start();
        int port = ((InetSocketAddress) server.getListenerInfo().getFirst().getAddress()).getPort();
        return new RunningHost() {
            @Override
            public int port() {
                return port;
            }

            @Override
            public void close() throws Exception {
                server.stop();
                manager.stop();
                manager.undeploy();
            }
        };
    }
}
