// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.lang.module.ModuleDescriptor;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code gibbon} command. It does nothing without a subcommand. */
@Command(
        name = "gibbon",
        description = "WebSockets from the command line.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {ServeCommand.class, ConnectCommand.class, LoadCommand.class},
        footer = {"", "`gibbon COMMAND --help` tells what a command can do."})
public final class Main implements Runnable {
    /** Exit codes: all is well, it did not work, the command line makes no sense. */
    static final int OK = CommandLine.ExitCode.OK;

    static final int FAILED = CommandLine.ExitCode.SOFTWARE;
    static final int USAGE = CommandLine.ExitCode.USAGE;

    @Spec
    private CommandSpec spec;

    private Main() {}

    /**
     * Runs the command and exits with its code.
     *
     * @param args what stood on the command line
     */
    public static void main(String[] args) {
        LogLines.install(System.err);
        System.exit(run(writer(System.out), writer(System.err), args));
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }

    /** {@return the exit code of the command, which is over when this returns} */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new Main())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((e, _) -> {
                    CommandLine command = e.getCommandLine();
                    String name = command.getCommandSpec().qualifiedName();
                    command.getErr().println(usage(e) + " (" + name + " --help tells more)");
                    return USAGE;
                })
                .setExecutionExceptionHandler((e, command, _) -> {
                    if (!(e instanceof CommandFailedException)) {
                        throw e;
                    }
                    command.getErr().println(line(command.getCommandSpec().qualifiedName(), e));
                    return FAILED;
                })
                .execute(args);
    }

    /** {@return one line, whatever stood on the command line} */
    private static String line(String command, Exception e) {
        String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getName());
        return command + ": " + Visible.of(uncapitalised(message));
    }

    /** {@return what makes no sense about a command line, and what was most likely meant} */
    private static String usage(ParameterException e) {
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return line(name, e);
        }
        String first = unmatched.getUnmatched().getFirst(); // What follows it may be its value.
        String said = first.startsWith("-") ? name + ": unknown option: '" + Visible.of(first) + "'" : line(name, e);
        return said
                + Spelling.meant(e.getCommandLine().getCommandSpec(), first)
                        .map(meant -> "; did you mean " + meant + "?")
                        .orElse("");
    }

    /** {@return the message to stand behind a colon; a word in capitals keeps them} */
    private static String uncapitalised(String message) {
        boolean capitals = message.length() > 1 && Character.isUpperCase(message.charAt(1));
        return message.isEmpty() || capitals
                ? message
                : message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** The version that the build wrote into the module descriptor. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Optional<String> version =
                    Optional.ofNullable(Main.class.getModule().getDescriptor()).flatMap(ModuleDescriptor::rawVersion);
            return new String[] {"gibbon " + version.orElse("of an unknown version")};
        }
    }
}
