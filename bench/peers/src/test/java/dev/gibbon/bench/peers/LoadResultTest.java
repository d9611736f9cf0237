// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class LoadResultTest {
    private static Measurement measurement(String json) throws IOException {
        return new Measurement(1, "s", "r", Results.load(json), null, null);
    }

    @Test
    void figuresAreReadAndUnknownKeysPassedOver() throws IOException {
        Measurement run = measurement("""
                {"mode":"echo","uri":"ws://127.0.0.1:1/echo","connections":64,"depth":1,"size":16,"text":false,
                 "seconds":2.0,"messages":1000,"messagesPerSecond":500.0,"later":[1],
                 "latencyMicros":{"p50":1.5,"p90":2,"p99":3,"p999":4,"max":5},
                 "clientCpuSeconds":1.9,"clientCpuMicrosPerMessage":1900,"errors":0,
                 "server":{"cpuSeconds":1.0,"cpuMicrosPerMessage":1000.0,"rssBytes":1048576}}
                """);

        assertEquals(1000.0, Metric.SERVER_CPU.of(run));
        assertEquals(0.5, Metric.SERVER_CORES.of(run));
        assertEquals(0.95, Metric.CLIENT_CORES.of(run));
        assertEquals(1.5, Metric.P50.of(run));
        assertEquals(1.0, Metric.RSS.of(run));
        assertNull(Metric.ALLOCATED.of(run));
    }

    @Test
    void anIdleRunHasNoFiguresOfMessages() throws IOException {
        Measurement run = measurement("""
                {"mode":"idle","connections":8000,"seconds":2.0,"messages":0,"alive":8000,"clientCpuSeconds":0.1,
                 "errors":0,"server":{"cpuSeconds":0.1,"rssBytes":1048576,"rssBytesPerConnection":2048}}
                """);

        assertNull(Metric.SERVER_CPU.of(run));
        assertNull(Metric.RATE.of(run));
        assertEquals(8000.0, Metric.ALIVE.of(run));
        assertEquals(2048.0, Metric.RSS_PER_CONNECTION.of(run));
    }
}
