// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Allowance;
import dev.gibbon.CloseCode;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Message;
import dev.gibbon.MessageRate;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PemTls;
import dev.gibbon.TrustedProxies;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gibbon serve}: an echo server and a page to try it from, until it is told to stop. */
@Command(
        name = "serve",
        description = {
            "Starts an echo server and a page to try it from.",
            "",
            "Open the page at / in a browser, or point any WebSocket client at /echo: what it sends comes back. "
                    + "Ctrl-C closes every connection with 1001 and ends; a second one ends at once.",
            ""
        },
        optionListHeading = "Options:%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        usageHelpAutoWidth = true,
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            " 0:stopped by Ctrl-C or SIGTERM",
            " 1:cannot serve: a port in use, an unreadable key, ...",
            " 2:the command line makes no sense"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  gibbon serve --verbose",
            "  gibbon serve --host 0.0.0.0 --port 8443 --tls cert.pem key.pem",
            "  gibbon serve --unix /tmp/gibbon.sock --max-message 1MiB"
        })
final class ServeCommand implements Callable<Integer> {
    private static final String DEFAULT_HOST = "localhost";
    private static final int DEFAULT_PORT = 8080;
    private static final String ANY = "*";
    private static final int MAX_PORT = 65_535;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = {
                "Address or name to listen on; localhost unless given.",
                "0.0.0.0 lets other machines connect."
            })
    private @Nullable String host;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "Port to listen on; 8080 unless given, 0 for any that is free.")
    private @Nullable Integer port;

    @Option(
            names = "--unix",
            paramLabel = "PATH",
            description = "Listen on this Unix-domain socket, and on TCP only if --host or --port is given too.")
    private @Nullable Path unix;

    @Option(
            names = "--tls",
            arity = "2",
            paramLabel = "CERT KEY",
            hideParamSyntax = true,
            description = {
                "Speak TLS with the certificate chain and the key in these two PEM files.",
                "The key is not encrypted. Files that change are read again, for new connections."
            })
    private List<Path> tls = List.of();

    @Option(
            names = "--allow-origin",
            paramLabel = "ORIGIN",
            description = {
                "Let pages of this origin connect too; may be repeated.",
                "For example https://example.org.",
                "* lets every page connect. Unless given, only the server's own page may."
            })
    private List<String> allowedOrigins = List.of();

    @Option(
            names = "--subprotocol",
            paramLabel = "NAME",
            description = {
                "Speak this subprotocol; may be repeated. Of a client's, the first that is among them is taken.",
                "* takes what the client offers first."
            })
    private List<String> subprotocols = List.of();

    @Option(
            names = "--max-message",
            paramLabel = "SIZE",
            defaultValue = "64MiB",
            converter = ByteSize.Converter.class,
            description = "Longest message to accept, such as 512, 64k or 1MiB; ${DEFAULT-VALUE} unless given.")
    private ByteSize maxMessage = new ByteSize(64 << 20);

    @Option(
            names = "--loops",
            paramLabel = "N",
            description = "Event loops that serve /echo/event; one per core unless given.")
    private @Nullable Integer loops;

    @Option(
            names = "--ping",
            paramLabel = "TIME",
            defaultValue = "25s",
            converter = TimeSpan.Converter.class,
            description = "Time between Pings; ${DEFAULT-VALUE} unless given, 0 for none.")
    private TimeSpan ping = new TimeSpan(Duration.ofSeconds(25));

    @Option(
            names = "--trusted-proxy",
            paramLabel = "RANGE",
            description = {
                "Take the word of proxies with these addresses for whom a request is from (Forwarded, X-Forwarded-For, "
                        + "-Proto, -Host); may be repeated.",
                "For example 127.0.0.1, 10.0.0.0/8, or unix: for all who connect to a Unix-domain socket."
            })
    private List<String> trustedProxies = List.of();

    @Option(
            names = "--proxy-protocol",
            description = "Have these proxies begin with a header of the PROXY protocol, version 1 or 2.")
    private boolean proxyProtocol;

    @Option(
            names = "--max-per-address",
            paramLabel = "N",
            description = {
                "Connections that one address may have open; unlimited unless given.",
                "Behind a trusted proxy it is the client's; an IPv6 address counts by its first 64 bits."
            })
    private @Nullable Integer maxPerAddress;

    @Option(
            names = "--message-rate",
            paramLabel = "N",
            description = "Messages a second that are read of one connection; unlimited unless given. More wait.")
    private @Nullable Integer messageRate;

    @Option(
            names = "--drain",
            paramLabel = "TIME",
            defaultValue = "0s",
            converter = TimeSpan.Converter.class,
            description = {
                "Spread the end over this time, such as 30s: at Ctrl-C or SIGTERM connections close one after the "
                        + "other, new ones get 503, and the page is still served. ${DEFAULT-VALUE} unless given."
            })
    private TimeSpan drain = new TimeSpan(Duration.ZERO);

    @Option(names = "--no-deflate", description = "Decline compression (permessage-deflate, RFC 7692).")
    private boolean noDeflate;

    @Option(
            names = "--verbose",
            description = {
                "Print a line `recv: ...` for each message: its start, escaped; "
                        + "and a line `refused: ...` for each client that broke a rule."
            })
    private boolean verbose;

    @Option(
            names = "--access-log",
            description = "Print a line for each connection that is opened, refused or closed: its number, peer, path "
                    + "and subprotocol; and in the end duration, messages, bytes and close code.")
    private boolean accessLog;

    @Override
    public Integer call() throws CommandFailedException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        try (LoggedLines _ = verbose ? LoggedLines.refusals(out::println) : null;
                LoggedLines _ = accessLog ? LoggedLines.accesses(out::println) : null;
                WebSocketServer server = start(out::println)) {
            announce(server, out);
            server.runUntilStopped(CloseCode.GOING_AWAY, drain.duration());
        }
        return ended();
    }

    /** A signal has ended the server. The JVM ends already, with a status that only a halt changes. */
    private int ended() {
        spec.commandLine().getOut().flush();
        spec.commandLine().getErr().flush();
        Runtime.getRuntime().halt(Main.OK);
        return Main.OK;
    }

    /** Starts the server that the options describe; the lines are those of {@code --verbose}. */
    WebSocketServer start(Consumer<String> lines) throws CommandFailedException {
        // Who tries things on an echo server is to learn what was wrong with them.
        WebSocketServer.Builder server = WebSocketServer.builder().explainRefusals(true);
        if (accessLog) {
            server.observe(ConnectionObserver.accessLog());
        }
        @Nullable Consumer<Message> received = verbose ? EchoServer.showing(lines) : null;
        given("--loops", loops, server::loops);
        given(
                "--max-per-address",
                maxPerAddress,
                most -> server.limitPerAddress(
                        Allowance.builder().connections(most).build()));
        EchoServer.addTo(server, upgrades(), connections(), !noDeflate, received);
        if (!trustedProxies.isEmpty()) {
            server.trustedProxies(proxies());
        }
        if (isTls()) {
            server.tls(reloading(tls.get(0), tls.get(1)));
        }
        bindTcp(server);
        if (unix != null) {
            server.bindUnix(unix);
        }
        try {
            return server.start();
        } catch (IOException e) {
            throw new CommandFailedException(cannotListen(e), e);
        }
    }

    private static Supplier<SSLContext> reloading(Path certificates, Path key) throws CommandFailedException {
        try {
            return PemTls.reloading(certificates, key);
        } catch (IOException e) {
            throw new CommandFailedException(String.valueOf(e.getMessage()), e);
        }
    }

    private ConnectionOptions.Builder connections() {
        ConnectionOptions.Builder options = ConnectionOptions.builder().maxMessageBytes(maxMessage.bytes());
        return ping.duration().isZero() ? options.noKeepalive() : options.keepalive(ping.duration());
    }

    private TrustedProxies proxies() {
        try {
            return TrustedProxies.builder()
                    .ranges(trustedProxies.toArray(new String[0]))
                    .proxyProtocol(proxyProtocol)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--trusted-proxy: " + e.getMessage(), e);
        }
    }

    /** Who may connect, and which subprotocols are spoken. */
    private Upgrader.Builder upgrades() {
        List<String> named = subprotocols.stream()
                .filter(name -> !name.equals(ANY))
                .distinct()
                .toList();
        Upgrader.Builder settings = Upgrader.builder().origins(origins()).anySubprotocol(subprotocols.contains(ANY));
        given("--message-rate", messageRate, rate -> settings.messageRate(MessageRate.perSecond(rate)));
        try {
            return settings.subprotocols(named.toArray(new String[0]));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--subprotocol: " + e.getMessage(), e);
        }
    }

    /** Has an option's value set, if it was given, and says whose it is if it is out of range. */
    private void given(String option, @Nullable Integer value, IntConsumer setting) {
        if (value != null) {
            try {
                setting.accept(value);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), option + ": " + e.getMessage(), e);
            }
        }
    }

    private OriginPolicy origins() {
        try {
            return OriginPolicy.sameOrigin().or(OriginPolicy.allow(allowedOrigins.toArray(new String[0])));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--allow-origin: " + e.getMessage(), e);
        }
    }

    private void bindTcp(WebSocketServer.Builder server) {
        if (!isTcp()) {
            return;
        }
        if (port() < 0 || port() > MAX_PORT) {
            throw new ParameterException(spec.commandLine(), "--port: " + port() + " is not between 0 and " + MAX_PORT);
        }
        if (new InetSocketAddress(host(), port()).isUnresolved()) {
            throw new ParameterException(spec.commandLine(), "--host: no address is known for " + host());
        }
        server.bind(host(), port());
    }

    private String cannotListen(IOException e) {
        boolean inUse =
                e instanceof BindException && String.valueOf(e.getMessage()).contains("in use");
        if (inUse && isTcp()) {
            return "port " + port() + " of " + host()
                    + " is in use; choose another with --port, or 0 for any that is free";
        }
        return String.valueOf(e.getMessage());
    }

    void announce(WebSocketServer server, PrintWriter out) {
        String http = isTls() ? "https" : "http";
        String ws = isTls() ? "wss" : "ws";
        Set<String> lines = new LinkedHashSet<>(); // localhost is two addresses and one name.
        for (SocketAddress address : server.addresses()) {
            switch (address) {
                case InetSocketAddress tcp -> {
                    String authority = authority(tcp);
                    lines.add("page  " + http + "://" + authority + "/");
                    lines.add("echo  " + ws + "://" + authority + "/echo");
                }
                default -> lines.add("unix  " + address + (isTls() ? " (TLS)" : ""));
            }
        }
        lines.forEach(out::println);
        out.println("Messages up to " + maxMessage + ". Ctrl-C ends it.");
        out.flush();
    }

    /** What to type to get there: the host as it was given, in brackets if it is an IPv6 address. */
    private String authority(InetSocketAddress address) {
        String name = address.getAddress().isAnyLocalAddress() ? DEFAULT_HOST : host();
        return (name.contains(":") && !name.startsWith("[") ? "[" + name + "]" : name) + ":" + address.getPort();
    }

    private boolean isTls() {
        return !tls.isEmpty();
    }

    private boolean isTcp() {
        return unix == null || host != null || port != null;
    }

    private String host() {
        String given = host;
        return given == null ? DEFAULT_HOST : given;
    }

    private int port() {
        Integer given = port;
        return given == null ? DEFAULT_PORT : given;
    }
}
