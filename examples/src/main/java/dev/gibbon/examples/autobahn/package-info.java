// SPDX-License-Identifier: Apache-2.0

/** Our client before the judge: what Autobahn|Testsuite calls a client under test. */
@NullMarked
package dev.gibbon.examples.autobahn;

import org.jspecify.annotations.NullMarked;
