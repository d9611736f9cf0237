# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the scripts `build` and `serve` of every rival written in Java.

rivals=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../../../jdk.sh
. "$rivals/../../jdk.sh"

# Leaves with 77, which skips the rival: $1 says what is missing.
skip() {
    printf '%s\n' "$1"
    exit 77
}

# Builds module $1 and what it needs into its directory target, unless nothing changed since.
build_java() {
    local target=$rivals/${1:?}/target
    find_java >/dev/null 2>&1 || skip 'no JDK 25 or newer'
    command -v mvn >/dev/null || skip 'no Maven'
    if [ -e "$target/built" ] &&
        [ -z "$(find "$rivals/java" "$rivals/$1" -name target -prune -o -name '*.md' -o -newer "$target/built" -print | head -n 1)" ]; then
        return
    fi
    mkdir -p "$target" "$rivals/java/common/target" # now, as a new entry makes the directory newer
    rm -rf "${target:?}/lib" "$target/built"
    touch "$target/began" # what changes while the build runs is built the next time
    mvn -q -B -Dstyle.color=never --no-transfer-progress -f "$rivals/java/pom.xml" -pl ":peers-$1" -am package </dev/null >&2
    mv "$target/began" "$target/built"
}

# Becomes the server of module $1, with the further words as its arguments. All rivals run with the same options of the JVM;
# the two permissions are for those that use native code or Unsafe, which would warn or take a slower path without.
exec_java() {
    local java package=${1//-/} target=$rivals/$1/target options=(-Xmx4g --enable-native-access=ALL-UNNAMED
        --sun-misc-unsafe-memory-access=allow)
    [ -e "$target/built" ] || { echo "not built: run $rivals/$1/build" >&2; exit 1; }
    java=$(find_java)
    shift
    [ -z "${PEERS_LOOPS:-}" ] || options+=("-Djdk.virtualThreadScheduler.parallelism=$PEERS_LOOPS")
    # shellcheck disable=SC2086 # several options in one variable
    exec "$java" "${options[@]}" ${PEERS_JAVA_OPTS:-} -cp "$target/classes:$target/lib/*" \
        "dev.gibbon.peers.$package.Main" "$@"
}
