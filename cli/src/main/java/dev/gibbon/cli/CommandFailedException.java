// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

/** A command did not work, for a reason that its user can do something about; the message is the line that says so. */
final class CommandFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    CommandFailedException(String message) {
        super(message);
    }

    CommandFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
