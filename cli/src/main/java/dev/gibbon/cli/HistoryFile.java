// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where typed lines are kept from one session to the next, for their owner's eyes alone: messages may be secrets. */
final class HistoryFile {
    private static final Set<PosixFilePermission> OWNER_DIRECTORY = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> OWNER_FILE = PosixFilePermissions.fromString("rw-------");

    private HistoryFile() {}

    /**
     * {@return where it is: in the directory of the XDG Base Directory Specification for state} Empty without a home.
     */
    static Optional<Path> path(Map<String, String> environment) {
        Path state = Path.of(environment.getOrDefault("XDG_STATE_HOME", ""));
        if (!state.isAbsolute()) { // The specification has relative ones ignored.
            Path home = Path.of(environment.getOrDefault("HOME", ""));
            if (!home.isAbsolute()) {
                return Optional.empty();
            }
            state = home.resolve(".local/state");
        }
        return Optional.of(state.resolve("gibbon").resolve("connect-history"));
    }

    /** {@return the file, there and closed to others} */
    static Path prepare(Path file) throws IOException {
        Path directory = file.getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNER_DIRECTORY));
        }
        try {
            return Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_FILE));
        } catch (FileAlreadyExistsException _) {
            return Files.setPosixFilePermissions(file, OWNER_FILE);
        }
    }
}
