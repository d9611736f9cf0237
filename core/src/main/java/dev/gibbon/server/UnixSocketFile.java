// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Where a Unix-domain socket is to be: tells what is in the way. */
public final class UnixSocketFile {
    private UnixSocketFile() {}

    /**
     * Refuses a place where no socket can be made. What is there is never deleted: it may be the socket of a server
     * that is about to listen.
     *
     * @throws BindException if there is something; the message says whether a server listens on it
     * @throws NoSuchFileException if the directory is missing
     */
    static void requireFree(Path path) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new NoSuchFileException("there is no directory " + parent + " for the socket");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new BindException(path + " exists" + whatIs(path));
        }
    }

    private static String whatIs(Path path) {
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return ", and a server listens on it";
        } catch (ConnectException e) {
            return "Connection refused".equals(e.getMessage()) && isSpecial(path)
                    ? ", but no server listens on it any more; delete it"
                    : "";
        } catch (IOException _) {
            return "";
        }
    }

    private static boolean isSpecial(Path path) {
        return !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(path);
    }
}
