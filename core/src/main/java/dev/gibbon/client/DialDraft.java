// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.AuthenticationHandler;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Connector;
import dev.gibbon.Dialer;
import dev.gibbon.Headers;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.ProxyPolicy;
import dev.gibbon.TimeSource;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.support.SystemTimeSource;
import java.net.CookieHandler;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Dialer.Builder} has been told so far, each value checked by it. Not safe for use by several
 * threads.
 */
public final class DialDraft {
    public Duration handshakeTimeout = Duration.ofSeconds(45);
    public List<String> subprotocols = List.of();
    public boolean requireSubprotocol;
    public Headers headers = Headers.of();
    public List<String> secretHeaders = List.of();
    public ConnectionOptions options = ConnectionOptions.defaults();

    public @Nullable SSLContext tls;

    public @Nullable SSLParameters tlsParameters;

    public @Nullable String tlsServerName;

    public boolean insecureHostCheck;

    public @Nullable CookieHandler cookies;

    public int maxRedirects;

    public @Nullable AuthenticationHandler authentication;

    public @Nullable ProxyPolicy proxies;

    public @Nullable Connector connector;

    public @Nullable Path unixSocket;

    public @Nullable InetAddress localAddress;

    public Resolver resolver = Resolver.system();
    public OptionalInt maxHeadBytes = OptionalInt.empty();
    public int maxHeaderCount = HeadLimits.DEFAULT.fields();
    public int maxBodyBytes = 64 * 1024;
    public int loops = LoopEngine.DEFAULT_LOOPS;

    public @Nullable PermessageDeflate deflate;

    public final List<ConnectionObserver> observers = new ArrayList<>();

    public TimeSource time = new SystemTimeSource();
}
