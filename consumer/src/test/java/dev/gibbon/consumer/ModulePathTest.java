// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import java.lang.module.ModuleDescriptor;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ModulePathTest {
    @Test
    void applicationAndLibraryAreNamedModules() {
        assertEquals("dev.gibbon.consumer", Application.class.getModule().getName());
        assertEquals("dev.gibbon", CloseCode.class.getModule().getName());
    }

    @Test
    void exportedApiIsUsableFromAnotherModule() {
        assertEquals("1001 (going away)", Application.farewell());
    }

    @Test
    void onlyTheApiIsExportedToEveryone() {
        ModuleDescriptor library = CloseCode.class.getModule().getDescriptor();
        Set<String> exported = library.exports().stream()
                .filter(exports -> !exports.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        assertTrue(exported.contains("dev.gibbon"), exported.toString());
        exported.removeAll(Set.of("dev.gibbon", "dev.gibbon.extension"));
        assertEquals(Set.of(), exported);
    }
}
