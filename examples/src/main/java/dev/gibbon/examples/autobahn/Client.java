// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.autobahn;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.Message;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.WebSocketException;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;

/**
 * Lets a fuzzing server judge our client: asks how many cases there are, and in each echoes what comes until the
 * connection ends. The server keeps the verdicts to itself and writes its report when asked to.
 */
public final class Client {
    /**
     * Cases 9.* send 16 MiB in one message, and 4 MiB in 65 536
     * fragments: more than a client should take that knows no better.
     */
    private static final ConnectionOptions ROOMY = ConnectionOptions.builder()
            .maxMessageBytes(64L << 20)
            .maxFragments(1 << 20)
            .build();

    private final Dialer dialer = Dialer.builder()
            .options(ROOMY)
            .permessageDeflate(PermessageDeflate.defaults())
            .build();
    private final String server;

    private Client(String server) {
        this.server = server;
    }

    /**
     * Goes through all cases.
     *
     * @param args the server's address, such as {@code ws://127.0.0.1:9001}, and the name to be reported under
     * @throws IOException if the server is not reached, refuses, or does not say how many cases there are
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            System.err.println("usage: Client ws://HOST:PORT AGENT");
            System.exit(2);
        }
        int count = run(args[0], args[1]);
        System.out.println(count + " cases");
    }

    static int run(String server, String agent) throws IOException {
        Client client = new Client(server);
        int count = client.caseCount();
        for (int number = 1; number <= count; number++) {
            client.echo("/runCase?case=" + number + "&agent=" + agent);
        }
        client.echo("/updateReports?agent=" + agent);
        return count;
    }

    private int caseCount() throws IOException {
        try (Connection ws = dial("/getCaseCount")) {
            Message answer = ws.readMessage();
            if (answer == null) {
                throw new EOFException("the server closed instead of telling how many cases there are");
            }
            return Integer.parseInt(answer.text());
        }
    }

    private void echo(String target) throws IOException {
        Connection ws = dial(target); // Outside: a refused handshake is no verdict.
        try (ws) {
            for (Message message; (message = ws.readMessage()) != null; ) {
                ws.writeMessage(message);
            }
        } catch (WebSocketException e) {
            // Most cases break a rule or hang up, and how that ended is the server's to judge.
            System.out.println(target + ": " + e.getMessage());
        }
    }

    private Connection dial(String target) throws IOException {
        return dialer.dial(URI.create(server + target));
    }
}
