// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * One name look-up that can be left. The platform's look-up blocks in native code that
 * nothing can end, so it runs on a thread of its own, which is abandoned: a platform thread,
 * since a virtual one would keep its carrier, and there are as few of these as cores.
 */
final class Lookup implements Closeable {
    private final CompletableFuture<List<InetAddress>> addresses = new CompletableFuture<>();
    private final Resolver resolver;
    private final String host;

    Lookup(Resolver resolver, String host) {
        this.resolver = resolver;
        this.host = host;
    }

    List<InetAddress> await() throws IOException {
        try {
            return List.of(InetAddress.ofLiteral(host));
        } catch (IllegalArgumentException _) {
            // A name, or an address in a zone that this machine
            // does not have: the resolver knows what to say.
        }
        Thread thread = Thread.ofPlatform().daemon().name("gibbon-lookup").start(this::resolve);
        try {
            return addresses.get();
        } catch (InterruptedException _) {
            thread.interrupt(); // Of use to a resolver that is not the platform's.
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        } catch (ExecutionException e) {
            thread.interrupt();
            throw e.getCause() instanceof IOException failure
                    ? failure
                    : new IOException("the name look-up failed", e.getCause());
        }
    }

    private void resolve() {
        try {
            List<InetAddress> found = resolver.resolve(host);
            if (found.isEmpty()) {
                throw new UnknownHostException(host);
            }
            addresses.complete(found);
        } catch (IOException | RuntimeException e) {
            addresses.completeExceptionally(e);
        }
    }

    /** Ends the wait. */
    @Override
    public void close() {
        addresses.completeExceptionally(new AsynchronousCloseException());
    }
}
