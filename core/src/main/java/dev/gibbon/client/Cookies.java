// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.Headers;
import java.io.IOException;
import java.net.CookieHandler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A caller's cookie handler, which speaks of http URIs and maps. */
public record Cookies(CookieHandler handler) {
    /** {@return the value of the Cookie field for a request, if there are cookies} */
    public Optional<String> of(Target target) throws IOException {
        List<String> cookies = handler.get(target.httpUri(), Map.of()).getOrDefault("Cookie", List.of());
        return cookies.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", cookies));
    }

    /** Hands over the cookies of a reply, whatever its status. */
    public void store(Target target, Headers reply) throws IOException {
        Map<String, List<String>> fields = new LinkedHashMap<>();
        for (String name : reply.names()) {
            fields.put(name, reply.all(name));
        }
        handler.put(target.httpUri(), fields);
    }
}
