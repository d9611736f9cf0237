// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.stress;

import dev.gibbon.ConnectionClosedException;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Message;
import dev.gibbon.StressedConnection;
import dev.gibbon.testkit.Frame;
import java.io.IOException;

/** What peers send, what must come of it, and how a call ends, as a character of a result. */
final class Wire {
    private Wire() {}

    static byte[] message(char sign) {
        return masked(Frame.text(String.valueOf(sign).repeat(20)));
    }

    static byte[] first(char sign) {
        return masked(Frame.text(String.valueOf(sign).repeat(10)).withFin(false));
    }

    static byte[] last(char sign) {
        return masked(Frame.continuation(
                String.valueOf(sign).repeat(10).getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
    }

    static byte[] close() {
        return masked(Frame.close(1000, ""));
    }

    private static byte[] masked(Frame frame) {
        return frame.withMaskingKey(0x37fa213d).encode();
    }

    /** {@return the sign of a whole message that must be there at last, - at a clean end, X otherwise} */
    static String read(StressedConnection stressed) {
        try {
            Message message = stressed.connection().readMessage(StressedConnection.AT_LAST);
            return message == null ? "-" : sign(message);
        } catch (ConnectionClosedException e) {
            return "C";
        } catch (IOException e) {
            return "X";
        }
    }

    static String sign(Message message) {
        String text = message.text();
        return text.length() == 20 && text.chars().distinct().count() == 1 ? text.substring(0, 1) : "X";
    }

    /** A write. */
    interface Write {
        void run() throws IOException;
    }

    /** {@return w if it was done, i if it was interrupted, c if the connection was closed, X otherwise} */
    static String write(StressedConnection stressed, Write write) {
        try {
            return stressed.interruptibly(() -> {
                write.run();
                return "w";
            });
        } catch (InterruptedCallException e) {
            return "i";
        } catch (ConnectionClosedException e) {
            return "c";
        } catch (IOException e) {
            return "X";
        }
    }
}
