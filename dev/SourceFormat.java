// SPDX-License-Identifier: Apache-2.0

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.ImportOrderer;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Compares every Java source below a directory with what the formatter makes of it, or rewrites it. Also asks for the
 * licence line, for explicit imports, and for what {@link SourceLines} says about the length of lines. The build runs
 * it: {@code java SourceFormat.java check|write DIRECTORY}.
 */
public final class SourceFormat {
    private static final String LICENCE = "// SPDX-License-Identifier: Apache-2.0\n";
    private static final Pattern WILDCARD_IMPORT = Pattern.compile("(?m)^import .*\\*;$");
    private static final Set<String> NOT_OURS = Set.of("target", "build", "node_modules");

    private final Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
            .style(JavaFormatterOptions.Style.PALANTIR)
            .build());
    private final List<String> faults = new ArrayList<>();
    private final Path root;
    private final boolean write;

    private SourceFormat(Path root, boolean write) {
        this.root = root;
        this.write = write;
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 2 || !List.of("check", "write").contains(args[0])) {
            System.err.println("usage: SourceFormat check|write DIRECTORY, not " + Arrays.toString(args));
            System.exit(2);
        }
        SourceFormat run = new SourceFormat(Path.of(args[1]), args[0].equals("write"));
        for (Path source : sources(run.root)) {
            run.visit(source);
        }
        if (!run.faults.isEmpty()) {
            run.faults.forEach(System.err::println);
            System.err.println(
                    "Source format: " + run.faults.size() + " to mend. dev/format rewrites what is not formatted.");
            System.exit(1);
        }
    }

    private static List<Path> sources(Path root) throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = directory.getFileName().toString();
                boolean skip = !directory.equals(root) && (name.startsWith(".") || NOT_OURS.contains(name));
                return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".java")) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        found.sort(null);
        return found;
    }

    private void visit(Path source) throws IOException {
        String is = Files.readString(source);
        if (!is.startsWith(LICENCE)) {
            fault(source, 1, "does not begin with the line " + LICENCE.strip());
        }
        WILDCARD_IMPORT.matcher(is).results().forEach(m -> fault(source, lineOf(is, m.start()), "wildcard import"));
        SourceLines.faults(is).forEach(f -> fault(source, f.line(), f.what()));
        String should;
        try {
            String ordered = ImportOrderer.reorderImports(is, JavaFormatterOptions.Style.PALANTIR);
            should = formatter.formatSource(RemoveUnusedImports.removeUnusedImports(ordered));
        } catch (FormatterException e) {
            fault(source, 1, "does not parse: " + e.getMessage());
            return;
        }
        if (is.equals(should)) {
            return;
        }
        if (write) {
            Files.writeString(source, should);
            System.out.println("formatted " + root.relativize(source));
        } else {
            int line = firstDifference(is, should);
            fault(source, line, "not formatted; line %d should be: %s".formatted(line, line(should, line)));
        }
    }

    private void fault(Path source, int line, String what) {
        faults.add(root.relativize(source) + ":" + line + ": " + what);
    }

    private static int lineOf(String text, int offset) {
        return (int) text.substring(0, offset).lines().count() + 1;
    }

    private static int firstDifference(String is, String should) {
        int differ = Arrays.mismatch(is.toCharArray(), should.toCharArray());
        return (int) is.substring(0, differ).chars().filter(c -> c == '\n').count() + 1;
    }

    private static String line(String text, int number) {
        return text.lines().skip(number - 1L).findFirst().map(String::strip).orElse("(the end of the file)");
    }
}
