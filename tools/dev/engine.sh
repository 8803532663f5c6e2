# shellcheck shell=bash
# run, stop and status: the engine and the services that it needs.

started=() # services that this command started

engine_pid() { running_in "$var/drover.pid" "$root"; }

# Sets database_url and redis_url: what the environment names, else private ones, started here.
services_start() {
    mkdir -p "$var"
    database_url=${DATABASE_URL:-} redis_url=${REDIS_URL:-}
    if [ -z "$database_url" ]; then
        if [ -n "${DB_HOST:-}" ]; then
            database_url=postgresql://${DB_USER:-postgres}${DB_PASSWORD:+:$DB_PASSWORD}
            database_url+=@$DB_HOST:${DB_PORT:-5432}/${DB_NAME:-postgres}
        else
            postgres_start
            export DATABASE_URL=$database_url
        fi
    fi
    if [ -z "$redis_url" ]; then
        if [ -n "${REDIS_HOST:-}" ]; then
            redis_url=redis://${REDIS_PASSWORD:+:$REDIS_PASSWORD@}$REDIS_HOST:${REDIS_PORT:-6379}
        else
            redis_start
            export REDIS_URL=$redis_url
        fi
    fi
}

started_stop() {
    local service
    for service in "${started[@]}"; do "${service}_stop"; done
}

services_stop() {
    redis_stop
    postgres_stop
}

# An effective configuration value, as `drover config` prints it.
configured() {
    build/release/drover config | sed -n -e "s/^$1 = \([0-9][0-9]*\).*/\1/p" \
        -e "s/^$1 = \"\([^\"]*\)\".*/\1/p"
}

json_string() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

# {"drover":N,…} of what runs.
pids_json() {
    local name pid list=
    for name in drover postgres redis; do
        case $name in
        drover) pid=$(engine_pid) || continue ;;
        postgres) pid=$(running_in "$var/postgres.pid" "$(postgres_dir)/data") || continue ;;
        redis) pid=$(running_in "$var/redis.pid" "$var/redis") || continue ;;
        esac
        list+=${list:+,}\"$name\":$pid
    done
    echo "{$list}"
}

run_record() {
    local ledger
    ledger=$(configured sim_ledger)
    [ "${ledger#/}" != "$ledger" ] || ledger=$root/$ledger
    printf '{"pids":%s,"port":%s,"databaseUrl":%s,"redisUrl":%s,"simLedger":%s}\n' \
        "$(pids_json)" "$port" "$(json_string "$database_url")" "$(json_string "$redis_url")" \
        "$(json_string "$ledger")" >"$var/run.json"
}

# Whether GET /readyz answers 200. Plain bash, so that nothing has to be installed for it, and in a
# subshell, since writing to a connection that is closed ends the shell.
ready() (
    { exec 3<>"/dev/tcp/$1/$2"; } 2>/dev/null || exit 1
    printf 'GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" >&3
    IFS= read -r -t 5 line <&3
    [[ $line == "HTTP/1.1 200"* ]]
)
ready_or_gone() { gone "$engine" || ready "$@"; }

# engine_launch [log]: starts it in a session of its own, so that a terminal's Ctrl-C
# reaches it only through us. Sets engine.
engine_launch() {
    (
        [ -z "${1:-}" ] || exec >>"$1" 2>&1
        exec setsid "$root/build/release/drover" serve </dev/null
    ) &
    engine=$!
    echo "$engine" >"$var/drover.pid"
}

engine_stop() {
    local pid
    if pid=$(engine_pid); then
        kill -TERM "$pid"
        if ! wait_for 40 gone "$pid"; then
            say "the engine (process $pid) did not drain in time: killing it"
            kill -KILL "$pid" 2>/dev/null || true
            wait_for 10 gone "$pid" || true
        fi
    fi
    rm -f "$var/drover.pid" "$var/run.json"
}

run_detached() {
    local host=$1
    engine_launch "$var/drover.log"
    if wait_for 60 ready_or_gone "$host" "$port" && ! gone "$engine"; then
        run_record
        say "serving on http://$host:$port/ (log: var/drover.log; stop with ./dev stop)"
        return
    fi
    tail -n 20 "$var/drover.log" >&2
    engine_stop
    started_stop
    die "the engine did not become ready; the end of var/drover.log is above"
}

run_foreground() {
    local status=0
    engine_launch
    trap 'kill -TERM $engine 2>/dev/null || true' INT TERM HUP
    run_record
    until gone "$engine"; do wait "$engine" || true; done # a signal interrupts the wait
    wait "$engine" || status=$?
    rm -f "$var/drover.pid" "$var/run.json"
    started_stop
    exit $status
}

run() {
    local mode=${1:-} host
    case $mode in "" | --detach) ;; *) misuse "run knows no $mode" ;; esac
    if engine_pid >/dev/null; then
        say "already running: $(cat "$var/run.json" 2>/dev/null)"
        return
    fi
    setup run
    build release drover
    port=$(configured port) || exit 2 # it has said what is wrong
    host=$(configured host)
    case $host in 0.0.0.0 | :: | "") host=127.0.0.1 ;; esac
    if port_taken "$port"; then
        die "port $port is in use by somebody else; choose another with PORT=… ./dev run"
    fi
    services_start
    if [ -n "$mode" ]; then run_detached "$host"; else run_foreground; fi
}

stop() {
    engine_stop
    services_stop
}

status() {
    if engine_pid >/dev/null && [ -e "$var/run.json" ]; then
        cat "$var/run.json"
    else
        printf '{"pids":%s}\n' "$(pids_json)"
        return 1
    fi
}
