// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.command;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.Message;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a program for each connection: a message is a line of its input, a line of its output is a message. Only pages
 * of the same origin may connect, which matters here more than elsewhere.
 */
public final class Server {
    private static final long PATIENCE_SECONDS = 5;

    private final List<String> command;

    private Server(List<String> command) {
        this.command = command;
    }

    /**
     * Serves until stopped.
     *
     * @param args the program and its arguments, such as {@code cat} or {@code bc -q}
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            System.err.println("which program? for example: cat");
            System.exit(2);
        }
        try (WebSocketServer server = start(Running.port(), List.of(args))) {
            Running.untilStopped(server);
        }
    }

    static WebSocketServer start(int port, List<String> command) throws IOException {
        Server bridge = new Server(command);
        return WebSocketServer.builder()
                .bind("localhost", port)
                .handle("/", Running::answerPage)
                .serve("/ws", bridge::run)
                .start();
    }

    private void run(Connection ws) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            Thread.startVirtualThread(() -> sendOutput(process, ws));
            feedInput(process, ws);
        } finally {
            end(process);
        }
    }

    private static void feedInput(Process process, Connection ws) throws IOException {
        OutputStream input = process.getOutputStream();
        for (Message message; (message = ws.readMessage()) != null; ) {
            try {
                input.write(message.bytes());
                input.write('\n');
                input.flush();
            } catch (IOException _) {
                return; // The program reads no more.
            }
        }
    }

    private static void sendOutput(Process process, Connection ws) {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = output.readLine()) != null; ) {
                ws.writeText(line);
            }
            ws.close(CloseCode.NORMAL, "the program ended");
        } catch (IOException _) {
            ws.abort(); // Nobody listens any more.
        }
    }

    /** Asks three times, each time less kindly: end of input, SIGTERM, SIGKILL. */
    private static void end(Process process) throws InterruptedException {
        try {
            process.getOutputStream().close();
        } catch (IOException _) {
            // It has ended before.
        }
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroy();
        }
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
