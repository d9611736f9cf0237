// SPDX-License-Identifier: Apache-2.0

/**
 * What every layer leans on: the clock, buffers, masking keys, a log that cannot be flooded, checks of
 * arguments. Not exported.
 */
@NullMarked
package dev.gibbon.support;

import org.jspecify.annotations.NullMarked;
