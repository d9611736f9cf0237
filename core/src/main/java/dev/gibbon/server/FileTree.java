// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.http.PathEscapes;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The files below a directory, by paths as peers send them. No spelling leads out of it, to a name that begins with a
 * dot, or to a file by a name that is not its own, as where a file system does not mind case: a filter guards paths,
 * and has to see the one name. Links lead as far as the directory goes, and not out of it.
 */
final class FileTree {
    /**
     * What a path leads to.
     *
     * @param name the last name of the path
     * @param path without links
     */
    record Entry(String name, Path path, BasicFileAttributes attributes) {}

    private final Path root;

    FileTree(Path root) {
        this.root = root;
    }

    /**
     * {@return what a path below the directory leads to; null if there is nothing, or nothing for peers}
     *
     * @param sent escaped, without a slash at its beginning
     * @param index the name of what is meant where the path ends in a slash; null where it does not
     * @throws IOException if the directory itself is not there
     */
    @Nullable
    Entry find(String sent, @Nullable String index) throws IOException {
        List<String> names = names(sent, index);
        Path base = root.toRealPath(); // Each time: a new release may be put in the place of the old one.
        if (names == null) {
            return null;
        }
        try {
            Path asked = base;
            for (String name : names) {
                asked = asked.resolve(name);
            }
            Path real = asked.toRealPath();
            boolean ours = real.startsWith(base) && (real.equals(asked) || hasLink(base, names));
            String last = names.isEmpty() ? "" : names.getLast();
            return ours ? new Entry(last, real, Files.readAttributes(real, BasicFileAttributes.class)) : null;
        } catch (FileSystemException | InvalidPathException _) {
            return null; // Not there, no directory on the way, a name too long, a loop of links, not to be read.
        }
    }

    private static @Nullable List<String> names(String sent, @Nullable String index) {
        List<String> names = new ArrayList<>();
        if (sent.isEmpty() && index == null) {
            return names;
        }
        String[] segments = sent.split("/", -1);
        for (int i = 0; i < segments.length; i++) {
            Optional<String> name =
                    index != null && i == segments.length - 1 ? Optional.of(index) : PathEscapes.decoded(segments[i]);
            if (name.filter(FileTree::isForPeers).isEmpty()) {
                return null;
            }
            names.add(name.get());
        }
        return names;
    }

    private static boolean isForPeers(String name) {
        boolean windows = File.separatorChar == '\\';
        return !name.isEmpty()
                && !name.startsWith(".")
                && name.chars().noneMatch(c -> c < ' ' || c == '/' || c == '\\' || (windows && c == ':'));
    }

    private static boolean hasLink(Path base, List<String> names) {
        Path at = base;
        for (String name : names) {
            at = at.resolve(name);
            if (Files.isSymbolicLink(at)) {
                return true;
            }
        }
        return false;
    }
}
