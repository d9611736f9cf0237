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
                    command.getErr().println(line(name, e) + " (" + name + " --help tells more)");
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
        String start = message.substring(0, 1).toLowerCase(Locale.ROOT);
        return command + ": " + Visible.of(start + message.substring(1));
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
