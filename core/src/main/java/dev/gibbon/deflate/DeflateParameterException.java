// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

/**
 * A parameter of permessage-deflate breaks a rule of RFC 7692 §7.1. Without a stack trace: peers cause these at will.
 */
final class DeflateParameterException extends Exception {
    private static final long serialVersionUID = 1L;

    DeflateParameterException(String message) {
        super(message, null, false, false);
    }

    /** {@return what is wrong: the parameter, its value, the section} */
    String reason() {
        return String.valueOf(getMessage());
    }
}
