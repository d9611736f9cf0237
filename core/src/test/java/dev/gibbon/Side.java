// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.ArrayList;
import java.util.List;

/** Which end of a connection is under test, and by which face. */
record Side(Face face, Role role) {
    /** {@return every role by every face} */
    static List<Side> all() {
        List<Side> all = new ArrayList<>();
        for (Face face : Face.values()) {
            for (Role role : Role.values()) {
                all.add(new Side(face, role));
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return role + " " + face;
    }
}
