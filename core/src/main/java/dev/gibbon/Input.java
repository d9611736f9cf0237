// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** What the tick looks at of a connection's way in. Any thread. */
interface Input {
    /** What is waited for. */
    enum Waiting {
        NO,
        FOR_A_MESSAGE,
        FOR_THE_REST_OF_A_MESSAGE
    }

    /** {@return what is waited for now} */
    Waiting waiting();

    /** {@return which message the rest is waited for of, by number} */
    long awaitedMessage();

    /** {@return how many bytes of that message have come, once inflated} */
    long awaitedBytes();

    /** {@return how many reads came back so far} */
    long reads();
}
