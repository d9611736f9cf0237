// SPDX-License-Identifier: Apache-2.0

/** An application as a user writes one: it names the library's module and nothing else. */
module dev.gibbon.consumer {
    requires dev.gibbon;
}
