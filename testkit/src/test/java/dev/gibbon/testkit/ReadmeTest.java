// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Role;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The example of README.md, compiled and run, and the check that it is the one that stands there. */
class ReadmeTest {
    // begin README
    @Test
    void endsTheConnectionWhenThePeerIsSilentForAMinute() throws Exception {
        var clock = new ManualClock();
        var happenings = new Recorder();
        var pair = TransportPair.builder()
                .reads(Role.SERVER, Splitter.bytewise()) // the server meets every split there is
                .timeSource(clock)
                .build();
        var client = ScriptedPeer.over(pair.client(), Role.CLIENT);
        Thread.startVirtualThread(() -> greetOnce(pair.server(), happenings)); // what you test

        client.sendText("hi"); // masked, as a client's frames are
        client.expectText("hello");
        pair.server().awaitBlockedReader();
        clock.advance(Duration.ofMinutes(1)); // no test waits for a minute
        client.expectClose(1001);
        client.expectEnd();

        happenings.expect("greeted");
        happenings.expect("gave up");
        happenings.expectNothingElse();
    }
    // end README

    /** A server that knows one frame: what a test would test stands here in ten lines. */
    private static void greetOnce(Transport transport, Recorder happenings) {
        try (transport) {
            ByteBuffer frame = ByteBuffer.allocate(2 + 4 + 2);
            while (frame.hasRemaining() && transport.read(frame) >= 0) {}
            long _ = transport.write(
                    new ByteBuffer[] {ByteBuffer.wrap(Frame.text("hello").encode())}, 0, 1);
            happenings.record("greeted");
            if (transport.read(ByteBuffer.allocate(1), Duration.ofMinutes(1)) == 0) {
                happenings.record("gave up");
                long _ = transport.write(
                        new ByteBuffer[] {ByteBuffer.wrap(Frame.close(1001, "").encode())}, 0, 1);
            }
        } catch (IOException e) {
            happenings.record("failed", e);
        }
    }

    @Test
    void theExampleIsTheOneInTheReadme() throws Exception {
        String source = read("src/test/java/dev/gibbon/testkit/ReadmeTest.java");
        String readme = read("README.md");
        String shown = between(readme, "```java\n", "```");
        assertTrue(shown.contains("ScriptedPeer"), shown);
        String compiled = between(source, "// begin README\n", "    // end README");
        assertEquals(compiled.stripTrailing().stripIndent() + "\n", shown);
    }

    private static String read(String path) throws IOException {
        return Files.readString(Path.of(path), StandardCharsets.UTF_8);
    }

    private static String between(String text, String begin, String end) {
        int from = text.indexOf(begin) + begin.length();
        return text.substring(from, text.indexOf(end, from));
    }
}
