// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gibbon.Headers;
import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.spi.Transport;
import dev.gibbon.transport.ChannelTransport;
import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tunnels through proxies of Debian, the packages {@code tinyproxy} and {@code microsocks}, to an echo on loopback. */
@Timeout(300)
class RealProxyTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final Duration START = Duration.ofSeconds(60);
    private static final byte[] PAYLOAD = ProxyScript.latin("\u0000\u00ffecho".repeat(10_000));

    @TempDir
    Path directory;

    private ServerSocket echo;
    private Optional<Process> proxyProcess = Optional.empty();

    @BeforeEach
    void startEcho() throws IOException {
        ServerSocket server = new ServerSocket(0, 50, LOOPBACK);
        echo = server;
        Thread.startVirtualThread(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.startVirtualThread(() -> echo(socket));
                } catch (IOException _) {
                    return; // closed at the end of the test
                }
            }
        });
    }

    @AfterEach
    void stop() throws Exception {
        echo.close();
        if (proxyProcess.isPresent()) {
            Process process = proxyProcess.get();
            process.destroy();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            long _ = socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException _) {
            // The test ended first.
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, LOOPBACK)) {
            return probe.getLocalPort();
        }
    }

    private static void requireProgram(String name) {
        String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin";
        boolean found =
                Stream.of(path.split(File.pathSeparator)).anyMatch(part -> Files.isExecutable(Path.of(part, name)));
        if (!found && "true".equals(System.getenv("CI"))) {
            fail(name + " is missing: apt-get install " + name);
        }
        assumeTrue(found, name + " is missing: apt-get install " + name);
    }

    /** Starts a proxy that listens on {@code port}, and waits until it does. */
    private void start(int port, List<String> command) throws Exception {
        requireProgram(command.getFirst());
        File output = directory.resolve("output").toFile();
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output)
                .start();
        proxyProcess = Optional.of(process);
        long deadline = System.nanoTime() + START.toNanos();
        while (true) {
            try (Socket probe = new Socket(LOOPBACK, port)) {
                assertTrue(probe.isConnected());
                return;
            } catch (ConnectException e) {
                if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                    throw new AssertionError(command + ": " + Files.readString(output.toPath()), e);
                }
                Thread.sleep(20);
            }
        }
    }

    private static void assertEchoes(ProxyAddress proxy, String host, int port) throws Exception {
        try (Transport transport = connect(proxy)) {
            ByteBuffer early = tunnel(proxy).open(transport, host, port);
            assertEquals(0, early.remaining(), "an echo does not speak first");
            Thread writer = Thread.startVirtualThread(() -> {
                try {
                    ProxyStream.write(transport, PAYLOAD);
                } catch (IOException _) {
                    // The reader misses the bytes and says so.
                }
            });
            assertEquals(ByteBuffer.wrap(PAYLOAD), ProxyStream.read(transport, PAYLOAD.length, "the echo"));
            writer.join();
        }
    }

    private static <T extends IOException> T failure(Class<T> type, ProxyAddress proxy, int port) throws IOException {
        try (Transport transport = connect(proxy)) {
            return assertThrows(type, () -> tunnel(proxy).open(transport, "127.0.0.1", port));
        }
    }

    private static Transport connect(ProxyAddress proxy) throws IOException {
        return new ChannelTransport(SocketChannel.open(new InetSocketAddress(LOOPBACK, proxy.port())));
    }

    private static ProxyTunnel tunnel(ProxyAddress proxy) {
        return ProxyTunnel.of(proxy, HeadLimits.DEFAULT, 64 * 1024, InetAddress::getByName);
    }

    @Nested
    class Tinyproxy {
        private ProxyAddress start(String... settings) throws Exception {
            int port = freePort();
            Path config = directory.resolve("tinyproxy.conf");
            String log = "LogFile \"" + directory.resolve("log") + "\"\n";
            Files.writeString(
                    config,
                    "Port " + port + "\nListen 127.0.0.1\nTimeout 30\nMaxClients 10\n" + log
                            + String.join("\n", settings) + "\n");
            RealProxyTest.this.start(port, List.of("tinyproxy", "-d", "-c", config.toString()));
            return ProxyAddress.of(ProxyAddress.Protocol.HTTP, "127.0.0.1", port);
        }

        @ParameterizedTest
        @ValueSource(strings = {"127.0.0.1", "localhost", "::ffff:127.0.0.1"})
        void opensATunnel(String host) throws Exception {
            assertEchoes(start(), host, echo.getLocalPort());
        }

        @Test
        void takesTheRightPasswordAndOwnHeaders() throws Exception {
            ProxyAddress proxy = start("BasicAuth alice secret")
                    .withHeaders(Headers.of("User-Agent", "test"))
                    .withCredentials("alice", "secret");
            assertEchoes(proxy, "127.0.0.1", echo.getLocalPort());
        }

        @Test
        void asksForAPassword() throws Exception {
            ProxyAddress proxy = start("BasicAuth alice secret");
            ConnectRefusedException refused = failure(ConnectRefusedException.class, proxy, echo.getLocalPort());
            assertEquals(ConnectRefusedException.PROXY_AUTHENTICATION_REQUIRED, refused.status());
            assertTrue(
                    refused.headers().first("Proxy-Authenticate").orElseThrow().startsWith("Basic "));
            assertNotEquals(0, refused.body().length);
            assertEchoes(proxy.withCredentials("alice", "secret"), "127.0.0.1", echo.getLocalPort());
        }

        @Test
        void refusesAWrongPassword() throws Exception {
            ProxyAddress proxy = start("BasicAuth alice secret").withCredentials("alice", "wrong");
            ConnectRefusedException refused = failure(ConnectRefusedException.class, proxy, echo.getLocalPort());
            assertEquals(4, refused.status() / 100, refused.getMessage());
            assertFalse(refused.toString().contains("wrong"));
        }

        @Test
        void tellsThatTheTargetCannotBeReached() throws Exception {
            ConnectRefusedException refused = failure(ConnectRefusedException.class, start(), freePort());
            assertEquals(5, refused.status() / 100, refused.getMessage());
        }

        @Test
        void refusesPortsThatItIsNotToReach() throws Exception {
            ProxyAddress proxy = start("ConnectPort 443");
            assertEquals(
                    403,
                    failure(ConnectRefusedException.class, proxy, echo.getLocalPort())
                            .status());
        }
    }

    @Nested
    class Microsocks {
        private ProxyAddress start(ProxyAddress.Protocol protocol, String... options) throws Exception {
            int port = freePort();
            List<String> command = List.of("microsocks", "-i", "127.0.0.1", "-p", Integer.toString(port));
            RealProxyTest.this.start(
                    port, Stream.concat(command.stream(), Stream.of(options)).toList());
            return ProxyAddress.of(protocol, "127.0.0.1", port);
        }

        @ParameterizedTest
        @EnumSource(
                value = ProxyAddress.Protocol.class,
                names = {"SOCKS5", "SOCKS5H"})
        void opensATunnelByNameAndByAddress(ProxyAddress.Protocol protocol) throws Exception {
            ProxyAddress proxy = start(protocol);
            assertEchoes(proxy, "localhost", echo.getLocalPort());
            assertEchoes(proxy, "127.0.0.1", echo.getLocalPort());
        }

        @Test
        void takesTheRightPassword() throws Exception {
            ProxyAddress proxy = start(ProxyAddress.Protocol.SOCKS5H, "-u", "alice", "-P", "secret");
            assertEchoes(proxy.withCredentials("alice", "secret"), "localhost", echo.getLocalPort());
        }

        @Test
        void refusesAWrongPasswordAndNone() throws Exception {
            ProxyAddress proxy = start(ProxyAddress.Protocol.SOCKS5H, "-u", "alice", "-P", "secret");
            assertEquals(
                    "SOCKS5 proxy refused user name and password (RFC 1929 §2)",
                    failure(ProxyException.class, proxy.withCredentials("alice", "wrong"), echo.getLocalPort())
                            .getMessage());
            assertEquals(
                    "SOCKS5 proxy wants authentication and there are no credentials (RFC 1928 §3)",
                    failure(ProxyException.class, proxy, echo.getLocalPort()).getMessage());
        }

        @Test
        void tellsThatTheTargetRefused() throws Exception {
            ProxyAddress proxy = start(ProxyAddress.Protocol.SOCKS5H);
            assertEquals(
                    "SOCKS5 proxy refused: connection refused by the target (RFC 1928 §6)",
                    failure(ProxyException.class, proxy, freePort()).getMessage());
        }
    }
}
