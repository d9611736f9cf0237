// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** The two forms of a result, of which programs read one. */
class LoadOutputTest {
    @Test
    void anEcho() {
        LoadResult result = result(LoadMode.ECHO, histogram(1000, 1_000_000), Optional.empty(), Optional.empty());
        assertEquals(
                "{\"mode\":\"echo\",\"uri\":\"ws://h/%22\",\"connections\":3,\"depth\":4,\"size\":512,\"text\":true,"
                        + "\"seconds\":2.000,\"messages\":1000,\"messagesPerSecond\":500.000,"
                        + "\"latencyMicros\":{\"p50\":500.223,\"p90\":900.095,"
                        + "\"p99\":990.207,\"p999\":999.423,\"max\":1000.447},"
                        + "\"clientCpuSeconds\":0.500,\"clientCpuMicrosPerMessage\":500.000,"
                        + "\"clientBusy\":0.250,\"errors\":0,"
                        + "\"server\":{\"cpuSeconds\":1.000,\"cpuMicrosPerMessage\":1000.000,\"rssBytes\":3145728}}",
                LoadJson.of(result));
        assertEquals(
                List.of(
                        "echo        ws://h/%22",
                        "            3 connections, 4 in flight on each, 512 bytes (ASCII text),"
                                + " 2 s after 0.50 s of warm-up",
                        "",
                        "messages    1,000 in 2 s, 500 per second",
                        "",
                        "latency/µs         p50        p90        p99      p99.9        max",
                        "                 500.2      900.1      990.2      999.4     1000.4",
                        "",
                        "this side   0.50 s of CPU, 500.00 µs each, busiest loop 25 %",
                        "server      1.00 s of CPU, 1000.00 µs each, RSS 3 MiB",
                        "errors      0"),
                LoadReport.lines(result));
    }

    @Test
    void aBroadcastHasTwoLatencies() {
        LoadResult result =
                result(LoadMode.BROADCAST, histogram(30, 3000), Optional.of(histogram(10, 5000)), Optional.empty());
        assertEquals(
                "broadcasts=10 lastLatencyMicros="
                        + "{\"p50\":2.559,\"p90\":4.543,\"p99\":5.055,\"p999\":5.055,\"max\":5.055}",
                "broadcasts=" + value(LoadJson.of(result), "broadcasts") + " lastLatencyMicros="
                        + value(LoadJson.of(result), "lastLatencyMicros"));
        List<String> lines = LoadReport.lines(result);
        assertEquals(
                "            3 receivers, one in flight, 512 bytes (ASCII text), 2 s after 0.50 s of warm-up",
                lines.get(1));
        assertEquals("deliveries  30 in 2 s, 15 per second", lines.get(3));
        assertEquals("broadcasts  10, 5 per second", lines.get(4));
        assertEquals("each               1.5        2.8        3.0        3.0        3.0", lines.get(7));
        assertEquals("last               2.6        4.5        5.1        5.1        5.1", lines.get(8));
    }

    @Test
    void idleConnectionsHaveNoRateButAPrice() {
        LoadResult result = result(
                LoadMode.IDLE,
                histogram(3, 3000),
                Optional.empty(),
                Optional.of(new LoadResult.Idle(3, OptionalLong.of(1234))));
        String json = LoadJson.of(result);
        assertEquals("3", value(json, "alive"));
        assertEquals(
                "{\"cpuSeconds\":1.000,\"rssBytes\":3145728,\"rssBytesPerConnection\":1234}", value(json, "server"));
        assertEquals(-1, json.indexOf("PerMessage"));
        assertEquals(-1, json.indexOf("messagesPerSecond"));
        List<String> lines = LoadReport.lines(result);
        assertEquals("            3 connections left alone for 2 s", lines.get(1));
        assertEquals("alive       3 of 3", lines.get(3));
        assertEquals("server      1.00 s of CPU, RSS 3 MiB, 1,234 bytes more per connection", lines.get(9));
    }

    @Test
    void compressionIsToldWithWhatWasAgreed() {
        LoadResult result = result(
                scenario(LoadMode.IDLE, 8),
                histogram(3, 3000),
                Optional.empty(),
                Optional.of(new LoadResult.Idle(3, OptionalLong.empty())),
                Optional.of(new LoadResult.Compression("permessage-deflate; x=\"1\"", 1000, 265)));
        assertEquals(
                "{\"agreed\":\"permessage-deflate; x=\\\"1\\\"\","
                        + "\"plainBytes\":1000,\"wireBytes\":265,\"wirePart\":0.265}",
                value(LoadJson.of(result), "compression"));
        List<String> lines = LoadReport.lines(result);
        assertEquals(
                "            3 connections, 8 echoes of 512 bytes (ASCII text) on each, left alone for 2 s",
                lines.get(1));
        assertEquals("compressed  answers to 26.5 %; permessage-deflate; x=\"1\"", lines.get(8));
    }

    @Test
    void anErrorIsEscaped() {
        LoadResult result = new LoadResult(
                scenario(LoadMode.ECHO, 0),
                2,
                LoadLane.total(),
                Optional.empty(),
                0.5,
                OptionalDouble.of(0.96),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                7,
                Optional.of("a\"b\\cµ\n"));
        String json = LoadJson.of(result);
        assertEquals("\"a\\\"b\\\\c\\u00b5\\u000a\"", value(json, "firstError"));
        assertEquals("7", value(json, "errors"));
        assertEquals("0", value(json, "messages"));
        assertEquals(true, result.isLimitedByClient());
        assertEquals("errors      7", LoadReport.lines(result).getLast());
    }

    @Test
    void whatFailedTooSoonHasNoFigures() {
        LoadResult result = new LoadResult(
                scenario(LoadMode.ECHO, 0),
                0.0001,
                histogram(3, 3000),
                Optional.empty(),
                0.0015,
                OptionalDouble.of(14.66),
                Optional.of(new LoadResult.Server(0.01, 3 << 20)),
                Optional.empty(),
                Optional.empty(),
                1,
                Optional.of("what"));
        assertEquals(false, result.isLimitedByClient());
        assertEquals(
                List.of("stopped     after 0.00 s of measuring, too soon for figures", "errors      1"),
                LoadReport.lines(result).subList(3, 5));
        assertEquals(
                "{\"mode\":\"echo\",\"uri\":\"ws://h/%22\",\"connections\":3,\"depth\":4,\"size\":512,\"text\":true,"
                        + "\"seconds\":0.000,\"messages\":3,\"errors\":1,\"firstError\":\"what\"}",
                LoadJson.of(result));
    }

    /** {@return what stands behind a key, up to the comma or brace that ends it} */
    private static String value(String json, String key) {
        int begin = json.indexOf("\"" + key + "\":") + key.length() + 3;
        int depth = 0;
        boolean quoted = false;
        int at = begin;
        for (; at < json.length(); at++) {
            char c = json.charAt(at);
            if (c == '\\') {
                at++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && depth == 0 && (c == ',' || c == '}')) {
                break;
            } else if (!quoted) {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            }
        }
        return json.substring(begin, at);
    }

    /** As many values, evenly up to the highest. */
    private static Histogram histogram(int count, long highest) {
        Histogram histogram = LoadLane.total();
        for (int i = 1; i <= count; i++) {
            histogram.recordValue(i * highest / count);
        }
        return histogram;
    }

    private static LoadResult result(
            LoadMode mode, Histogram latencies, Optional<Histogram> completions, Optional<LoadResult.Idle> idle) {
        return result(scenario(mode, 0), latencies, completions, idle, Optional.empty());
    }

    private static LoadResult result(
            LoadScenario scenario,
            Histogram latencies,
            Optional<Histogram> completions,
            Optional<LoadResult.Idle> idle,
            Optional<LoadResult.Compression> compression) {
        return new LoadResult(
                scenario,
                2,
                latencies,
                completions,
                0.5,
                OptionalDouble.of(0.25),
                Optional.of(new LoadResult.Server(1, 3 << 20)),
                idle,
                compression,
                0,
                Optional.empty());
    }

    private static LoadScenario scenario(LoadMode mode, int exchanges) {
        return new LoadScenario(
                mode,
                URI.create("ws://h/%22"),
                3,
                4,
                512,
                LoadContent.ASCII,
                Duration.ofMillis(500),
                Duration.ofSeconds(2),
                1,
                64,
                OptionalDouble.empty(),
                true,
                exchanges,
                Duration.ofSeconds(10));
    }
}
