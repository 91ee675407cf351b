# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the other scripts: one line a step, its time, and the log's tail when it fails.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
logs=$root/build/logs

# say NAME TEXT: one finished line.
say() { printf '  %-16s %s\n' "$1" "$2"; }

# die TEXT...: one sentence a line on stderr, then exit 1.
die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# took START: the seconds since START (a value of $EPOCHREALTIME), one decimal.
took() {
    local now=$EPOCHREALTIME
    printf '%d.%d s' $(((${now/[.,]/} - ${1/[.,]/}) / 1000000)) \
        $(((${now/[.,]/} - ${1/[.,]/}) / 100000 % 10))
}

# quietly NAME COMMAND...: runs it into a log and prints one line; on failure the log's tail.
# On a terminal the line counts the seconds meanwhile.
quietly() {
    local name=$1 log=$logs/${1// /-}.log begin=$EPOCHREALTIME status=0 pid
    shift
    mkdir -p "$logs"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    if [ -t 1 ]; then
        while kill -0 "$pid" 2>/dev/null; do
            printf '\r  %-16s %s ...' "$name" "$(took "$begin")"
            sleep 0.2
        done
        printf '\r\033[K'
    fi
    wait "$pid" || status=$?
    if [ "$status" -ne 0 ]; then
        say "$name" "FAILED after $(took "$begin"); the end of $log:"
        tail -n 40 "$log" | sed 's/^/    | /'
        return "$status"
    fi
    say "$name" "done in $(took "$begin")"
}
