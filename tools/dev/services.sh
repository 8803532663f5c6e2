# shellcheck shell=bash
# The private PostgreSQL and Redis under var/.

# PostgreSQL refuses to run as root, so it then runs as the user that Debian made for it.
as_postgres() {
    if [ "$EUID" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Where its files are: under var/, or, if its user cannot get there, in a place that follows from
# the checkout's path.
postgres_dir() {
    if as_postgres test -x "$var"; then
        echo "$var/postgres"
    else
        echo "/var/tmp/drover-$(printf %s "$root" | cksum | cut -d' ' -f1)/postgres"
    fi
}

pg_program() {
    local found
    found=$(find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] || found=$(command -v "$1") || die "there is no $1: is PostgreSQL installed?"
    echo "$found"
}

# Below the kernel's ephemeral ports, so that no outgoing connection takes it by chance.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); port_taken $port; do :; done
    echo $port
}
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The port kept in a file, or a new one when it is not kept yet or somebody else took it.
kept_port() {
    local file=$1 port
    port=$(cat "$file" 2>/dev/null || true)
    if [ -z "$port" ] || port_taken "$port"; then port=$(free_port); fi
    echo "$port" >"$file"
    echo "$port"
}

postgres_make() {
    local dir=$1
    as_postgres test -e "$dir/data/PG_VERSION" && return 0
    say "making a private PostgreSQL in $dir"
    mkdir -p "$dir"
    [ -O "$(dirname "$dir")" ] || die "$(dirname "$dir") belongs to somebody else"
    chmod 700 "$dir"
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password"
    chmod 600 "$dir/password"
    if [ "$EUID" -eq 0 ]; then chown -R postgres: "$dir"; fi
    as_postgres rm -rf "$dir/data.new"
    quietly as_postgres "$(pg_program initdb)" -D "$dir/data.new" -U drover -E UTF8 \
        --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$dir/password" || die "initdb failed"
    as_postgres mv "$dir/data.new" "$dir/data"
}

# Starts it if need be; sets database_url.
postgres_start() {
    local dir port password
    dir=$(postgres_dir)
    postgres_make "$dir"
    if ! running_in "$dir/data/postmaster.pid" "$dir/data" >/dev/null; then
        as_postgres rm -f "$dir/data/postmaster.pid"
        port=$(kept_port "$var/postgres.port")
        as_postgres "$(pg_program pg_ctl)" start -w -t 60 -s -D "$dir/data" -l "$dir/log" \
            -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" \
            </dev/null >/dev/null || die "PostgreSQL did not start; see $dir/log"
        started+=(postgres)
    fi
    port=$(cat "$var/postgres.port")
    password=$(cat "$dir/password")
    head -n 1 "$dir/data/postmaster.pid" >"$var/postgres.pid"
    database_url=postgresql://drover:$password@127.0.0.1:$port/drover
    PGPASSWORD=$password postgres_database "$port" || die "PostgreSQL refused; see $dir/log"
}

postgres_database() {
    local psql=("$(pg_program psql)" -qXAt -h 127.0.0.1 -p "$1" -U drover -d postgres)
    [ "$("${psql[@]}" -c "select 1 from pg_database where datname = 'drover'")" = 1 ] ||
        "${psql[@]}" -c 'create database drover'
}

postgres_stop() {
    local dir
    dir=$(postgres_dir)
    rm -f "$var/postgres.pid"
    running_in "$dir/data/postmaster.pid" "$dir/data" >/dev/null || return 0
    quietly as_postgres "$(pg_program pg_ctl)" stop -w -t 30 -m fast -D "$dir/data" ||
        say "PostgreSQL did not stop; see $dir/log"
}

# Starts it if need be; sets redis_url.
redis_start() {
    local dir=$var/redis port
    mkdir -p "$dir"
    if ! running_in "$var/redis.pid" "$dir" >/dev/null; then
        port=$(kept_port "$var/redis.port")
        quietly redis-server --bind 127.0.0.1 --port "$port" --dir "$dir" --appendonly yes \
            --daemonize yes --pidfile "$var/redis.pid" --logfile "$dir/log" ||
            die "Redis did not start"
        wait_for 30 port_taken "$port" || die "Redis did not start; see $dir/log"
        started+=(redis)
    fi
    redis_url=redis://127.0.0.1:$(cat "$var/redis.port")
}

redis_stop() {
    local pid
    if pid=$(running_in "$var/redis.pid" "$var/redis"); then
        kill -TERM "$pid"
        wait_for 30 gone "$pid" || say "Redis (process $pid) did not stop; see var/redis/log"
    fi
    rm -f "$var/redis.pid"
}
