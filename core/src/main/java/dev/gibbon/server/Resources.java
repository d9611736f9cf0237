// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleReader;
import java.lang.module.ResolvedModule;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Resources of the application. On the module path those of a package are closed to this library, whoever asks for
 * them; the application does not have to open its packages, since it names a class of its own.
 */
public final class Resources {
    private Resources() {}

    /** {@return a resource's content; null if there is none} */
    static byte @Nullable [] read(Class<?> anchor, String name) throws IOException {
        try (InputStream open = anchor.getResourceAsStream(name)) {
            if (open != null) {
                return open.readAllBytes();
            }
        }
        Optional<ResolvedModule> module = Optional.ofNullable(anchor.getModule().getLayer())
                .flatMap(layer ->
                        layer.configuration().findModule(anchor.getModule().getName()));
        return module.isEmpty() ? null : read(module.get(), path(anchor, name));
    }

    private static byte @Nullable [] read(ResolvedModule module, String path) throws IOException {
        try (ModuleReader reader = module.reference().open();
                InputStream in = reader.open(path).orElse(null)) {
            return in == null ? null : in.readAllBytes();
        }
    }

    /** {@return the name from the root, as {@link Class#getResourceAsStream} makes it} */
    private static String path(Class<?> anchor, String name) {
        if (name.startsWith("/")) {
            return name.substring(1);
        }
        String directory = anchor.getPackageName().replace('.', '/');
        return directory.isEmpty() ? name : directory + "/" + name;
    }
}
