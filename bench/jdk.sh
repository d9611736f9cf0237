# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by scripts that run Java by themselves. find_java prints the java of a JDK 25 or newer.

jdk_version() {
    [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

find_java() {
    local home version
    for home in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
        "${SDKMAN_DIR:-$HOME/.sdkman}"/candidates/java/* "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        version=$(jdk_version "$home")
        if [ -n "$version" ] && [ "$version" -ge 25 ]; then
            printf '%s\n' "$home/bin/java"
            return 0
        fi
    done
    echo 'JDK 25 or newer is needed: set JAVA_HOME to one' >&2
    return 1
}
