// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where a run was made. */
record Machine(String cpu, int cores, long memoryMib, String kernel, String jdk) {
    /** {@return this machine} @throws IOException if it is no Linux */
    static Machine here() throws IOException {
        return new Machine(
                after("model name", Files.readAllLines(Path.of("/proc/cpuinfo"))),
                cores(Files.readAllLines(Path.of("/proc/cpuinfo"))),
                memoryMib("MemTotal"),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                System.getProperty("java.vm.name") + " " + Runtime.version());
    }

    /**
     * {@return what {@code taskset -c} takes for all cores: the runner is pinned, and its children would inherit that}
     */
    static String allCores() throws IOException {
        return "0-" + (cores(Files.readAllLines(Path.of("/proc/cpuinfo"))) - 1);
    }

    /** {@return how much memory is free or can be freed} */
    static long availableMib() throws IOException {
        return memoryMib("MemAvailable");
    }

    /** {@return how many files this process and its children may have open} */
    static long openFiles() throws IOException {
        String limit = after("Max open files", Files.readAllLines(Path.of("/proc/self/limits")));
        String soft = limit.strip().split("\\s+", -1)[0];
        return soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
    }

    /** {@return all cores of the machine: the process itself is pinned to one} */
    static int cores(List<String> cpuinfo) {
        return (int)
                cpuinfo.stream().filter(line -> line.startsWith("processor")).count();
    }

    private static long memoryMib(String key) throws IOException {
        String value = after(key, Files.readAllLines(Path.of("/proc/meminfo")));
        return Long.parseLong(value.replace("kB", "").strip()) / 1024;
    }

    /** {@return the rest of the first line that begins with a key, without colon and blanks; "?" if there is none} */
    static String after(String key, List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(key.length())
                        .replaceFirst("^[\\s:]+", "")
                        .strip())
                .findFirst()
                .orElse("?");
    }
}
