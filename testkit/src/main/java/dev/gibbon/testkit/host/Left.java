// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What this process had at one time, to see what is left of more at another. */
final class Left {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private final Set<Thread> threads = new HashSet<>(threads());
    private final List<String> descriptors = descriptors();

    /** Waits until there is none of our threads, and no socket, selector or pipe, that there was not then. */
    void awaitNothingMore(HostSuite suite) throws InterruptedException {
        Await.until(
                () -> "threads are left: " + moreThreads(), () -> moreThreads().isEmpty());
        awaitNoMoreDescriptors(suite);
    }

    /** Where the host has no {@link Ability#DESCRIPTORS} they are not looked at. */
    void awaitNoMoreDescriptors(HostSuite suite) throws InterruptedException {
        if (!suite.can(Ability.DESCRIPTORS)) {
            return;
        }
        Await.until(
                () -> "descriptors are left: " + descriptors() + ", before " + descriptors,
                () -> descriptors().size() <= descriptors.size());
    }

    private List<String> moreThreads() {
        return threads().stream()
                .filter(thread -> !threads.contains(thread))
                .map(Thread::getName)
                .toList();
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("gibbon"))
                .collect(Collectors.toSet());
    }

    /** Those that connections have; a jar may be opened by anybody at any time. Empty where there is no /proc. */
    private static List<String> descriptors() {
        if (!Files.isDirectory(DESCRIPTORS)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(DESCRIPTORS)) {
            return all.map(Left::target)
                    .filter(target -> target.startsWith("socket:")
                            || target.startsWith("pipe:")
                            || target.startsWith("anon_inode:"))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError("no list of descriptors", e);
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException _) {
            // It was closed meanwhile, as the one that lists them all is.
            return "";
        }
    }
}
