// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** Passes one connection on to a server, and reads along what the server agrees to: most clients do not tell. */
final class Relay implements AutoCloseable {
    private static final int MAX_HEAD_BYTES = 16 * 1024;

    private final ServerSocket listening = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
    private final CompletableFuture<String> agreed = new CompletableFuture<>();
    private final URI server;

    Relay(URI server) throws IOException {
        this.server = server;
        Thread _ = Thread.startVirtualThread(this::passOn);
    }

    URI url() {
        return URI.create("ws://127.0.0.1:" + listening.getLocalPort() + server.getPath());
    }

    /** {@return the reply's Sec-WebSocket-Extensions, empty if there is none} Waits for it. */
    String agreed() {
        return agreed.join();
    }

    private void passOn() {
        try (Socket client = listening.accept();
                Socket peer = new Socket(server.getHost(), server.getPort())) {
            client.setTcpNoDelay(true);
            peer.setTcpNoDelay(true);
            Thread _ = Thread.startVirtualThread(() -> copy(client, peer));
            readReply(peer.getInputStream(), client.getOutputStream());
            copy(peer, client);
        } catch (IOException e) {
            agreed.completeExceptionally(e);
        }
    }

    private void readReply(InputStream in, OutputStream out) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0 && head.length() < MAX_HEAD_BYTES) {
            int b = in.read();
            if (b < 0) {
                throw new IOException("the server left");
            }
            head.append((char) b);
        }
        agreed.complete(head.toString()
                .lines()
                .filter(line -> line.regionMatches(true, 0, "Sec-WebSocket-Extensions:", 0, 25))
                .map(line -> line.substring(25).strip())
                .findFirst()
                .orElse(""));
        out.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private static void copy(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException e) {
            // A client ends its connection as it likes, and tells the conversation.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
