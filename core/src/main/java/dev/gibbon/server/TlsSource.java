// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.TimeSource;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.transport.TlsEngines;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * Where the TLS of each new transport comes from: a context that may be another every time. Where there is none, the
 * last good one goes on, and the log says so once a minute until it is over. Any thread.
 */
public final class TlsSource {
    private static final long MINUTE_NANOS = 60_000_000_000L;

    /** How a server was set up. */
    public record Settings(
            Supplier<? extends SSLContext> contexts,
            SSLContext first,
            @Nullable SSLParameters parameters) {
        /**
         * Asks for the first context, which is the one to go on with if there is no other.
         *
         * @param parameters null for each context's own; copied
         * @throws IllegalArgumentException if that context does not know what they ask for, or they have neither TLS
         *     1.2 nor TLS 1.3
         */
        public static Settings of(Supplier<? extends SSLContext> contexts, @Nullable SSLParameters parameters) {
            SSLContext first = Objects.requireNonNull(contexts.get(), "the first TLS context");
            return new Settings(
                    contexts, first, parameters == null ? null : TlsEngines.checked(first, parameters, false));
        }
    }

    private final Settings settings;
    private final TimeSource time;
    private final LimitedLog log;
    private final ReentrantLock lock = new ReentrantLock();

    private volatile SSLContext last;

    /** Whether the supplier has failed and not come back since. */
    private volatile boolean failing;

    /** When the log was told; guarded by lock. */
    private long told;

    public TlsSource(Settings settings, TimeSource time, LimitedLog log) {
        this.settings = settings;
        this.time = time;
        this.log = log;
        this.last = settings.first();
    }

    /** {@return the server's side of a new transport} */
    public SSLEngine newEngine() {
        try {
            SSLContext context = Objects.requireNonNull(settings.contexts().get(), "the supplier's TLS context");
            SSLEngine engine = TlsEngines.server(context, settings.parameters());
            last = context;
            if (failing) {
                noteSuccess();
            }
            return engine;
        } catch (RuntimeException | Error e) { // The application's: clients are served as before.
            noteFailure(e);
            return TlsEngines.server(last, settings.parameters());
        }
    }

    private void noteFailure(Throwable e) {
        lock.lock();
        try {
            long now = time.nanoTime();
            if (failing && now - told < MINUTE_NANOS) {
                return;
            }
            failing = true;
            told = now;
        } finally {
            lock.unlock();
        }
        log.warn("there is no new TLS context, and the last good one goes on", e);
    }

    private void noteSuccess() {
        lock.lock();
        try {
            if (!failing) {
                return;
            }
            failing = false;
        } finally {
            lock.unlock();
        }
        log.info("there is a TLS context again", null);
    }
}
