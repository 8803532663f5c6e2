# shellcheck shell=bash
# Benchmarks.

# Of the recorded answers, or of those in DROVER_VECTORS.
bench_quotes() {
    local vectors=${DROVER_VECTORS:-tests/golden}
    build release bench_quotes
    build/release/bench/bench_quotes "$vectors"/*.json
}

# A question of bench/questions, on services of its own.
bench_question() {
    [ "$1" != peers ] || setup_node_modules bench/peers
    node bench/run.mjs "$@"
}

# What CMake left out when it was first run, for want of a library, it finds now.
bench_build() {
    mkdir -p build/release
    [ ! -e build/release/build.ninja ] || grep -q bench_load: build/release/build.ninja ||
        rm build/release/build.ninja
    build release drover bench/all
}

bench() {
    local name=${1:-all} questions=() question
    mapfile -t questions < <(find bench/questions -name '*.mjs' -exec basename {} .mjs \; | sort)
    case " all quotes ${questions[*]} " in
    *" $name "*) ;;
    *) misuse "there is no benchmark called $name" ;;
    esac
    setup bench
    bench_build
    case $name in
    quotes) bench_quotes ;;
    all)
        bench_quotes
        for question in "${questions[@]}"; do bench_question "$question"; done
        ;;
    *) bench_question "$@" ;;
    esac
}
