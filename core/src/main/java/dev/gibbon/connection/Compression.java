// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.HandshakeException;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.DeflateNegotiation;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.handshake.ExtensionOffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a connection agreed on about permessage-deflate.
 *
 * @param options our own settings
 * @param agreement what both sides keep to
 * @param extension the same as it stands in the server's reply
 */
public record Compression(PermessageDeflate options, DeflateAgreement agreement, String extension) {
    /** {@return what a server's own answer binds it to; null if compression is not in it} */
    public static @Nullable Compression accepted(DeflateNegotiation deflate, List<ExtensionOffer> answers) {
        DeflateAgreement agreement = deflate.accepted(answers).orElse(null);
        return agreement == null ? null : of(deflate, agreement, answers);
    }

    /**
     * {@return what a server's reply agreed to; null if it declined}
     *
     * @throws HandshakeException if the reply does not fit the offer
     */
    public static @Nullable Compression agreed(DeflateNegotiation deflate, List<ExtensionOffer> reply)
            throws HandshakeException {
        DeflateAgreement agreement = deflate.check(reply).orElse(null);
        return agreement == null ? null : of(deflate, agreement, reply);
    }

    /** {@return what inflates the messages that come to {@code role}} */
    MessageInflater inflater(Engine engine, Role role) {
        return new MessageInflater(engine.zlib(options.level()), agreement.incoming(role));
    }

    /** {@return what compresses the messages of {@code role}} */
    Compressor compressor(Engine engine, Role role) {
        return new Compressor(this, role, engine.zlib(options.level()));
    }

    /** No other extension is known here, so none stands beside it. */
    private static Compression of(
            DeflateNegotiation deflate, DeflateAgreement agreement, List<ExtensionOffer> extensions) {
        return new Compression(
                deflate.options(), agreement, extensions.getFirst().toString());
    }
}
