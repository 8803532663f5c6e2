# shellcheck shell=bash
# Builds a tree of each kind under build/.

# build <kind> [target…]: prints warnings and errors only.
build() {
    local kind=$1 options=()
    shift
    case $kind in
    release) ;;
    sanitize) options=(-DDROVER_SANITIZE=ON) ;;
    thread) options=(-DDROVER_THREAD_SANITIZE=ON) ;;
    fault) options=(-DDROVER_FAILPOINTS=ON) ;;
    fuzz) options=(-DDROVER_FUZZ=ON -DCMAKE_C_COMPILER=clang) ;;
    *) misuse "there is no build called $kind" ;;
    esac
    mkdir -p "build/$kind"
    ( # one build of a kind at a time
        flock 9
        [ -e "build/$kind/build.ninja" ] ||
            quietly cmake -G Ninja -S . -B "build/$kind" "${options[@]}" || exit 1
        # ninja: nothing to do; --: CMake was run again, since files came or went
        ninja --quiet -C "build/$kind" "$@" 2>&1 | { grep -vE "^(ninja: no work|-- )" || true; } >&2
    ) 9>"build/$kind/.lock" || die "build/$kind failed"
}

build_command() {
    setup run
    build "${1:-release}"
}
