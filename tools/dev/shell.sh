# shellcheck shell=bash
# What every command uses: messages, processes, waiting. `dev` sources this file first.

say() { printf '%s\n' "$*" >&2; }

# The program failed (1), or was asked wrongly (2).
die() {
    say "dev: $*"
    exit 1
}
misuse() {
    say "dev: $*; ./dev help lists the commands"
    exit 2
}

# Runs a command whose output matters only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# wait_for <seconds> <command…>: until it succeeds; false when it does not in time.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}
gone() { ! readlink "/proc/$1/exe" >/dev/null; } # also when nobody has reaped it yet

# The process id in a file if that process runs and works in the directory; a file that outlived
# its process, and perhaps a reboot, does not count.
running_in() {
    local pid
    pid=$(head -n 1 "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(readlink -f "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$2")" ] &&
        echo "$pid"
}
