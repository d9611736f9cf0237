# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the scripts `build` and `serve` of Gibbon's own entries, which are one program on this clone's core.

# shellcheck source-path=SCRIPTDIR source=../java/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../java/common.sh"
root=$(cd "$rivals/../../.." && pwd)

# Compiles the program against the core that the launcher built, and keeps a copy of that core: the launcher deletes old ones.
build_gibbon() {
    local java current core target=$rivals/gibbon/target
    java=$(find_java 2>/dev/null) || skip 'no JDK 25 or newer'
    command -v mvn >/dev/null || skip 'no Maven'
    "$root/gibbon" --version >/dev/null # builds what is missing or stale
    current=$(cat "$root/build/run/current")
    if [ "$(cat "$target/built" 2>/dev/null)" = "$current" ] &&
        [ -z "$(find "$rivals/gibbon" "$rivals/java/common/src" -name target -prune -o -type f -newer "$target/built" -print | head -n 1)" ]; then
        return
    fi
    core=("$root/build/run/$current"/gibbon-core-*.jar)
    rm -rf "$target"
    mkdir -p "$target/lib"
    printf '%s\n' "$current" >"$target/building" # what changes while it compiles is built the next time
    cp "${core[0]}" "$target/lib/"
    find "$rivals/gibbon/src" "$rivals/java/common/src" -name '*.java' -exec \
        "${java%java}javac" --release 25 -proc:none -cp "$target/lib/*" -d "$target/classes" {} +
    mv "$target/building" "$target/built"
}

# Becomes the server by the face $1, with the further words as its arguments.
exec_gibbon() {
    exec_java gibbon "$@"
}

# Builds examples/hosts/$1, which has Gibbon in a server of somebody else's.
build_example() {
    find_java >/dev/null 2>&1 || skip 'no JDK 25 or newer'
    command -v mvn >/dev/null || skip 'no Maven'
    (cd "$root" && mvn -q -B -Dstyle.color=never --no-transfer-progress -Dquick -pl "examples/hosts/$1" -am package) </dev/null >&2
}

# Becomes that server, listening on port $2. A pinned server has one core, and so one loop of Gibbon's; Netty has two for each
# core unless told, and Undertow two at least.
exec_example() {
    local java target=$root/examples/hosts/$1/target/quick options=(-Xmx4g --enable-native-access=ALL-UNNAMED
        --sun-misc-unsafe-memory-access=allow)
    java=$(find_java)
    [ -z "${PEERS_LOOPS:-}" ] || options+=("-Djdk.virtualThreadScheduler.parallelism=$PEERS_LOOPS"
        "-Dio.netty.eventLoopThreads=$PEERS_LOOPS")
    # shellcheck disable=SC2086 # several options in one variable
    exec "$java" "${options[@]}" ${PEERS_JAVA_OPTS:-} \
        -cp "$target/*:$target/lib/*" "dev.gibbon.examples.${1//-/}.Main" --port "$2"
}
