// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * All that a run found, as it is kept in {@code peers.json}; the report is made of nothing else.
 *
 * @param about when, where and how
 * @param rivals those that were built
 * @param skipped what was left out
 * @param measurements in the order in which they were made
 */
record Results(About about, List<Rival> rivals, List<Skipped> skipped, List<Measurement> measurements) {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .build();

    /**
     * When, where and how a run was made.
     *
     * @param date when it began
     * @param command the command line
     * @param commit of this repository
     * @param rounds how many were asked for
     * @param roundsDone how many are in the results
     * @param warmupMillis before each measured time
     * @param measuredMillis each measured time
     */
    record About(
            String date,
            String command,
            String commit,
            Machine machine,
            int rounds,
            int roundsDone,
            long warmupMillis,
            long measuredMillis) {}

    /**
     * Something that was left out.
     *
     * @param name a rival's, or a scenario's
     */
    record Skipped(String name, String reason) {}

    static LoadResult load(String json) throws IOException {
        return JSON.readValue(json, LoadResult.class);
    }

    static Results read(Path file) throws IOException {
        return JSON.readValue(file.toFile(), Results.class);
    }

    void write(Path file) throws IOException {
        Files.writeString(file, JSON.writeValueAsString(this) + "\n");
    }
}
