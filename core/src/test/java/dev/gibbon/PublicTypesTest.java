// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Asks that each public type is named by a test of its own: {@code Group} by {@code GroupTest}. A type that is nothing
 * by itself, such as what a method throws or an enum of choices, may share the test of what it belongs to; then it
 * stands in {@link #WITH}, and that test has to use its name.
 */
class PublicTypesTest {
    /** A type that stands in no other, as the API dump has it. */
    private static final Pattern TYPE = Pattern.compile("(?m)^public .*?\\b(?:class|interface|enum|record) "
            + "dev\\.gibbon\\.(?:[a-z]+\\.)*([A-Z]\\w+)(?!\\w|\\.[A-Z])");

    /** Type = test. */
    private static final String WITH = """
            AsyncStream = HostPageTest
            AuthenticationChallenge = AuthenticationHandlerTest
            Connection = GorillaContractTest
            ConnectionClosedException = ConcurrencyThreatsTest
            ConnectionHandler = ServeTest
            ConnectionState = ClosingHandshakeTest
            DialResult = ReconnectingClientTest
            ExchangeHandler = RoutesTest
            HandshakeException = DialerHandshakeThreatsTest
            HandshakeTimeoutException = DialerHandshakeThreatsTest
            InsecureTls = DialerTlsTest
            InterruptedCallException = AliveUnreadTest
            ListenerFactory = ServeTest
            MessageHandler = ServeTest
            MessageReader = ReceiverTest
            MessageTooBigException = ResourceThreatsTest
            MessageType = MessageTest
            MessageView = ListenerTest
            ProtocolException = FrameThreatsTest
            QueueFullException = BackpressureTest
            QueuePolicy = BackpressureTest
            ReadTimeoutException = ReceiverTest
            ReconnectListener = ReconnectingClientTest
            ReconnectException = ReconnectingClientTest
            Role = GorillaContractTest
            TimeSource = ManualClockTest
            Transport = ChannelTransportTest
            WriteTimeoutException = SenderTest
            HttpHead = HandshakeThreatsTest
            LengthForm = FrameTest
            MemoryTransport = ReconnectingClientTest
            TransportCounters = TransportPairTest
            WriteCall = TransportPairTest
            Ability = EmbeddedServerTest
            HostSuite = EmbeddedServerTest
            RunningHost = EmbeddedServerTest
            Site = EmbeddedServerTest
            TlsFiles = EmbeddedServerTest
            """;

    private static Map<String, String> with() {
        Map<String, String> with = new TreeMap<>();
        WITH.lines().map(line -> line.split(" = ")).forEach(pair -> with.put(pair[0], pair[1]));
        return with;
    }

    private static Set<String> types() throws IOException {
        Set<String> types = new TreeSet<>();
        for (Path module : NamedTests.modules()) {
            Path api = module.resolve("api.txt");
            if (Files.exists(api)) {
                Matcher type = TYPE.matcher(Files.readString(api));
                type.results().map((MatchResult found) -> found.group(1)).forEach(types::add);
            }
        }
        return types;
    }

    @Test
    void eachIsNamedByATestOfItsOwn() throws IOException {
        NamedTests tests = new NamedTests();
        Map<String, String> with = with();
        List<String> faults = new ArrayList<>();
        for (String type : types()) {
            String shared = with.get(type);
            Pattern name = Pattern.compile("\\b" + type + "\\b");
            if (shared == null && tests.sources(type + "Test").isEmpty()) {
                faults.add(type + " has no " + type + "Test");
            } else if (shared != null
                    && tests.sources(shared).stream()
                            .noneMatch(source -> name.matcher(source).find())) {
                faults.add(shared + " does not use " + type);
            }
        }
        assertEquals(List.of(), faults);
    }

    @Test
    void nothingStandsInTheTableThatNeedNot() throws IOException {
        Set<String> types = types();
        assertTrue(types.size() > 60, "only " + types.size() + " types were found: is the pattern still right?");
        NamedTests tests = new NamedTests();
        List<String> needless = new ArrayList<>(with().keySet());
        needless.removeIf(
                type -> types.contains(type) && tests.sources(type + "Test").isEmpty());
        assertEquals(List.of(), needless);
    }
}
