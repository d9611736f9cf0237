// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.gibbon.examples.springboot;

import org.jspecify.annotations.NullMarked;
