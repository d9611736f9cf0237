// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeReply;
import io.helidon.common.buffers.BufferData;
import io.helidon.http.Status;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import java.nio.charset.StandardCharsets;

/** Sends replies of HTTP/1.1, which Helidon leaves to upgraders. */
final class Answers {
    private Answers() {}

    /** Sends the reply that accepts a request. */
    static void accept(ConnectionContext context, UpgradeReply.Accepted accepted) {
        send(context, BufferData.create(head(accepted, accepted.headers())));
    }

    /** Sends a refusal; the connection is to end behind it. */
    static void refuse(ConnectionContext context, UpgradeReply.Refused refused) {
        byte[] body = refused.body();
        Headers fields = Headers.builder()
                .addAll(refused.headers())
                .set("Content-Length", Integer.toString(body.length))
                .build();
        if (!fields.contains("Connection")) {
            fields = Headers.builder().addAll(fields).add("Connection", "close").build();
        }
        send(context, BufferData.create(head(refused, fields)), BufferData.create(body));
    }

    /** Throws what Helidon takes for a client that is gone. */
    private static void send(ConnectionContext context, BufferData... reply) {
        try {
            context.dataWriter().writeNow(reply);
            context.dataWriter().flush();
        } catch (RuntimeException e) {
            throw new ServerConnectionException("the reply does not leave", e);
        }
    }

    private static byte[] head(UpgradeReply reply, Headers fields) {
        StringBuilder head = new StringBuilder(256)
                .append("HTTP/1.1 ")
                .append(reply.status())
                .append(' ')
                .append(Status.create(reply.status()).reasonPhrase())
                .append("\r\n");
        for (Headers.Field field : fields) {
            head.append(field.name()).append(": ").append(field.value()).append("\r\n");
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
