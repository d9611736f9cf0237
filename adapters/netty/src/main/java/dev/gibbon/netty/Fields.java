// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.Headers;
import java.util.Map;

/** The fields of a request, as the opening handshake looks at them. */
final class Fields {
    private Fields() {}

    /**
     * {@return the fields of a request; none at all if one is malformed, which Netty lets pass in some versions and the
     * opening handshake then refuses}
     */
    static <T extends CharSequence> Headers of(Iterable<Map.Entry<T, T>> fields) {
        Headers.Builder builder = Headers.builder();
        try {
            for (Map.Entry<T, T> field : fields) {
                String name = field.getKey().toString();
                if (!name.startsWith(":")) {
                    Headers.Builder _ = builder.add(name, field.getValue().toString());
                }
            }
        } catch (IllegalArgumentException _) {
            return Headers.of();
        }
        return builder.build();
    }
}
