// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.Headers;
import dev.gibbon.ProxyAddress;
import dev.gibbon.ProxyPolicy;
import java.io.Console;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Where to connect to and how: what a command that opens connections takes. */
final class DialOptions {
    /** As in {@link EchoServer}: who tries things out wants to see them. */
    private static final int MAX_FRAGMENTS = 1 << 20;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "URL",
            description = "ws://host:port/path or wss://...; ws:// may be left out, http and https stand for them.")
    private String url = "";

    @Option(
            names = {"-H", "--header"},
            paramLabel = "'NAME: VALUE'",
            description = "Add a header to the request; may be repeated.")
    private List<String> headerLines = List.of();

    @Option(names = "--origin", paramLabel = "ORIGIN", description = "Send this Origin, such as https://example.org.")
    private @Nullable String origin;

    @Option(
            names = {"-s", "--subprotocol"},
            paramLabel = "NAME",
            description = "Offer this subprotocol; may be repeated, most preferred first.")
    private List<String> subprotocols = List.of();

    @Option(
            names = "--basic",
            paramLabel = "USER[:PASS]",
            description = "Send these credentials (RFC 7617). Without :PASS the password is asked for.")
    private @Nullable String basic;

    @Option(
            names = "--proxy",
            paramLabel = "URL",
            description = {
                "Connect through this proxy: http, https, socks5 or socks5h, then ://[user:pass@]host:port.",
                "Unless given, HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY decide; 'none' overrules them."
            })
    private @Nullable String proxy;

    @Option(names = "--unix", paramLabel = "PATH", description = "Connect to this Unix-domain socket.")
    private @Nullable Path unix;

    @Option(names = "--cacert", paramLabel = "FILE", description = "Trust the PEM certificates in this file alone.")
    private @Nullable Path authorities;

    @Option(names = "--cert", paramLabel = "FILE", description = "Show the certificate chain in this PEM file.")
    private @Nullable Path certificate;

    @Option(names = "--key", paramLabel = "FILE", description = "The key of --cert, in a PEM file, not encrypted.")
    private @Nullable Path key;

    @Option(
            names = {"-k", "--insecure"},
            description = "Trust any certificate of any host. Others can then read and change everything.")
    private boolean insecure;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "30s",
            converter = TimeSpan.Converter.class,
            description = "Time for the whole opening handshake; ${DEFAULT-VALUE} unless given.")
    private TimeSpan timeout = new TimeSpan(Duration.ofSeconds(30));

    @Option(
            names = "--max-message",
            paramLabel = "SIZE",
            defaultValue = "64MiB",
            converter = ByteSize.Converter.class,
            description = "Longest message to accept, such as 512, 64k or 1MiB; ${DEFAULT-VALUE} unless given.")
    private ByteSize maxMessage = new ByteSize(64 << 20);

    /** {@return where to connect to} */
    URI uri() {
        if (url.isBlank()) {
            throw wrong("URL: it is empty", null);
        }
        try {
            return TypedUrl.parse(url);
        } catch (URISyntaxException e) {
            String where = e.getIndex() < 0 ? "" : " at index " + e.getIndex() + " of " + e.getInput();
            throw wrong("URL: " + e.getReason() + where, e);
        }
    }

    /** {@return the fields to add to the request, credentials and origin among them} */
    Headers headers() {
        Headers.Builder headers = Headers.builder();
        for (String line : headerLines) {
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw wrong("-H takes 'Name: value'", null);
            }
            add(
                    headers,
                    "-H",
                    line.substring(0, colon).strip(),
                    line.substring(colon + 1).strip());
        }
        if (origin != null) {
            add(headers, "--origin", "Origin", origin);
        }
        credentials().ifPresent(pair -> {
            String encoded = Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
            add(headers, "--basic", "Authorization", "Basic " + encoded);
        });
        return headers.build();
    }

    private void add(Headers.Builder headers, String option, String name, String value) {
        try {
            headers.add(name, value);
        } catch (IllegalArgumentException e) {
            throw wrong(option + ": " + e.getMessage(), e);
        }
    }

    private Optional<String> credentials() {
        String given = basic;
        if (given == null || given.indexOf(':') >= 0) {
            return Optional.ofNullable(given);
        }
        String password = Optional.ofNullable(System.console())
                .filter(Console::isTerminal)
                .map(console -> console.readPassword("password of %s: ", Visible.of(given)))
                .map(String::new)
                .orElseThrow(() -> wrong("--basic has no password, and there is no terminal to ask for it", null));
        return Optional.of(given + ":" + password);
    }

    List<String> subprotocols() {
        return subprotocols;
    }

    /** {@return how the connections behave} */
    ConnectionOptions options() {
        return ConnectionOptions.builder()
                .maxMessageBytes(maxMessage.bytes())
                .maxFragments(MAX_FRAGMENTS)
                .noIdleTimeout() // Somebody is watching.
                .build();
    }

    /** {@return whether the way leads through a Unix-domain socket} */
    boolean isUnix() {
        return unix != null;
    }

    /** {@return a dialer that sends these fields} */
    Dialer dialer(Headers headers) {
        return dialer(headers, more -> more);
    }

    /**
     * {@return a dialer that sends these fields}
     *
     * @param headers the fields
     * @param more what the command itself sets; an {@link IllegalArgumentException} of its is told as an option's
     */
    Dialer dialer(Headers headers, UnaryOperator<Dialer.Builder> more) {
        if (!timeout.duration().isPositive()) {
            throw wrong("--timeout: no connection opens in no time", null);
        }
        try {
            Dialer.Builder dialer = Dialer.builder()
                    .handshakeTimeout(timeout.duration())
                    .subprotocols(subprotocols.toArray(new String[0]))
                    .options(options());
            addTls(dialer);
            if (unix != null && proxy != null) {
                throw wrong("--unix leads to one server, --proxy through another", null);
            }
            if (unix != null) {
                dialer.unixSocket(unix);
            } else {
                dialer.proxy(proxies());
            }
            return more.apply(dialer.headers(headers)).build();
        } catch (IllegalArgumentException | CommandFailedException e) {
            throw wrong(String.valueOf(e.getMessage()), e);
        }
    }

    private ProxyPolicy proxies() {
        String given = proxy;
        if (given == null) {
            return ProxyPolicy.environment();
        }
        try {
            return given.equals("none") ? ProxyPolicy.direct() : ProxyPolicy.via(ProxyAddress.parse(given));
        } catch (IllegalArgumentException e) {
            throw wrong("--proxy: " + e.getMessage(), e);
        }
    }

    private void addTls(Dialer.Builder dialer) throws CommandFailedException {
        if ((certificate == null) != (key == null)) {
            throw wrong("--cert and --key go together", null);
        }
        if (insecure && authorities != null) {
            throw wrong("--cacert says whom to trust, --insecure to trust everyone", null);
        }
        if (insecure || authorities != null || certificate != null) {
            dialer.tls(ClientTls.context(authorities, insecure, certificate, key));
        }
    }

    private ParameterException wrong(String message, @Nullable Throwable cause) {
        return new ParameterException(spec.commandLine(), message, cause);
    }
}
