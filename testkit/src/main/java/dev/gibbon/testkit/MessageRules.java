// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.io.ByteArrayOutputStream;

/**
 * Judges the order of frames and what messages and Close frames hold; throws an {@link AssertionError} for what is
 * illegal.
 */
final class MessageRules {
    /** Where the sender is. */
    private enum State {
        BETWEEN_MESSAGES,
        IN_TEXT,
        IN_MESSAGE, // binary, or text that an extension changed
        CLOSED
    }

    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private State state = State.BETWEEN_MESSAGES;

    void judge(Frame frame) {
        check(state != State.CLOSED, "a frame after the Close frame (§5.5.1)", frame);
        switch (frame.opcode()) {
            case Frame.PING, Frame.PONG -> {}
            case Frame.CLOSE -> {
                judgeClose(frame);
                state = State.CLOSED;
            }
            case Frame.CONTINUATION -> {
                check(state != State.BETWEEN_MESSAGES, "a continuation of nothing (§5.4)", frame);
                judgeFragment(frame);
            }
            default -> {
                check(state == State.BETWEEN_MESSAGES, "a new message inside a fragmented one (§5.4)", frame);
                state = frame.opcode() == Frame.TEXT && !frame.rsv1() ? State.IN_TEXT : State.IN_MESSAGE;
                judgeFragment(frame);
            }
        }
    }

    private void judgeFragment(Frame frame) {
        if (state == State.IN_TEXT) {
            text.writeBytes(frame.payload());
        }
        if (frame.fin()) {
            if (state == State.IN_TEXT) {
                String _ = Frame.utf8(text.toByteArray(), 0); // §8.1
                text.reset();
            }
            state = State.BETWEEN_MESSAGES;
        }
    }

    private static void judgeClose(Frame frame) {
        int length = frame.payload().length;
        check(length != 1, "a Close body of 1 byte (§5.5.1)", frame);
        if (length >= 2) {
            int code = frame.closeCode().getAsInt();
            boolean registered = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
            check(registered || (code >= 3000 && code <= 4999), "a close code that must not be sent (§7.4)", frame);
            String _ = frame.closeReason();
        }
    }

    private static void check(boolean legal, String failure, Frame frame) {
        if (!legal) {
            throw new AssertionError("illegal: " + failure + ": " + frame);
        }
    }
}
