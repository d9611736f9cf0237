// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The page on adapters: what it shows stands here, and runs. */
@Timeout(300)
class HostPageTest {
    /** A server's request, as adapters meet it. */
    interface Request {
        String method();

        String host();

        boolean secure();

        Headers headers();

        SocketAddress peer();

        String path();

        void respond(int status, Headers headers, byte[] body) throws IOException;

        Endpoint takeOver();
    }

    /** A server's connection below its requests. */
    interface Endpoint {
        int fill(ByteBuffer dst) throws IOException;

        long send(ByteBuffer[] srcs, int offset, int length) throws IOException;

        boolean isDrained();

        void onReadable(Runnable task);

        void onDrained(Runnable task);

        void end();

        void drop();

        ByteBuffer leftover();

        Optional<HostLoop> loop();
    }

    static void upgrade(WebSocketHost host, Upgrader upgrader, Request request, Listener listener) throws IOException {
        UpgradeRequest asked = UpgradeRequest.http(
                        request.method(), "HTTP/1.1", request.host(), request.secure(), request.headers())
                .from(request.peer())
                .at(request.path()); // for lines of the log
        switch (host.reply(upgrader, asked, Headers.of())) {
            case UpgradeReply.Refused refused -> request.respond(refused.status(), refused.headers(), refused.body());
            case UpgradeReply.Accepted accepted -> {
                try (accepted) { // gives back what was set aside, unless a connection has it
                    request.respond(accepted.status(), accepted.headers(), accepted.body());
                    Endpoint endpoint = request.takeOver();
                    host.open(accepted, new EndpointStream(endpoint), endpoint.leftover())
                            .listen(listener);
                }
            }
        }
    }

    record EndpointStream(Endpoint endpoint) implements AsyncStream {
        @Override
        public int read(ByteBuffer dst) throws IOException {
            return endpoint.fill(dst); // 0 if nothing is there, -1 at the end; never waits
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            return endpoint.send(srcs, offset, length); // 0 if there is no room
        }

        @Override
        public boolean flushed() throws IOException {
            return endpoint.isDrained(); // nothing that was taken is still on its way: close() may throw it away
        }

        @Override
        public void whenReadable(Runnable task) {
            endpoint.onReadable(task); // once; also for the end and for a failure; never inside this call
        }

        @Override
        public void whenWritable(Runnable task) {
            endpoint.onDrained(task);
        }

        @Override
        public void shutdownOutput() throws IOException {
            endpoint.end();
        }

        @Override
        public void close() throws IOException {
            endpoint.drop();
        }

        @Override
        public Optional<HostLoop> loop() {
            return endpoint.loop(); // host.loop(name, executor, onThread): one for each event thread
        }
    }

    /** A request that has come, of a server in memory. */
    private record MemoryRequest(HostStream stream, Headers headers) implements Request, Endpoint {
        @Override
        public String method() {
            return "GET";
        }

        @Override
        public String host() {
            return headers.first("Host").orElse("");
        }

        @Override
        public boolean secure() {
            return false;
        }

        @Override
        public SocketAddress peer() {
            return new InetSocketAddress("192.0.2.1", 4711);
        }

        @Override
        public String path() {
            return "/chat";
        }

        @Override
        public void respond(int status, Headers fields, byte[] body) throws IOException {
            StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Text\r\n");
            fields.forEach(field ->
                    head.append(field.name()).append(": ").append(field.value()).append("\r\n"));
            head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
            byte[] bytes = head.toString().getBytes(StandardCharsets.ISO_8859_1);
            long _ = stream.write(new ByteBuffer[] {ByteBuffer.wrap(bytes), ByteBuffer.wrap(body)}, 0, 2);
        }

        @Override
        public Endpoint takeOver() {
            return this;
        }

        @Override
        public int fill(ByteBuffer dst) throws IOException {
            return stream.read(dst);
        }

        @Override
        public long send(ByteBuffer[] srcs, int offset, int length) throws IOException {
            return stream.write(srcs, offset, length);
        }

        @Override
        public boolean isDrained() {
            return stream.flushed();
        }

        @Override
        public void onReadable(Runnable task) {
            stream.whenReadable(task);
        }

        @Override
        public void onDrained(Runnable task) {
            stream.whenWritable(task);
        }

        @Override
        public void end() {
            stream.shutdownOutput();
        }

        @Override
        public void drop() {
            stream.close();
        }

        @Override
        public ByteBuffer leftover() {
            return ByteBuffer.allocate(0);
        }

        @Override
        public Optional<HostLoop> loop() {
            return Optional.empty();
        }
    }

    private static ScriptedPeer connect(WebSocketHost host, ExecutorService events, String... more) throws IOException {
        HostStream stream = new HostStream(events, null, true);
        ScriptedPeer peer = ScriptedPeer.over(stream.client(), Role.CLIENT);
        Headers fields = Headers.builder()
                .addAll(Headers.of("Host", "example.com", "Upgrade", "websocket", "Connection", "Upgrade"))
                .addAll(Headers.of("Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", HttpHead.SAMPLE_KEY))
                .addAll(Headers.of(more))
                .build();
        upgrade(host, Upgrader.create(), new MemoryRequest(stream, fields), new Listener() {
            @Override
            public void onText(Connection connection, MessageView message) throws IOException {
                connection.writeMessage(message);
            }
        });
        return peer;
    }

    @Test
    void whatThePageShowsServesAndRefuses() throws Exception {
        ExecutorService events = Executors.newSingleThreadExecutor();
        try (events;
                WebSocketHost host = WebSocketHost.builder().loops(1).build()) {
            try (ScriptedPeer peer = connect(host, events)) {
                assertEquals(101, peer.expectHead().status());
                peer.sendText("hello");
                peer.expectText("hello");
                peer.sendClose(1000, "");
                peer.expectClose(1000);
                peer.expectEnd();
            }
            try (ScriptedPeer peer = connect(host, events, "Origin", "http://elsewhere.example")) {
                assertEquals(403, peer.expectHead().status());
            }
        }
    }

    @Test
    void whatThePageShowsStandsHere() throws IOException {
        String page = NamedTests.page("docs/how-to/host.md");
        String here = bare(Files.readString(Path.of("src", "test", "java", "dev", "gibbon", "HostPageTest.java")));
        long blocks = Pattern.compile("(?s)```java\n(.*?)```")
                .matcher(page)
                .results()
                .peek(block -> assertTrue(here.contains(bare(block.group(1))), block.group(1)))
                .count();
        assertEquals(2, blocks);
    }

    private static String bare(String code) {
        return code.replaceAll("\\s+", "");
    }
}
