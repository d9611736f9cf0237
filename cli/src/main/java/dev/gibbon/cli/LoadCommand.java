// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.Headers;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.QueuePolicy;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gibbon load}: puts a load on a server, checks every byte that comes back, and says what it took. */
@Command(
        name = "load",
        description = {
            "Puts a load on a WebSocket server and measures it.",
            "",
            "Every message that comes back is compared with what was sent: one that is lost, swapped, cut or changed "
                    + "ends the load.",
            ""
        },
        optionListHeading = "%nOptions:%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        usageHelpAutoWidth = true,
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            " 0:every message came back as it was sent",
            " 1:something went wrong: the first thing that did is told",
            " 2:the command line makes no sense"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  gibbon load ws://localhost:8080/echo",
            "  gibbon load localhost:8080/echo --connections 1000 --depth 16 --size 512",
            "  gibbon load localhost:8080/echo --text --pid 4711",
            "  gibbon load localhost:8080/echo --mode idle --connections 20000 --json"
        })
final class LoadCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int MAX_DEPTH = 1 << 20;
    private static final int MAX_HEADER_BYTES = 2 + 8 + 4;
    private static final long MIN_QUEUED_BYTES = 1 << 20;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DialOptions dial = new DialOptions();

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "echo",
            converter = LoadMode.Converter.class,
            description = {
                "echo: every connection keeps messages in flight; this unless given.",
                "broadcast: one more connection sends, the server passes it on to all.",
                "handshake: open a connection, have one message echoed, close it, again.",
                "idle: open them, leave them alone, see at the end which are alive."
            })
    private LoadMode mode = LoadMode.ECHO;

    @Option(
            names = "--connections",
            paramLabel = "N",
            description = "How many connections; 64 unless given, in a broadcast those that receive.")
    private @Nullable Integer connections;

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "Messages that each connection keeps in flight; 1 unless given.")
    private @Nullable Integer depth;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            defaultValue = "16",
            converter = ByteSize.Converter.class,
            description = "Bytes of a message, such as 512, 64k or 1MiB; ${DEFAULT-VALUE} unless given.")
    private ByteSize size = new ByteSize(LoadPayloads.FULL_MARK);

    @Option(names = "--text", description = "Send text, ASCII; binary messages unless given.")
    private boolean text;

    @Option(names = "--utf8", description = "Send text with characters of one to four bytes.")
    private boolean utf8;

    @Option(names = "--records", description = "Send text that looks like JSON records, for compression to work on.")
    private boolean records;

    @Option(
            names = "--deflate",
            description = {
                "Offer compression (permessage-deflate, RFC 7692), without context takeover;",
                "tell how small the answers are that come of it."
            })
    private boolean deflate;

    @Option(
            names = "--takeover",
            description = "Offer that with context takeover; how far it goes is the server's choice.")
    private boolean takeover;

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            defaultValue = "10s",
            converter = TimeSpan.Converter.class,
            description = "How long to measure; ${DEFAULT-VALUE} unless given. 10, 2.5, 500ms, 2m.")
    private TimeSpan duration = new TimeSpan(Duration.ofSeconds(10));

    @Option(
            names = "--warmup",
            paramLabel = "TIME",
            converter = TimeSpan.Converter.class,
            description = "How long to run before; 3s unless given, and nothing in idle mode.")
    private @Nullable TimeSpan warmup;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Event loops of this side; ${DEFAULT-VALUE} unless given.")
    private int threads = 1;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "64",
            description = "How many connections to open at a time; ${DEFAULT-VALUE} unless given.")
    private int concurrency = 64;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Broadcasts per second; unless given the next follows when all have the last.")
    private @Nullable Double rate;

    @Option(
            names = "--exchange",
            paramLabel = "N",
            description = "In idle mode, have N messages echoed on each connection, then leave it alone.")
    private int exchanges;

    @Option(names = "--no-echo", description = "In handshake mode, send nothing.")
    private boolean noEcho;

    @Option(
            names = "--source",
            paramLabel = "ADDRESS",
            split = ",",
            description = "Connect from these addresses in turn: one has ports for some 28000 connections to a server.")
    private List<String> sources = List.of();

    @Option(
            names = "--pid",
            paramLabel = "PID",
            description = "The server's process on this machine, to tell CPU time and memory of (Linux).")
    private @Nullable Long pid;

    @Option(names = "--json", description = "Print one JSON object instead of lines for people.")
    private boolean json;

    @Override
    public Integer call() throws CommandFailedException, InterruptedException {
        return run(PATIENCE);
    }

    /** Does what the options say; waits so long for what is outstanding at the end. */
    int run(Duration patience) throws CommandFailedException, InterruptedException {
        LoadScenario scenario = scenario(patience);
        LoadDialing dialing = new LoadDialing(dialers(), scenario.uri(), concurrency);
        LoadedProcess server = pid == null ? null : LoadedProcess.of(pid);
        LoadResult result = run(new LoadRun(scenario, server, compression(scenario)), dialing, server);
        report(result);
        return result.errors() == 0 ? Main.OK : Main.FAILED;
    }

    private LoadScenario scenario(Duration patience) {
        require(count(connections, 1) > 0, "--connections: at least 1");
        require(count(depth, 1) > 0 && count(depth, 1) <= MAX_DEPTH, "--depth: from 1 to " + MAX_DEPTH);
        require(threads > 0, "--threads: at least 1");
        require(concurrency > 0, "--concurrency: at least 1");
        require(duration.duration().isPositive(), "--duration: nothing can be measured in no time");
        require(rate == null || (rate > 0 && rate <= 1e6), "--rate: above 0, up to 1000000");
        require(rate == null || mode == LoadMode.BROADCAST, "--rate is for --mode broadcast");
        require(depth == null || mode == LoadMode.ECHO, "--depth is for --mode echo");
        require(!takeover || deflate, "--takeover says how to --deflate");
        require(exchanges >= 0, "--exchange: not less than 0");
        require(exchanges == 0 || mode == LoadMode.IDLE, "--exchange is for --mode idle");
        require(!noEcho || mode == LoadMode.HANDSHAKE, "--no-echo is for --mode handshake");
        require(
                connections == null || mode != LoadMode.HANDSHAKE,
                "--mode handshake has --concurrency connections at a time");
        require(size.bytes() <= dial.options().maxMessageBytes(), "--size is more than --max-message");
        require(
                mode != LoadMode.BROADCAST || size.bytes() >= LoadPayloads.FULL_MARK,
                "--size: a broadcast has at least " + LoadPayloads.FULL_MARK + " bytes");
        require(
                Stream.of(text, utf8, records).filter(given -> given).count() <= 1,
                "--text and --utf8 and --records exclude each other");
        return new LoadScenario(
                mode,
                dial.uri(),
                mode == LoadMode.HANDSHAKE ? concurrency : count(connections, 64),
                count(depth, 1),
                size.bytes(),
                content(),
                warmup(),
                duration.duration(),
                threads,
                concurrency,
                rate == null ? OptionalDouble.empty() : OptionalDouble.of(rate),
                !noEcho,
                exchanges,
                patience);
    }

    private LoadContent content() {
        if (records) {
            return LoadContent.RECORDS;
        }
        if (utf8) {
            return LoadContent.UTF_8;
        }
        return text ? LoadContent.ASCII : LoadContent.BINARY;
    }

    private static int count(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }

    private Duration warmup() {
        TimeSpan given = warmup;
        if (given != null) {
            return given.duration();
        }
        return mode == LoadMode.IDLE ? Duration.ZERO : Duration.ofSeconds(3);
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private List<Dialer> dialers() {
        Headers headers = dial.headers();
        require(sources.isEmpty() || !dial.isUnix(), "--source is for TCP, --unix is not");
        ConnectionOptions options = options();
        if (sources.isEmpty()) {
            return List.of(dial.dialer(
                    headers, more -> compressing(more.options(options).loops(threads))));
        }
        List<Dialer> dialers = new ArrayList<>();
        for (String source : sources) {
            InetAddress address = address(source);
            dialers.add(dial.dialer(
                    headers,
                    more -> compressing(more.options(options).loops(threads).localAddress(address))));
        }
        return dialers;
    }

    /** {@return what the answers come to on the wire, where bytes of the wire can be seen} */
    private Optional<LoadResult.Compression> compression(LoadScenario scenario)
            throws CommandFailedException, InterruptedException {
        boolean echoes = mode == LoadMode.ECHO || mode == LoadMode.IDLE;
        if (!deflate || !echoes || dial.isUnix() || "wss".equals(scenario.uri().getScheme())) {
            return Optional.empty();
        }
        ConnectionOptions options = options();
        return Optional.of(LoadCompression.look(
                connector -> dial.dialer(
                        dial.headers(),
                        more -> compressing(more.options(options).loops(1).connector(connector))),
                scenario));
    }

    /** Level 1 and, unless wanted, nothing kept: the load is to cost little, and be the same for every server. */
    private Dialer.Builder compressing(Dialer.Builder dialer) {
        if (!deflate) {
            return dialer;
        }
        return dialer.permessageDeflate(PermessageDeflate.builder()
                .level(1)
                .thresholdBytes(0)
                .clientNoContextTakeover(!takeover)
                .serverNoContextTakeover(!takeover)
                .build());
    }

    /**
     * What is in flight may all be waiting on this side; and reading
     * must not wait for writing, for the server may do the same. No
     * Pings are sent: the load is what was asked for and nothing else.
     */
    private ConnectionOptions options() {
        long inFlight = (long) count(depth, 1) * (size.bytes() + MAX_HEADER_BYTES);
        return dial.options().toBuilder()
                .noKeepalive()
                .maxQueuedBytes(Math.max(MIN_QUEUED_BYTES, 4 * inFlight), QueuePolicy.BLOCK)
                .build();
    }

    private InetAddress address(String source) {
        try {
            return InetAddress.ofLiteral(source);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--source: '" + source + "' is no IP address", e);
        }
    }

    private static LoadResult run(LoadRun run, LoadDialing dialing, @Nullable LoadedProcess server)
            throws CommandFailedException, InterruptedException {
        Optional<LoadResult.Idle> idle = Optional.empty();
        switch (run.scenario().mode()) {
            case ECHO -> LoadEcho.run(run, dialing);
            case BROADCAST -> LoadBroadcast.run(run, dialing);
            case HANDSHAKE -> LoadHandshakes.run(run, dialing);
            case IDLE -> idle = Optional.of(LoadIdle.run(run, dialing, server));
        }
        return run.result(idle);
    }

    private void report(LoadResult result) {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        String name = spec.qualifiedName();
        if (json) {
            out.println(LoadJson.of(result));
        } else {
            LoadReport.lines(result).forEach(out::println);
        }
        out.flush();
        if (result.isLimitedByClient()) {
            err.println(name + ": this side was the limit, so the figures say little about the server"
                    + (result.busiestLoop().isPresent() ? "; more --threads may help" : ""));
        }
        result.firstError().ifPresent(error -> err.println(name + ": " + error));
    }
}
