// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.FilterInfo;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.Servlet;
import jakarta.servlet.ServletException;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Undertow with a servlet for all paths, on a free port of 127.0.0.1. */
final class UndertowServer implements RunningHost {
    private static final String ADDRESS = "127.0.0.1";

    private final DeploymentManager manager;
    private final Undertow undertow;

    private UndertowServer(DeploymentManager manager, Undertow undertow) {
        this.manager = manager;
        this.undertow = undertow;
    }

    /** Starts a site of the suite, whose requests have come through a filter if there is one. */
    static UndertowServer start(Site site, GibbonServlets gibbon, Optional<Filter> filter) throws ServletException {
        Undertow.Builder builder = Undertow.builder();
        Undertow.Builder _ = site.tls()
                .map(tls -> builder.addHttpsListener(0, ADDRESS, tls.context()))
                .orElseGet(() -> builder.addHttpListener(0, ADDRESS));
        site.idle().ifPresent(idle -> {
            int millis = Math.toIntExact(idle.toMillis());
            Undertow.Builder _ = builder.setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, millis);
        });
        return start(builder, new SuiteServlet(site, gibbon), filter);
    }

    /** Starts what was set up, with that servlet. */
    static UndertowServer start(Undertow.Builder builder, Servlet servlet, Optional<Filter> filter)
            throws ServletException {
        DeploymentInfo deployment = Servlets.deployment()
                .setClassLoader(UndertowServer.class.getClassLoader())
                .setContextPath("/")
                .setDeploymentName("test")
                .addServlet(Servlets.servlet("test", servlet.getClass(), new ImmediateInstanceFactory<>(servlet))
                        .addMapping("/*"));
        filter.ifPresent(one -> {
            FilterInfo info = new FilterInfo("filter", one.getClass(), new ImmediateInstanceFactory<>(one));
            DeploymentInfo _ = deployment.addFilter(info).addFilterUrlMapping("filter", "/*", DispatcherType.REQUEST);
        });
        DeploymentManager manager = Servlets.newContainer().addDeployment(deployment);
        manager.deploy();
        Undertow undertow = builder.setIoThreads(2)
                .setWorkerThreads(4)
                .setHandler(manager.start())
                .build();
        undertow.start();
        return new UndertowServer(manager, undertow);
    }

    @Override
    public int port() {
        return ((InetSocketAddress) undertow.getListenerInfo().getFirst().getAddress()).getPort();
    }

    @Override
    public void close() throws ServletException {
        undertow.stop();
        manager.stop();
        manager.undeploy();
    }
}
