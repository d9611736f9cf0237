// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Holds the layers of core: a package imports only from those that stand before it here. What users name is the last
 * but one; its interfaces are known from {@code connection} upwards, and its value types everywhere.
 */
final class Layers {
    private static final List<Set<String>> ORDER = List.of(
            Set.of("frame", "spi"),
            Set.of("support"),
            Set.of("http"),
            Set.of("transport"),
            Set.of("handshake"),
            Set.of("deflate"),
            Set.of("protocol"),
            Set.of("connection"),
            Set.of("observe"),
            Set.of("loop"),
            Set.of("server", "client"),
            Set.of(""),
            Set.of("reconnect"));

    private static final Set<String> VALUES = Set.of(
            "CloseCode",
            "CloseStatus",
            "ConnectionState",
            "Headers",
            "MessageType",
            "OriginPolicy",
            "PermessageDeflate",
            "Role",
            "TimeSource");

    private static final Pattern IMPORT =
            Pattern.compile("(?m)^import (?:static )?dev\\.gibbon\\.((?:[a-z]+\\.)*)(\\w+)");

    private Layers() {}

    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0], "dev/gibbon");
        List<String> faults = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                String from = name(root.relativize(file.getParent()).toString());
                Matcher imported = IMPORT.matcher(Files.readString(file));
                while (imported.find()) {
                    String to = name(imported.group(1));
                    if (!allowed(from, to, imported.group(2))) {
                        faults.add(
                                root.relativize(file) + ": " + imported.group().strip());
                    }
                }
            }
        }
        faults.forEach(System.err::println);
        if (!faults.isEmpty()) {
            System.err.println("Layers: " + faults.size() + " imports go up; dev/Layers.java has the order.");
            System.exit(1);
        }
    }

    private static String name(String path) {
        return path.replace('/', '.').replaceAll("\\.$", "");
    }

    private static boolean allowed(String from, String to, String type) {
        if (to.isEmpty() && (VALUES.contains(type) || type.endsWith("Exception"))) {
            return true;
        }
        boolean api = to.isEmpty() && level(from) >= level("connection");
        return level(from) >= 0 && level(to) >= 0 && (api || from.equals(to) || level(to) < level(from));
    }

    private static int level(String name) {
        for (int i = 0; i < ORDER.size(); i++) {
            if (ORDER.get(i).contains(name)) {
                return i;
            }
        }
        return -1;
    }
}
