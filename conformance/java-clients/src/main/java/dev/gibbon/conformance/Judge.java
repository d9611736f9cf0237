// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;

/**
 * Lets the WebSocket clients of Java talk to echo servers, each with compression on and its defaults, but for the
 * longest message that it takes: {@code Judge URL...}. Ends with status 1 if one of them is not content.
 */
public final class Judge {
    /** The longest message that is sent; several clients take 64 KiB unless told otherwise. */
    static final int LARGE = 1 << 20;

    private static final String JSON =
            "{\"type\":\"price\",\"symbol\":\"GIBN\",\"bid\":101.25,\"ask\":101.5,\"venue\":\"Höhenkirchen 🐒\",\"n\":";

    private int passed;
    private int failed;

    private Judge() {}

    /**
     * Judges.
     *
     * @param urls the echo servers, such as {@code ws://127.0.0.1:8080/echo}
     */
    public static void main(String[] urls) {
        Judge judge = new Judge();
        List<Callable<Client>> clients = List.of(
                NettyClient::new,
                VertxClient::new,
                ReactorClient::new,
                JettyClient::new,
                TyrusClient::new,
                OkHttpPeer::new,
                JavaWebSocketClient::new);
        for (Callable<Client> client : clients) {
            for (String url : urls) {
                judge.judge(client, URI.create(url));
            }
        }
        System.out.println(judge.passed + " passed, " + judge.failed + " failed");
        System.exit(judge.failed == 0 ? 0 : 1); // Some of them leave threads behind.
    }

    private void judge(Callable<Client> made, URI url) {
        long begun = System.nanoTime();
        String name = "a client";
        try (Client client = made.call();
                Relay relay = new Relay(url)) {
            name = jar(client.library());
            Conversation conversation = new Conversation();
            client.connect(relay.url(), conversation);
            Conversation.Sending sending = conversation.sending();
            String agreed = relay.agreed();
            if (!agreed.startsWith("permessage-deflate")) {
                throw new AssertionError("no compression was agreed on: [" + agreed + "]");
            }
            converse(conversation, sending);
            passed++;
            System.out.printf(
                    "ok   %s %s [%s] (%d ms)%n", name, url.getPath(), agreed, (System.nanoTime() - begun) / 1_000_000);
        } catch (Exception | AssertionError | LinkageError e) {
            failed++;
            System.out.printf("FAIL %s %s: %s%n", name, url.getPath(), e);
        }
    }

    private static String jar(Class<?> library) {
        String path =
                library.getProtectionDomain().getCodeSource().getLocation().getPath();
        return path.substring(path.lastIndexOf('/') + 1).replace(".jar", "");
    }

    private static void converse(Conversation conversation, Conversation.Sending sending) throws Exception {
        Random random = new Random(10);
        echoText(conversation, sending, "");
        echoText(conversation, sending, "short");
        // The same again and again refers back to what came before, if the context is carried over.
        for (int i = 0; i < 20; i++) {
            echoText(conversation, sending, (JSON + i % 3 + "}").repeat(20));
        }
        for (int length : List.of(0, 1, 125, 126, 1024, 65_535, 65_536, LARGE)) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            for (int i = 0; i + 8 < length; i += 16) {
                Arrays.fill(bytes, i, i + 8, (byte) 'x'); // Half of it can be compressed.
            }
            sending.binary(bytes);
            conversation.expectBinary(bytes);
        }
        echoText(conversation, sending, JSON.repeat(LARGE / 2 / JSON.length()));
        // Distances of almost 2^15 bytes, as of a client that cannot bound its window.
        byte[] noise = new byte[32_000];
        random.nextBytes(noise);
        for (int i = 0; i < 3; i++) {
            sending.binary(noise);
            conversation.expectBinary(noise);
        }
        sending.close(1000, "done");
        conversation.expectClosed(1000);
    }

    private static void echoText(Conversation conversation, Conversation.Sending sending, String text)
            throws Exception {
        sending.text(text);
        conversation.expectText(text);
    }
}
