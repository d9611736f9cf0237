// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Linux tells of a process. */
class LoadedProcessTest {
    @TempDir
    private Path directory;

    @Test
    void cpuTimeIsOfUserAndSystemWhateverTheName() throws Exception {
        write("stat", "42 (a) b (c) S 1 42 42 0 -1 4194560 9 8 7 6 150 25 1 2 20 0 30 0 100 200 300\n");
        write("status", "Name:\ta) b (c\nVmHWM:\t  999 kB\nVmRSS:\t    2048 kB\nThreads:\t30\n");
        assertEquals(new LoadedProcess.Usage(1_750_000_000L, 2 << 20), new LoadedProcess(directory, 42).usage());
    }

    @Test
    void whatIsNotThereIsNoProcess() {
        CommandFailedException e =
                assertThrows(CommandFailedException.class, () -> new LoadedProcess(directory, 42).usage());
        assertEquals("there is no process 42", e.getMessage());
    }

    private void write(String file, String text) throws Exception {
        Files.writeString(directory.resolve(file), text);
    }
}
