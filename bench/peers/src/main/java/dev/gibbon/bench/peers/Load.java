// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs {@code gibbon load}.
 *
 * @param gibbon the command
 * @param log where its error output goes
 */
record Load(Children children, Path gibbon, Path log) {
    /**
     * {@return what the load found}
     *
     * @throws IOException if it failed, told of errors, or took so long that something must hang
     */
    LoadResult run(Scenario scenario, ServerProcess server, Duration warmup, Duration measured)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("taskset", "-c", scenario.setting().pinned() ? "1" : Machine.allCores()));
        command.addAll(List.of(gibbon.toString(), "load"));
        command.addAll(scenario.loadArguments(server.port(), server.echoPath()));
        command.addAll(List.of("--warmup", warmup.toMillis() + "ms", "--duration", measured.toMillis() + "ms"));
        command.addAll(List.of("--pid", Long.toString(server.pid()), "--json"));
        Process process =
                new ProcessBuilder(command).redirectError(log.toFile()).start();
        children.add(process);
        try {
            process.getOutputStream().close();
            CompletableFuture<String> output = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try (var in = process.getInputStream()) {
                    output.complete(new String(in.readAllBytes(), StandardCharsets.UTF_8));
                } catch (IOException e) {
                    output.completeExceptionally(e);
                }
            });
            Duration limit = warmup.plus(measured)
                    .plusSeconds(scenario.setupSeconds())
                    .multipliedBy(4)
                    .plusSeconds(20);
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("the load did not end within " + limit.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException("the load ended with " + process.exitValue() + ServerProcess.lastLine(log));
            }
            LoadResult result = Results.load(output.get(5, TimeUnit.SECONDS));
            if (result.errors() > 0) {
                throw new IOException(result.errors() + " errors of the load" + ServerProcess.lastLine(log));
            }
            return result;
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the load's output cannot be read", e);
        } finally {
            Children.killTree(process);
            children.remove(process);
        }
    }
}
