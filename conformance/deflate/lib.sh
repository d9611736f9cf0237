# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by the runs
#
# What the runs with --compression share. Sourced after conformance/lib.sh, on which it builds.

readonly CI_SAMPLE=12                            # connections in each role on each face, in CI
COMPRESSION_SECONDS=${COMPRESSION_SECONDS:-3600} # for all of them

# shellcheck source-path=SCRIPTDIR source=../../bench/jdk.sh
. "$ROOT/bench/jdk.sh"

# build_peer LOG: builds examples/…/compression/Peer.java and leaves the command that runs it in PEER.
# Run by java and not by Maven: the judge talks to it over its input and output, and ends it by closing them.
build_peer() {
    local java target=target/quick/classes
    command -v mvn >/dev/null || need 'mvn' 'Install Maven.'
    java=$(find_java) || need 'JDK 25' 'Install one, or set JAVA_HOME to it.'
    say "building the peer with every option (log: $1)"
    if ! (cd "$ROOT" && mvn -q -B -ntp -Dquick -pl examples -am package) >"$1" 2>&1 </dev/null; then
        tail -n 20 "$1" >&2
        die "the peer does not build (log: $1)"
    fi
    PEER=("$java" -cp "$ROOT/core/$target:$ROOT/examples/$target" dev.gibbon.examples.compression.Peer)
}
