// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.Locale;
import org.HdrHistogram.Histogram;

/** What a load came to, for programs: one JSON object on one line. Its keys are in {@code docs/how-to/load.md}. */
final class LoadJson {
    private final StringBuilder json = new StringBuilder();

    private LoadJson() {}

    /** {@return the object} */
    static String of(LoadResult result) {
        return new LoadJson().result(result).json.toString();
    }

    private LoadJson result(LoadResult result) {
        LoadScenario scenario = result.scenario();
        boolean each = result.idle().isEmpty() && result.messages() > 0;
        open().add("mode", scenario.mode().toString())
                .add("uri", scenario.uri().toString())
                .add("connections", scenario.connections())
                .add("depth", scenario.depth())
                .add("size", scenario.size());
        key("text").json.append(scenario.content().isText());
        add("seconds", result.seconds()).add("messages", result.messages());
        if (!result.isTelling()) {
            result.idle().ifPresent(idle -> add("alive", idle.alive()));
            return errors(result).close();
        }
        if (result.idle().isEmpty()) {
            add("messagesPerSecond", result.messages() / result.seconds());
        }
        result.completions()
                .ifPresent(all -> add("broadcasts", all.getTotalCount()).latencies("lastLatencyMicros", all));
        result.idle().ifPresent(idle -> add("alive", idle.alive()));
        result.compression()
                .ifPresent(found -> key("compression")
                        .open()
                        .add("agreed", found.agreed())
                        .add("plainBytes", found.plainBytes())
                        .add("wireBytes", found.wireBytes())
                        .add("wirePart", found.wirePart())
                        .close());
        latencies("latencyMicros", result.latencies());
        add("clientCpuSeconds", result.clientCpuSeconds());
        if (each) {
            add("clientCpuMicrosPerMessage", result.clientCpuSeconds() * 1e6 / result.messages());
        }
        add("clientBusy", result.clientBusy()).errors(result);
        result.server().ifPresent(server -> {
            key("server").open().add("cpuSeconds", server.cpuSeconds());
            if (each) {
                add("cpuMicrosPerMessage", server.cpuSeconds() * 1e6 / result.messages());
            }
            add("rssBytes", server.rssBytes());
            result.idle()
                    .ifPresent(idle ->
                            idle.rssBytesPerConnection().ifPresent(bytes -> add("rssBytesPerConnection", bytes)));
            close();
        });
        return close();
    }

    private LoadJson errors(LoadResult result) {
        add("errors", result.errors());
        result.firstError().ifPresent(error -> add("firstError", error));
        return this;
    }

    private void latencies(String key, Histogram latencies) {
        key(key).open()
                .add("p50", latencies.getValueAtPercentile(50) / 1e3)
                .add("p90", latencies.getValueAtPercentile(90) / 1e3)
                .add("p99", latencies.getValueAtPercentile(99) / 1e3)
                .add("p999", latencies.getValueAtPercentile(99.9) / 1e3)
                .add("max", latencies.getMaxValue() / 1e3)
                .close();
    }

    private LoadJson open() {
        json.append('{');
        return this;
    }

    private LoadJson close() {
        json.append('}');
        return this;
    }

    private LoadJson key(String key) {
        if (json.charAt(json.length() - 1) != '{') {
            json.append(',');
        }
        json.append('"').append(key).append("\":");
        return this;
    }

    private LoadJson add(String key, long value) {
        key(key).json.append(value);
        return this;
    }

    private LoadJson add(String key, double value) {
        key(key).json.append(String.format(Locale.ROOT, "%.3f", value));
        return this;
    }

    private LoadJson add(String key, String value) {
        key(key).json.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                json.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        json.append('"');
        return this;
    }
}
