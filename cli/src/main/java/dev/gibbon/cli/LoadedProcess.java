// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A process of this machine as Linux describes it below {@code /proc}: what it cost so far.
 *
 * @param directory the process's own directory there
 * @param pid its number
 */
record LoadedProcess(Path directory, long pid) {
    /** What the kernel counts CPU time in for other programs, on every architecture that Java runs on. */
    private static final long NANOS_PER_TICK = 1_000_000_000L / 100;

    /**
     * Of the fields behind the name, which is in parentheses:
     * state is the first, utime and stime are the 12th and 13th.
     */
    private static final int USER_TICKS = 11;

    private static final int SYSTEM_TICKS = 12;

    /**
     * What a process used.
     *
     * @param cpuNanos CPU time of all its threads since it began
     * @param rssBytes memory that it holds now
     */
    record Usage(long cpuNanos, long rssBytes) {}

    /**
     * {@return the process with this number}
     *
     * @throws CommandFailedException if there is none, or no way to look at it
     */
    static LoadedProcess of(long pid) throws CommandFailedException {
        LoadedProcess process = new LoadedProcess(Path.of("/proc", Long.toString(pid)), pid);
        if (!Files.isDirectory(Path.of("/proc", "self"))) {
            throw new CommandFailedException("--pid needs Linux's /proc");
        }
        Usage _ = process.usage();
        return process;
    }

    /** {@return what it used so far} @throws CommandFailedException if it is gone */
    Usage usage() throws CommandFailedException {
        try {
            String stat = Files.readString(directory.resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            long ticks = Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS]);
            return new Usage(ticks * NANOS_PER_TICK, rssBytes());
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            throw new CommandFailedException("there is no process " + pid, e);
        }
    }

    private long rssBytes() throws IOException {
        List<String> status = Files.readAllLines(directory.resolve("status"), StandardCharsets.ISO_8859_1);
        for (String line : status) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10; // In kB, which are KiB.
            }
        }
        return 0; // It has ended, and its parent has not asked yet.
    }
}
