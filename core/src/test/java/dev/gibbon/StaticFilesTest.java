// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gibbon.server.HttpRoutes;
import dev.gibbon.server.StaticFiles;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A directory as a route, with a healthy connection beside whatever is asked of it. */
@Timeout(300)
class StaticFilesTest {
    private static final String SECRET = "secret";

    @TempDir
    Path temporary;

    private Path root;

    @BeforeEach
    void fill() throws IOException {
        root = Files.createDirectory(temporary.resolve("root"));
        write("index.html", "<p>home");
        write("a b+c.txt", "text");
        write("grüße.txt", "umlaut");
        write("sub/index.html", "<p>sub");
        write("sub/style.css", "p {}");
        write(".env", SECRET);
        write(".git/config", SECRET);
        write("sub/.hidden/file.txt", SECRET);
        Files.writeString(temporary.resolve("outside.txt"), SECRET);
        Files.createDirectory(temporary.resolve("outside"));
        Files.writeString(temporary.resolve("outside/index.html"), SECRET);
    }

    private void write(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void files(WebSocketServer.Builder builder) {
        builder.directory("/files/*", root);
    }

    private ServerUnderTest start() throws IOException {
        return ServerUnderTest.start(this::files);
    }

    private HttpHead head(String path, String... fields) throws IOException {
        try (ServerUnderTest tested = start();
                ScriptedPeer peer = tested.send(tested.getRequest(path, fields))) {
            return peer.response();
        }
    }

    private String get(String path) throws IOException {
        try (ServerUnderTest tested = start();
                ScriptedPeer peer = tested.send(tested.getRequest(path))) {
            return peer.response().status() + " " + body(peer, peer.response());
        }
    }

    @Nested
    class Served {
        @ParameterizedTest
        @CsvSource({
            "/files/, <p>home",
            "/files/index.html, <p>home",
            "/files/sub/, <p>sub",
            "/files/sub/style.css, p {}",
            "/files/sub/style.css?v=1, p {}",
            "/files/a%20b+c.txt, text",
            "/files/a%20b%2Bc.txt, text",
            "/files/gr%C3%BC%C3%9Fe.txt, umlaut",
            "/files/su%62/style.css, p {}"
        })
        void isWhatThePathNames(String path, String content) throws Exception {
            assertEquals("200 " + content, get(path));
        }

        @ParameterizedTest
        @CsvSource({
            "page.html, text/html; charset=utf-8",
            "page.HTML, text/html; charset=utf-8",
            "app.js, text/javascript; charset=utf-8",
            "app.min.mjs, text/javascript; charset=utf-8",
            "data.json, application/json",
            "logo.svg, image/svg+xml",
            "photo.jpeg, image/jpeg",
            "module.wasm, application/wasm",
            "archive.tar.gz, application/gzip",
            "unknown.xyz, application/octet-stream",
            "html, application/octet-stream"
        })
        void hasTheTypeOfItsExtensionAndNoOther(String name, String type) throws Exception {
            write(name, "x");
            HttpHead head = head("/files/" + name);
            assertEquals(List.of(type), head.headers("Content-Type"));
            assertEquals(List.of("nosniff"), head.headers("X-Content-Type-Options"));
            assertEquals(List.of("no-cache"), head.headers("Cache-Control"));
        }

        @Test
        void byHeadWithoutItsContentAndTheNextRequestFollows() throws Exception {
            write("empty.txt", "");
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(tested.request("HEAD /files/sub/style.css HTTP/1.1")
                            + tested.getRequest("/files/empty.txt")
                            + tested.getRequest("/files/sub/style.css")
                            + tested.upgradeRequest("/echo"))) {
                assertEquals(List.of("4"), peer.response().headers("Content-Length"));
                assertEquals("", body(peer, peer.expectHead()));
                assertEquals("p {}", body(peer, peer.expectHead()));
                assertEquals(101, peer.expectHead().status());
                peer.sendText("hello");
                peer.expectText("hello");
            }
        }

        @Test
        void byNoOtherMethod() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(tested.request("DELETE /files/index.html HTTP/1.1"))) {
                assertEquals(405, peer.response().status());
                assertEquals(
                        "GET, HEAD, OPTIONS", peer.response().header("Allow").orElseThrow());
                assertTrue(Files.exists(root.resolve("index.html")));
            }
        }

        @ParameterizedTest
        @CsvSource({"/files, /files/", "/files/sub, /files/sub/", "/files/su%62?a=1&b, /files/su%62/?a=1&b"})
        void aDirectoryIsRedirectedToItsSlash(String path, String location) throws Exception {
            HttpHead head = head(path);
            assertEquals(301, head.status());
            assertEquals(List.of(location), head.headers("Location"));
        }

        @Test
        void fromTheRootOfTheServerAsWell() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.directory("/*", root));
                    ScriptedPeer peer = tested.send(tested.getRequest("/") + tested.getRequest("/sub"))) {
                assertEquals("<p>home", body(peer, peer.response()));
                assertEquals(List.of("/sub/"), peer.expectHead().headers("Location"));
            }
        }

        @Test
        void fromWhereALinkLeadsByThen() throws Exception {
            Path current = Files.createSymbolicLink(temporary.resolve("current"), root);
            Path next = Files.createDirectory(temporary.resolve("next"));
            Files.writeString(next.resolve("index.html"), "<p>next");
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.directory("/*", current));
                    ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
                assertEquals("<p>home", body(peer, peer.response()));
                Files.delete(current);
                Files.createSymbolicLink(current, next);
                peer.sendRaw(latin1(tested.getRequest("/")));
                assertEquals("<p>next", body(peer, peer.expectHead()));
            }
        }

        @Test
        void onlyOfADirectoryByAPatternWithAStar() {
            WebSocketServer.Builder builder = WebSocketServer.builder();
            assertThrows(IllegalArgumentException.class, () -> builder.directory("/files", root));
            assertThrows(IllegalArgumentException.class, () -> builder.directory("files/*", root));
            assertThrows(IllegalArgumentException.class, () -> builder.directory("/*", root.resolve("none")));
            assertThrows(IllegalArgumentException.class, () -> builder.directory("/*", root.resolve("index.html")));
            assertThrows(NullPointerException.class, () -> builder.directory("/*", null));
        }
    }

    @Nested
    class Conditional {
        private final Instant changed = Instant.parse("2024-02-03T04:05:06.789Z");

        @BeforeEach
        void date() throws IOException {
            Files.setLastModifiedTime(root.resolve("index.html"), FileTime.from(changed));
        }

        private int status(String... fields) throws IOException {
            return head("/files/", fields).status();
        }

        @Test
        void theVersionThatTheClientHasIs304() throws Exception {
            HttpHead head = head("/files/");
            assertEquals(List.of("Sat, 03 Feb 2024 04:05:06 GMT"), head.headers("Last-Modified"));
            String tag = head.header("ETag").orElseThrow();
            HttpHead known = head("/files/", "If-None-Match: " + tag);
            assertEquals(304, known.status());
            assertEquals(List.of(tag), known.headers("ETag"));
            assertEquals(Optional.empty(), known.header("Content-Length"));
            assertEquals(304, status("If-None-Match: \"x\", " + tag.substring(2) + " ,\"y\""), "compared weakly");
            assertEquals(304, status("If-None-Match: \"x\"", "If-None-Match: " + tag));
            assertEquals(304, status("If-None-Match: *"));
        }

        @Test
        void anotherVersionIsAnother() throws Exception {
            String tag = head("/files/").header("ETag").orElseThrow();
            Files.writeString(root.resolve("index.html"), "<p>homf");
            Files.setLastModifiedTime(root.resolve("index.html"), FileTime.from(changed.plusMillis(1)));
            assertEquals(200, status("If-None-Match: " + tag));
            assertEquals(200, status("If-None-Match: \"\"", "If-Modified-Since: Sat, 03 Feb 2024 04:05:06 GMT"));
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "Sat, 03 Feb 2024 04:05:06 GMT|304",
                    "Fri, 01 Jan 2100 00:00:00 GMT|304",
                    "Sat, 03 Feb 2024 04:05:05 GMT|200",
                    "Sat, 3 Feb 2024 04:05:06 GMT|200",
                    "yesterday|200",
                    "''|200"
                })
        void aDateCountsToTheSecondAndWhatIsNoneIsNotThere(String date, int status) throws Exception {
            assertEquals(status, status("If-Modified-Since: " + date));
        }

        @Test
        void aStormOfTagsIsLookedThroughOnce() throws Exception {
            assertEquals(200, status("If-None-Match: " + ",".repeat(8000)));
        }
    }

    @Nested
    class Guarded {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/files/../outside.txt",
                    "/files/%2e%2e/outside.txt",
                    "/files/%2E./outside.txt",
                    "/files/..%2foutside.txt",
                    "/files/%2e%2e%2foutside.txt",
                    "/files/..%5coutside.txt",
                    "/files/sub/..%5c..%5coutside.txt",
                    "/files/%252e%252e/outside.txt",
                    "/files/%c0%ae%c0%ae/outside.txt",
                    "/files/....//outside.txt",
                    "/files/sub/../../outside.txt",
                    "/files/../outside/",
                    "/files/../root/index.html",
                    "/files/./index.html",
                    "/files/sub/../index.html",
                    "/files//index.html",
                    "/files/sub//style.css",
                    "/files//etc/passwd",
                    "/files/%2fetc/passwd",
                    "/files/%2fetc%2fpasswd",
                    "/files/file:%2f%2f%2fetc%2fpasswd",
                    "/files/.env",
                    "/files/%2eenv",
                    "/files/.git/config",
                    "/files/.git/",
                    "/files/.git",
                    "/files/sub/.hidden/file.txt",
                    "/files/.",
                    "/files/..",
                    "/files/index.html/",
                    "/files/index.html/x",
                    "/files/INDEX.HTML",
                    "/files/index.html%20",
                    "/files/index.html%",
                    "/files/index.html%zz",
                    "/files/%ff",
                    "/files/%0a",
                    "/files/%7f",
                    "/files/none",
                    "/files/none/",
                    "/files/sub%2fstyle.css"
                })
        void noSpellingLeadsOutOrToAHiddenFile(String path) throws Exception {
            assertEquals("404 404 Not Found\n", get(path));
        }

        @Test
        void aNulIs400AndANameBeyondEverySystemsIs404() throws Exception {
            assertEquals(400, head("/files/index.html%00.txt").status());
            assertEquals(404, head("/files/" + "x".repeat(300)).status());
            assertEquals(404, head("/files/" + "x/".repeat(3000)).status());
        }

        @Test
        void noDirectoryIsListed() throws Exception {
            write("bare/file.txt", "x");
            assertEquals("404 404 Not Found\n", get("/files/bare/"));
            assertEquals(301, head("/files/bare").status());
        }

        @Test
        void aLinkLeadsAsFarAsTheDirectoryGoes() throws Exception {
            Files.createSymbolicLink(root.resolve("out.txt"), temporary.resolve("outside.txt"));
            Files.createSymbolicLink(root.resolve("out"), temporary.resolve("outside"));
            Files.createSymbolicLink(root.resolve("relative"), Path.of("../outside"));
            Files.createSymbolicLink(root.resolve("twice.txt"), Path.of("out.txt"));
            Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
            Files.createSymbolicLink(root.resolve("dangling"), Path.of("none"));
            Files.createSymbolicLink(root.resolve("sibling"), temporary.resolve("root2"));
            Files.createDirectory(temporary.resolve("root2"));
            Files.writeString(temporary.resolve("root2/file.txt"), SECRET);
            for (String path : List.of(
                    "out.txt",
                    "out/",
                    "out",
                    "out/index.html",
                    "relative/",
                    "twice.txt",
                    "loop",
                    "loop/x",
                    "dangling",
                    "sibling/file.txt")) {
                assertEquals("404 404 Not Found\n", get("/files/" + path), path);
            }
            Files.createSymbolicLink(root.resolve("in.css"), Path.of("sub/style.css"));
            Files.createSymbolicLink(root.resolve("in"), root.resolve("sub"));
            assertEquals("200 p {}", get("/files/in.css"));
            assertEquals("200 <p>sub", get("/files/in/"));
        }

        @Test
        void aPipeIsNotWaitedFor() throws Exception {
            Path pipe = root.resolve("pipe");
            assumeTrue(isMade(pipe), "no pipes here");
            assertEquals("404 404 Not Found\n", get("/files/pipe"));
        }

        private static boolean isMade(Path pipe) throws InterruptedException {
            try {
                return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
            } catch (IOException _) {
                return false;
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/files/sub/style.css",
                    "/files/%73ub/style.css",
                    "/%66iles/sub/style.css",
                    "/files/su%62/",
                    "/files/sub",
                    "/files/%53ub/style.css",
                    "/files/x/../sub/style.css",
                    "/files//sub/style.css"
                })
        void sec18NoSpellingGetsPastAFilter(String path) throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                        builder.directory("/*", temporary.resolve("served"));
                        builder.filter("/files/sub/*", exchange -> exchange.respond(401, "text/plain", "who?"));
                    });
                    ScriptedPeer peer = tested.send(tested.getRequest(path))) {
                int status = peer.response().status();
                assertTrue(status == 401 || status == 404, path + " is " + status);
            }
        }

        @BeforeEach
        void alsoByAnotherName() throws IOException {
            Path served = Files.createDirectory(temporary.resolve("served"));
            Files.createDirectories(served.resolve("files/sub"));
            Files.writeString(served.resolve("files/sub/style.css"), SECRET);
        }
    }

    @Nested
    class Large {
        private static final int BYTES = (5 << 20) + 1;

        @Test
        void isSentWhole() throws Exception {
            byte[] content = new byte[BYTES];
            new Random(3).nextBytes(content);
            Files.write(root.resolve("large.bin"), content);
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(
                            tested.getRequest("/files/large.bin") + tested.getRequest("/files/sub/style.css"))) {
                assertEquals(List.of("" + BYTES), peer.response().headers("Content-Length"));
                assertArrayEquals(content, peer.expectBytes(BYTES));
                assertEquals("p {}", body(peer, peer.expectHead()));
            }
        }

        private Path sparse(long bytes) throws IOException {
            Path file = root.resolve("sparse.bin");
            try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
                sparse.setLength(bytes);
            }
            return file;
        }

        /** {@return whether this process has the file open} */
        private static boolean isOpen(Path file) {
            try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
                return descriptors.anyMatch(descriptor -> leadsTo(descriptor, file));
            } catch (IOException _) {
                return false;
            }
        }

        private static boolean leadsTo(Path descriptor, Path file) {
            try {
                return Files.readSymbolicLink(descriptor).equals(file);
            } catch (IOException _) {
                return false; // Closed meanwhile.
            }
        }

        @Test
        void isNeverInMemoryAsAWholeAndIsLetGoWithItsClient() throws Exception {
            long bytes = 1L << 40;
            Path file = sparse(bytes).toRealPath();
            try (ServerUnderTest tested = start()) {
                try (ScriptedPeer peer = tested.send(tested.getRequest("/files/sparse.bin"))) {
                    assertEquals(List.of("" + bytes), peer.response().headers("Content-Length"));
                    assertEquals(1 << 20, peer.expectBytes(1 << 20).length);
                    tested.controlEchoes();
                    peer.reset();
                }
                tested.awaitNoOthers();
                ServerUnderTest.await("it is still open", () -> !isOpen(file));
            }
        }

        @Test
        void aClientThatTakesNothingIsDroppedInTime() throws Exception {
            Path file = sparse(1L << 40).toRealPath();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                        builder.handshakeTimeout(Duration.ofMillis(500));
                        files(builder);
                    });
                    Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1(tested.getRequest("/files/sparse.bin")));
                assertEquals('H', client.getInputStream().read());
                tested.awaitNoOthers();
                ServerUnderTest.await("it is still open", () -> !isOpen(file));
            }
        }

        @Test
        void aClientThatGoesOnTakingIsNot() throws Exception {
            Path file = sparse(156 << 20);
            HttpRoutes routes = new HttpRoutes();
            routes.handle("GET", "/files/*", new StaticFiles(root));
            try (ClockedServer server = new ClockedServer(routes, Duration.ofSeconds(10));
                    Socket client = new Socket(ServerUnderTest.HOST, server.port())) {
                client.getOutputStream()
                        .write(latin1("GET /files/" + file.getFileName() + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
                byte[] piece = new byte[1 << 20];
                for (int i = 0; i < 3; i++) {
                    for (int mebibyte = 0; mebibyte < 48; mebibyte++) { // More than all buffers on the way hold.
                        assertEquals(piece.length, client.getInputStream().readNBytes(piece, 0, piece.length));
                    }
                    server.clock.advance(Duration.ofSeconds(8));
                }
                assertEquals(12 << 20, client.getInputStream().readNBytes(12 << 20).length);
            }
        }

        /** Reads to the end, or to the reset. */
        private static void drain(Socket client) {
            byte[] piece = new byte[1 << 16];
            try {
                while (client.getInputStream().read(piece) >= 0) {}
            } catch (IOException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("reset"), e.getMessage());
            }
        }

        @Test
        void oneThatBecomesShorterEndsItsConnectionAlone() throws Exception {
            Path file = sparse(1L << 40);
            try (LogLines log = LogLines.record();
                    ServerUnderTest tested = start();
                    Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1(tested.getRequest("/files/sparse.bin")));
                assertEquals('H', client.getInputStream().read());
                sparse(0);
                drain(client);
                tested.awaitNoOthers();
                assertEquals(0, Files.size(file));
                ServerUnderTest.await(
                        "not logged",
                        () -> !log.warnings(line -> line.contains("/files/*")).isEmpty());
            }
        }
    }

    @Test
    void anAnswerIsOneHeadWhateverTheCase() throws Exception {
        try (ServerUnderTest tested = start();
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.getOutputStream().write(latin1(tested.getRequest("/files/sub/style.css", "Connection: close")));
            String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\nETag: W/\""), answer);
            assertTrue(answer.endsWith("Connection: close\r\n\r\np {}"), answer);
        }
    }
}
