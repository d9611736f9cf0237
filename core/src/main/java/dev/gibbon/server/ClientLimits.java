// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Exchange;
import dev.gibbon.Headers;
import dev.gibbon.TimeSource;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What each address and each user may have of a server or host, and has. Any thread. */
public final class ClientLimits {
    /** How many transports beyond what their addresses may have are told so at a time; more are closed. */
    private static final int MAX_TOLD = 64;

    /**
     * How a server was set up.
     *
     * @param perAddress what each address may have; null for anything
     * @param perUser what each user may have; null for anything
     * @param users tells the user of a request, null if that is not known; null if users are not told apart
     */
    public record Settings(
            @Nullable Limits perAddress,
            @Nullable Limits perUser,
            @Nullable Function<? super Exchange, @Nullable String> users) {
        /** Nothing is limited. */
        public static final Settings NONE = new Settings(null, null, null);
    }

    private final @Nullable Accounts<Network> addresses;
    private final @Nullable Accounts<String> users;

    /** The places of those who are told; they have one account. */
    private final Accounts<String> told;

    /**
     * With nothing taken yet.
     *
     * @param address what each address may have; null for anything
     * @param user what each user may have; null for anything
     */
    public ClientLimits(@Nullable Limits address, @Nullable Limits user, TimeSource time) {
        addresses = address == null ? null : new Accounts<>(address, _ -> "one address", time);
        users = user == null ? null : new Accounts<>(user, name -> "the user " + HttpSyntax.quoted(name), time);
        told = new Accounts<>(new Limits(MAX_TOLD, null, null), name -> name, time);
    }

    boolean isNone() {
        return addresses == null && users == null;
    }

    /** {@return the refusal of an opening handshake that comes too soon after others of its address; or null} */
    UpgradeReply.@Nullable Refused tooSoon(Optional<SocketAddress> peer) {
        Network network = Network.of(peer);
        return addresses == null || network == null || addresses.takeHandshake(network)
                ? null
                : tooManyHandshakes(addresses, network);
    }

    private static <K> UpgradeReply.Refused tooManyHandshakes(Accounts<K> accounts, K client) {
        return tooMany(accounts.tooManyHandshakes(client), "1");
    }

    private static UpgradeReply.Refused tooMany(String why, String retryAfter) {
        return UpgradeReply.Refused.of(
                429,
                Headers.of("Retry-After", retryAfter, "Content-Type", "text/plain; charset=utf-8"),
                "429 Too Many Requests\n".getBytes(StandardCharsets.US_ASCII),
                why);
    }

    private static <K> UpgradeReply.Refused tooManyOpen(Accounts<K> accounts, K client) {
        return tooMany(accounts.tooManyOpen(client), "5");
    }

    /**
     * {@return how a transport is received; null if it is closed without a word} That is one which is beyond what its
     * address may have, while many are being told so: they would take everybody's places, and say nothing.
     *
     * @param peer empty if it is a proxy's, and so does not count
     */
    @Nullable
    Entry receive(Optional<SocketAddress> peer) {
        Network network = Network.of(peer);
        if (addresses == null || network == null) {
            return Entry.SERVED;
        }
        Admission admission = new Admission();
        if (admission.take(addresses, network)) {
            return new Entry(null, admission);
        }
        return admission.take(told, "") ? new Entry(tooManyOpen(addresses, network), admission) : null;
    }

    /**
     * {@return the answer to an opening handshake} One that is accepted has the places of its connection.
     *
     * @param request by whom it is; its address has done its opening handshake already
     * @param transport the places of its transport
     * @param checked has the handshake checked
     */
    UpgradeReply reply(UpgradeRequest request, Admission transport, Supplier<UpgradeReply> checked) {
        Network network = Network.of(request.peerAddress());
        String user = request.user().orElse(null);
        if (users != null && user != null && !users.takeHandshake(user)) {
            return tooManyHandshakes(users, user);
        }
        Admission admission = new Admission();
        boolean kept = false;
        try {
            if (transport.isCounted()) {
                admission.share(transport);
            } else if (addresses != null && network != null && !admission.take(addresses, network)) {
                return tooManyOpen(addresses, network);
            }
            if (users != null && user != null && !admission.take(users, user)) {
                return tooManyOpen(users, user);
            }
            UpgradeReply reply = checked.get();
            if (reply instanceof UpgradeReply.Accepted accepted) {
                Opening.of(accepted).admit(admission);
                kept = true;
            }
            return reply;
        } finally {
            if (!kept) {
                admission.close();
            }
        }
    }
}
