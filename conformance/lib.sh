# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by the runs
#
# What the conformance runs share: finding what they need, starting and stopping the server under test.
# Sourced by conformance/*/run after `set -euo pipefail`; not run by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${GIBBON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gibbon}
GIBBON=${GIBBON:-$ROOT/gibbon}       # the command under test, called as `$GIBBON serve --host H --port P`
START_SECONDS=${START_SECONDS:-300}  # the first start of a fresh clone builds the server

readonly EXIT_USAGE=2 EXIT_SKIPPED=77

SERVER_PID='' SERVER_LOG=''

say() { printf '%s\n' "$*"; }
die() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }
usage_error() { printf '%s: %s (--help tells more)\n' "$0" "$*" >&2; exit "$EXIT_USAGE"; }

# need WHAT HOW: something this run cannot do without is missing. By hand that is a skip, in CI a failure:
# a peer that silently stopped judging us is worse than a red build.
need() {
    if [ "${CI:-}" = true ]; then
        die "$1 is missing. $2"
    fi
    say "SKIP: $1 is missing. $2"
    exit "$EXIT_SKIPPED"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# What cleanup ends, however the script exits: process groups, and the command that is being waited for.
STARTED=() BOUNDED_PID=''
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cleanup() {
    local pid
    [ -z "$BOUNDED_PID" ] || kill -TERM "$BOUNDED_PID" 2>/dev/null || true
    for pid in ${STARTED[@]+"${STARTED[@]}"}; do
        stop_group "$pid"
    done
}

# bounded SECONDS CMD...: runs CMD, at most so long (where coreutils' timeout exists); status 124 if it took longer.
# In the background, since bash runs its traps only between commands and a Ctrl-C should not have to wait.
bounded() {
    local guard=() status=0
    ! command -v timeout >/dev/null || guard=(timeout --kill-after=5 "$1")
    shift
    ${guard[@]+"${guard[@]}"} "$@" &
    BOUNDED_PID=$!
    wait "$BOUNDED_PID" || status=$?
    BOUNDED_PID=''
    return "$status"
}

# in_group LOG CMD...: starts CMD in the background in a process group of its own, so that cleanup ends it with every
# child (a wrapper script's JVM, a driver's helpers). The group's id is left in GROUP_PID. It can be interrupted even if this
# script runs in the background, where a shell has SIGINT ignored, and programs that are started inherit that.
in_group() {
    local log=$1
    shift
    set -m
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" >"$log" 2>&1 </dev/null &
    GROUP_PID=$!
    set +m
    STARTED+=("$GROUP_PID")
}

# stop_group PID: asks with SIGTERM, insists after ten seconds. Says so when it had to insist.
stop_group() {
    kill -TERM -- "-$1" 2>/dev/null || true
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        if ! kill -0 -- "-$1" 2>/dev/null; then
            wait "$1" 2>/dev/null || true
            return 0
        fi
        sleep 0.1
    done
    say "process group $1 did not end within 10 s of SIGTERM; killed" >&2
    kill -KILL -- "-$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# accepts PORT: does anything accept TCP connections there?
accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for_port PORT PID LOG WHAT: returns once PORT accepts; fails when PID has ended or START_SECONDS have passed.
wait_for_port() {
    local port=$1 pid=$2 log=$3 what=$4
    local deadline=$((SECONDS + START_SECONDS))
    until accepts "$port"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            tail -n 20 "$log" >&2
            die "$what ended before it listened on port $port (log: $log)"
        fi
        if ((SECONDS >= deadline)); then
            tail -n 20 "$log" >&2
            die "$what does not listen on port $port after $START_SECONDS s (log: $log)"
        fi
        sleep 0.1
    done
}

# start_server LOG [ARG...]: starts the server under test on a free port of 127.0.0.1 and waits until it listens.
# Sets SERVER_PORT and SERVER_PID, which is also its process group.
start_server() {
    SERVER_LOG=$1
    shift
    if [ ! -x "$GIBBON" ]; then
        die "$GIBBON is not an executable; build the repository, or set GIBBON to the command under test"
    fi
    SERVER_PORT=$(free_port)
    say "starting $(basename "$GIBBON") serve on port $SERVER_PORT (log: $SERVER_LOG)"
    in_group "$SERVER_LOG" "$GIBBON" serve --host 127.0.0.1 --port "$SERVER_PORT" "$@"
    SERVER_PID=$GROUP_PID
    wait_for_port "$SERVER_PORT" "$SERVER_PID" "$SERVER_LOG" "$(basename "$GIBBON") serve"
}

# start_example NAME LOG [ARG...]: starts ./gibbon example NAME on a free port of 127.0.0.1, as start_server does the command.
start_example() {
    local name=$1
    SERVER_LOG=$2
    shift 2
    SERVER_PORT=$(free_port)
    say "starting gibbon example $name on port $SERVER_PORT (log: $SERVER_LOG)"
    in_group "$SERVER_LOG" "$ROOT/gibbon" example "$name" --port "$SERVER_PORT" "$@"
    SERVER_PID=$GROUP_PID
    wait_for_port "$SERVER_PORT" "$SERVER_PID" "$SERVER_LOG" "gibbon example $name"
}

# server_survived: the server under test is still there after all that was done to it.
server_survived() {
    [ -z "$SERVER_PID" ] && return 0
    if kill -0 "$SERVER_PID" 2>/dev/null && accepts "$SERVER_PORT"; then
        return 0
    fi
    tail -n 20 "$SERVER_LOG" >&2
    say "FAIL: the server under test did not survive the run (log: $SERVER_LOG)" >&2
    return 1
}

# server_exits_cleanly: after a Ctrl-C, the server under test ends by itself within ten seconds, with status 0.
server_exits_cleanly() {
    local status=0 tries
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$SERVER_PID" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$SERVER_PID" 2>/dev/null; then
        say "FAIL: the server under test still runs 10 s after Ctrl-C (log: $SERVER_LOG)" >&2
        return 1
    fi
    wait "$SERVER_PID" || status=$?
    STARTED=() # nothing is left to stop, and the id may soon be another's
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$SERVER_LOG" >&2
        say "FAIL: the server under test ended with status $status after Ctrl-C (log: $SERVER_LOG)" >&2
        return 1
    fi
}

# npm_modules DIR: node_modules of DIR as its lockfile says, installed when missing or older than the lockfile.
npm_modules() {
    command -v node >/dev/null || need 'node' 'Install Node.js 20 or later.'
    command -v npm >/dev/null || need 'npm' 'Install npm.'
    if [ ! "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then
        say "installing npm packages of $(basename "$1")"
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
            die "npm ci failed in $1"
        touch "$1/node_modules/.package-lock.json"
    fi
}
