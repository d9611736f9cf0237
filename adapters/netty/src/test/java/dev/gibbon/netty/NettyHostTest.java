// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/** Netty with HTTP/1.1. */
class NettyHostTest extends HostSuite {
    private static final NettyServer.Plain PLAIN = new NettyServer.Plain();

    @Override
    protected RunningHost start(Site site) throws InterruptedException {
        GibbonNetty gibbon = routes(site);
        return new NettyServer(channel -> setUp(channel, site, gibbon));
    }

    static GibbonNetty routes(Site site) {
        GibbonNetty.Builder routes = GibbonNetty.builder(site.host())
                .handle(
                        "/room/{name}",
                        request -> request.serve(site.upgrader(), site.room().apply(request.pathParameter("name"))));
        site.handlers().forEach((path, handler) -> routes.serve(path, site.upgrader(), handler));
        site.listeners().forEach((path, listener) -> routes.listen(path, site.upgrader(), listener));
        return routes.build();
    }

    private static void setUp(SocketChannel channel, Site site, GibbonNetty gibbon) {
        site.tls().ifPresent(tls -> channel.pipeline().addLast(new SslHandler(engine(tls.context()))));
        channel.pipeline().addLast(new HttpServerCodec());
        site.idle()
                .ifPresent(idle ->
                        channel.pipeline().addLast(new ReadTimeoutHandler(idle.toMillis(), TimeUnit.MILLISECONDS)));
        channel.pipeline().addLast(gibbon.http1(), new HttpObjectAggregator(64 * 1024), PLAIN);
    }

    static SSLEngine engine(SSLContext context) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        return engine;
    }
}
