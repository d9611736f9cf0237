// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.testkit.host.Site;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** A site of the suite, as one servlet for all paths. */
final class SuiteServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;
    private static final String ROOM = "/room/";

    private final transient Site site;
    private final transient GibbonServlets gibbon;

    SuiteServlet(Site site, GibbonServlets gibbon) {
        this.site = site;
        this.gibbon = gibbon;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getServletPath() + (request.getPathInfo() == null ? "" : request.getPathInfo());
        ConnectionHandler handler = path.startsWith(ROOM)
                ? site.room().apply(path.substring(ROOM.length()))
                : site.handlers().get(path);
        Listener listener = site.listeners().get(path);
        if (handler != null) {
            gibbon.upgrade(request, response, handler);
        } else if (listener != null) {
            gibbon.upgrade(request, response, listener);
        } else if (path.equals("/plain")) {
            response.getWriter().write("plain");
        } else {
            response.sendError(HttpServletResponse.SC_NOT_FOUND);
        }
    }
}
