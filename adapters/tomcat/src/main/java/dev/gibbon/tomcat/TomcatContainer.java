// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.servlet.ServletContainer;
import dev.gibbon.tomcat.internal.Unopened;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.RequestFacade;

/** Tomcat behind {@link dev.gibbon.servlet.GibbonServlets}. */
public final class TomcatContainer implements ServletContainer {
    /** Of all hosts: the loader of services makes one container for all of them. */
    private final Unopened unopened = new Unopened();

    /** For {@link java.util.ServiceLoader}. */
    public TomcatContainer() {}

    @Override
    public boolean received(HttpServletRequest request) {
        return request instanceof RequestFacade || request instanceof Request;
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            ConnectionHandler handler)
            throws IOException {
        boolean _ = new GibbonTomcat(host, upgrader, unopened).upgrade(request, response, handler);
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Listener listener)
            throws IOException {
        boolean _ = new GibbonTomcat(host, upgrader, unopened).upgrade(request, response, listener);
    }
}
