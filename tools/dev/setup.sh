# shellcheck shell=bash
# Packages and node modules that the commands need.

run_packages=(gcc libc6-dev cmake ninja-build pkg-config libczmq-dev libzmq3-dev libcivetweb-dev
    libpq-dev libhiredis-dev libmsgpack-dev libyajl-dev libsodium-dev libcurl4-openssl-dev
    libwebsockets-dev uthash-dev check postgresql redis-server)
bench_packages=(libwslay-dev libhttp-parser-dev gnuplot-nox)
test_packages=(clang clang-format libclang-rt-14-dev chromium ca-certificates patch)

as_root() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@"
    else
        die "installing packages needs root or sudo; run ./dev setup test as root once"
    fi
}

have_node() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'
}

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

# Debian starts a database it installs; ours are private, so deny that while packages install.
install_packages() {
    local policy=/usr/sbin/policy-rc.d made=no ok=yes
    say "installing $*"
    if [ ! -e $policy ]; then
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy" && made=yes
    fi
    # shellcheck disable=SC2064
    [ $made = no ] || trap "as_root rm -f $policy" EXIT
    quietly as_root apt-get update -q &&
        quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq \
            --no-install-recommends "$@" || ok=no
    if [ $made = yes ]; then
        as_root rm -f $policy
        trap - EXIT
    fi
    [ $ok = yes ] || die "could not install: $*"
}

setup() {
    local group=${1:-run} missing=()
    command -v apt-get >/dev/null || return 0 # not Debian: what is missing, the build will name
    mapfile -t missing < <(missing_packages "${run_packages[@]}")
    case $group in
    test) mapfile -t -O ${#missing[@]} missing < <(missing_packages "${test_packages[@]}") ;;
    bench) mapfile -t -O ${#missing[@]} missing < <(missing_packages "${bench_packages[@]}") ;;
    esac
    [ "$group" = run ] || have_node || missing+=(nodejs npm)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    [ "$group" = run ] || setup_node_modules
}

# A folder's node modules, as locked: of the tests, a WebSocket client, a browser driver and litesvm.
# That is for x86-64 alone, but not optional: npm leaves out without a word what is optional and names
# a later Node.js than Debian's, with which it works.
setup_node_modules() {
    local folder=${1:-tests} stamp force=()
    [ "$(uname -m)" = x86_64 ] || force=(--force)
    stamp=$folder/node_modules/.drover-lock
    [ -e "$folder/package-lock.json" ] || return 0
    cmp -s "$folder/package-lock.json" "$stamp" && return 0
    say "installing the node modules of $folder"
    quietly npm --prefix "$folder" ci "${force[@]}" --no-audit --no-fund || die "npm could not install them"
    cp "$folder/package-lock.json" "$stamp"
}

setup_command() {
    case ${1:-run} in run | test | bench) setup "${1:-run}" ;; *) misuse "there is no group called $1" ;; esac
}
