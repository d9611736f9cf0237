// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;

/**
 * A server in a process of its own that runs until a signal stops it. Its argument is for how many seconds it drains,
 * if it does; its first line is the port, its last says that the server has ended.
 */
final class StoppedServer {
    private StoppedServer() {}

    public static void main(String[] args) throws Exception {
        try (WebSocketServer server = WebSocketServer.builder()
                .bind(ServerUnderTest.HOST, 0)
                .serve("/echo", ServerUnderTest::echo)
                .handle("/health", exchange -> exchange.respond(200, "text/plain", "well"))
                .start()) {
            System.out.println(server.port());
            if (args.length == 0) {
                server.runUntilStopped();
            } else {
                server.runUntilStopped(CloseCode.SERVICE_RESTART, Duration.ofSeconds(Long.parseLong(args[0])));
            }
        }
        System.out.println("ended");
    }
}
