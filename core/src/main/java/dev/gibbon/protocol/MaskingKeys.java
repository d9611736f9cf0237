// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

/** Where masking keys come from: strong entropy, unpredictable to whoever chose the payload (§5.3, §10.3). */
@FunctionalInterface
public interface MaskingKeys {
    /** {@return a fresh key, its first wire byte in the highest eight bits} */
    int next();
}
