// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A TLS context made of files, and made anew when one of them is another: what tools replace, be it in place, by a
 * rename or by a symbolic link that leads elsewhere. To look costs a system call for each file. Any thread.
 */
public final class ReloadedContext implements Supplier<SSLContext> {
    /** Makes the context of the files as they are now. */
    @FunctionalInterface
    public interface Load {
        /**
         * Reads the files.
         *
         * @throws IOException if they are not what they have to be
         */
        SSLContext context() throws IOException;
    }

    /** What tells one version of a file from the next; null if there is no file. */
    private record Version(
            FileTime modified, long size, @Nullable Object key) {}

    private final List<Path> files;
    private final Load load;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private List<@Nullable Version> loaded;
    private SSLContext context;

    /** Why the files as they are now make no context. */
    private @Nullable IOException failure;

    /**
     * Loads the files for the first time.
     *
     * @throws IOException if they are not what they have to be
     */
    public ReloadedContext(List<Path> files, Load load) throws IOException {
        this.files = List.copyOf(files);
        this.load = load;
        loaded = versions();
        context = load.context();
    }

    /** What comes before a read: whatever changes from then on is seen the next time. */
    private List<@Nullable Version> versions() {
        List<@Nullable Version> now = new ArrayList<>(files.size());
        for (Path file : files) {
            now.add(version(file));
        }
        return now;
    }

    private static @Nullable Version version(Path file) {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(found.lastModifiedTime(), found.size(), found.fileKey());
        } catch (IOException _) {
            return null; // To read it will say why.
        }
    }

    /**
     * {@return the context of the files as they are now}
     *
     * @throws UncheckedIOException if they are not what they have to be; the message says which and why
     */
    @Override
    public SSLContext get() {
        lock.lock();
        try {
            List<@Nullable Version> now = versions();
            if (!now.equals(loaded)) {
                loaded = now;
                reloadLocked();
            }
            if (failure != null) {
                throw new UncheckedIOException(failure.getMessage(), failure);
            }
            return context;
        } finally {
            lock.unlock();
        }
    }

    private void reloadLocked() {
        try {
            context = load.context();
            failure = null;
        } catch (IOException e) {
            failure = e;
        }
    }
}
