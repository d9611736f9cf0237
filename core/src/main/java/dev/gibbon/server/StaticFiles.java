// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Exchange;
import dev.gibbon.ExchangeHandler;
import dev.gibbon.Headers;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The files of a directory, for a pattern that ends in a star. */
public final class StaticFiles implements ExchangeHandler {
    private static final String INDEX = "index.html";

    /** What is in memory of a file, for each client that takes it. */
    private static final int PIECE_BYTES = 16 * 1024;

    private final FileTree tree;

    /**
     * Serves what is in a directory by then.
     *
     * @throws IllegalArgumentException if it is none
     */
    public StaticFiles(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new IllegalArgumentException("no directory: " + directory);
        }
        this.tree = new FileTree(directory);
    }

    @Override
    public void handle(Exchange exchange) throws IOException {
        switch (exchange) {
            case ServerExchange request -> answer(request);
        }
    }

    private void answer(ServerExchange exchange) throws IOException {
        boolean asDirectory = exchange.path().endsWith("/");
        FileTree.Entry entry = tree.find(exchange.pathParameter("*"), asDirectory ? INDEX : null);
        if (entry != null && entry.attributes().isRegularFile()) {
            answer(exchange, entry);
        } else if (entry != null && entry.attributes().isDirectory() && !asDirectory) {
            // Links of its index are relative to it.
            String query = exchange.query().map(text -> "?" + text).orElse("");
            exchange.respond(301, Headers.of("Location", exchange.path() + "/" + query), new byte[0]);
        } else { // Not there, or a pipe, say, which would be waited for.
            notFound(exchange);
        }
    }

    private static void notFound(ServerExchange exchange) throws IOException {
        exchange.respond(404, "text/plain", "404 Not Found\n");
    }

    private static void answer(ServerExchange exchange, FileTree.Entry file) throws IOException {
        FileVersion version = FileVersion.of(file.attributes());
        Headers.Builder fields = Headers.builder().addAll(version.fields()).add("Cache-Control", "no-cache");
        if (version.isKnown(exchange.headers())) {
            exchange.respond(304, fields.build(), new byte[0]);
            return;
        }
        fields.add("Content-Type", MediaTypes.of(file.name())).add("X-Content-Type-Options", "nosniff");
        try (SeekableByteChannel content = Files.newByteChannel(file.path())) {
            send(exchange, fields.build(), content);
        } catch (NoSuchFileException | AccessDeniedException _) {
            notFound(exchange); // Removed since, or not to be read.
        }
    }

    private static void send(ServerExchange exchange, Headers fields, SeekableByteChannel content) throws IOException {
        long left = content.size();
        ByteBuffer head = exchange.begin(200, fields, left);
        if (exchange.method().equals("HEAD") || left == 0) {
            exchange.write(head);
            return;
        }
        try {
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(left, PIECE_BYTES));
            while (left > 0) {
                read(content, piece, left);
                left -= piece.remaining();
                exchange.write(head, piece);
                exchange.goOn();
            }
        } catch (IOException | RuntimeException | Error e) {
            exchange.breakOff();
            throw e;
        }
    }

    private static void read(SeekableByteChannel content, ByteBuffer piece, long most) throws IOException {
        piece.clear().limit((int) Math.min(piece.capacity(), most));
        if (content.read(piece) < 0) {
            throw new EOFException("a file has become shorter while it was sent, by " + most + " bytes at least");
        }
        piece.flip();
    }
}
