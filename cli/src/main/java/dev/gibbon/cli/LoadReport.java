// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/** What a load came to, for people. */
final class LoadReport {
    private static final double[] PERCENTILES = {50, 90, 99, 99.9};

    private LoadReport() {}

    /** {@return the lines} */
    static List<String> lines(LoadResult result) {
        LoadScenario scenario = result.scenario();
        List<String> lines = new ArrayList<>();
        lines.add(row(scenario.mode().toString(), Visible.of(scenario.uri().toString())));
        lines.add(row("", what(scenario)));
        lines.add("");
        result.idle()
                .ifPresent(
                        idle -> lines.add(row("alive", count(idle.alive()) + " of " + count(scenario.connections()))));
        if (!result.isTelling()) {
            lines.add(row("stopped", "after " + seconds(result.seconds()) + " of measuring, too soon for figures"));
            lines.add(row("errors", count(result.errors())));
            return lines;
        }
        if (result.idle().isEmpty()) {
            String rate = count(Math.round(result.messages() / result.seconds()));
            lines.add(row(
                    counted(scenario.mode()),
                    count(result.messages()) + " in " + seconds(result.seconds()) + ", " + rate + " per second"));
        }
        result.completions()
                .ifPresent(all -> lines.add(row(
                        "broadcasts",
                        count(all.getTotalCount()) + ", " + count(Math.round(all.getTotalCount() / result.seconds()))
                                + " per second")));
        if (result.messages() > 0) {
            lines.add("");
            lines.add(row("latency/µs", "       p50        p90        p99      p99.9        max"));
            lines.add(row(result.completions().isPresent() ? "each" : "", latencies(result.latencies())));
            result.completions()
                    .filter(all -> all.getTotalCount() > 0)
                    .ifPresent(all -> lines.add(row("last", latencies(all))));
        }
        lines.add("");
        result.compression().ifPresent(found -> lines.add(row("compressed", compression(found))));
        lines.add(row("this side", cpu(result, result.clientCpuSeconds()) + busy(result)));
        result.server()
                .ifPresent(server -> lines.add(row(
                        "server",
                        cpu(result, server.cpuSeconds()) + ", RSS " + bytes(server.rssBytes())
                                + perConnection(result))));
        lines.add(row("errors", count(result.errors())));
        return lines;
    }

    private static String row(String name, String value) {
        return String.format(Locale.ROOT, "%-10s  %s", name, value).stripTrailing();
    }

    private static String what(LoadScenario scenario) {
        String messages = messages(scenario);
        String measured = seconds(scenario.duration().toMillis() / 1e3) + " after "
                + seconds(scenario.warmup().toMillis() / 1e3) + " of warm-up";
        return switch (scenario.mode()) {
            case ECHO ->
                plural(scenario.connections(), "connection") + ", " + scenario.depth() + " in flight on each, "
                        + messages + ", " + measured;
            case BROADCAST ->
                plural(scenario.connections(), "receiver") + ", "
                        + (scenario.rate().isPresent()
                                ? scenario.rate().getAsDouble() + " per second"
                                : "one in flight")
                        + ", "
                        + messages + ", " + measured;
            case HANDSHAKE ->
                scenario.concurrency() + " at a time, " + (scenario.echo() ? "an echo of " + messages : "no echo")
                        + ", " + measured;
            case IDLE ->
                plural(scenario.connections(), "connection")
                        + (scenario.exchanges() == 0
                                ? ""
                                : ", " + scenario.exchanges() + " echoes of " + messages(scenario) + " on each,")
                        + " left alone for " + seconds(scenario.duration().toMillis() / 1e3);
        };
    }

    private static String messages(LoadScenario scenario) {
        return bytes(scenario.size()) + " (" + scenario.content() + ")";
    }

    private static String counted(LoadMode mode) {
        return switch (mode) {
            case ECHO -> "messages";
            case BROADCAST -> "deliveries";
            case HANDSHAKE -> "handshakes";
            case IDLE -> "echoes";
        };
    }

    private static String latencies(Histogram latencies) {
        StringBuilder line = new StringBuilder();
        for (double percentile : PERCENTILES) {
            line.append(micros(latencies.getValueAtPercentile(percentile)));
        }
        return line.append(micros(latencies.getMaxValue())).toString();
    }

    private static String micros(long nanos) {
        return String.format(Locale.ROOT, "%10.1f ", nanos / 1e3);
    }

    private static String compression(LoadResult.Compression found) {
        String agreed = found.agreed().isEmpty() ? "the server declined it" : Visible.of(found.agreed());
        return String.format(Locale.ROOT, "answers to %.1f %%; ", 100 * found.wirePart()) + agreed;
    }

    private static String cpu(LoadResult result, double cpuSeconds) {
        String all = String.format(Locale.ROOT, "%.2f s of CPU", cpuSeconds);
        return result.idle().isPresent() || result.messages() == 0
                ? all
                : all + String.format(Locale.ROOT, ", %.2f µs each", cpuSeconds * 1e6 / result.messages());
    }

    private static String busy(LoadResult result) {
        String who = result.busiestLoop().isPresent() ? "busiest loop" : "all cores";
        return String.format(Locale.ROOT, ", %s %.0f %%", who, 100 * result.clientBusy());
    }

    private static String perConnection(LoadResult result) {
        return result.idle()
                .filter(idle -> idle.rssBytesPerConnection().isPresent())
                .map(idle -> ", " + count(idle.rssBytesPerConnection().getAsLong()) + " bytes more per connection")
                .orElse("");
    }

    private static String plural(int count, String noun) {
        return count(count) + " " + noun + (count == 1 ? "" : "s");
    }

    private static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, seconds == Math.rint(seconds) ? "%.0f s" : "%.2f s", seconds);
    }

    private static String bytes(long bytes) {
        if (bytes < 1024 || (bytes % 1024 == 0 && bytes < 1 << 20)) {
            return new ByteSize((int) bytes).toString();
        }
        return bytes % (1 << 20) == 0 && bytes < 1 << 30
                ? new ByteSize((int) bytes).toString()
                : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }
}
