// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A server in a process of its own, which takes all descriptors on command. Its argument is how many loops, its first
 * line the port; {@code starve N} leaves N descriptors free, {@code feed} gives all back; both are answered with a
 * line, and the end of the input ends the process.
 */
final class StarvedServer {
    private static final Deque<FileInputStream> TAKEN = new ArrayDeque<>();

    private StarvedServer() {}

    public static void main(String[] args) throws IOException {
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind(ServerUnderTest.HOST, 0)
                        .loops(Integer.parseInt(args[0]))
                        .handle("/echo", StarvedServer::echo)
                        .listen("/listener", Upgrader.create(), new Listener() {
                            @Override
                            public void onText(Connection connection, MessageView message) throws IOException {
                                connection.writeMessage(message);
                            }
                        })
                        .start();
                BufferedReader commands =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println(server.port());
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                feed();
                if (line.startsWith("starve ")) {
                    starve(Integer.parseInt(line.substring("starve ".length())));
                }
                System.out.println("done");
            }
        }
        System.exit(0);
    }

    private static void echo(Exchange exchange) throws IOException {
        try (Connection connection = Upgrader.create().upgrade(exchange)) {
            for (Message m = connection.readMessage(); m != null; m = connection.readMessage()) {
                connection.writeMessage(m);
            }
        }
    }

    private static void starve(int free) {
        try {
            while (true) {
                TAKEN.push(new FileInputStream("/dev/null"));
            }
        } catch (IOException _) { // No descriptor is left.
            for (int i = 0; i < free; i++) {
                close(TAKEN.pop());
            }
        }
    }

    private static void feed() {
        while (!TAKEN.isEmpty()) {
            close(TAKEN.pop());
        }
    }

    private static void close(FileInputStream taken) {
        try {
            taken.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
