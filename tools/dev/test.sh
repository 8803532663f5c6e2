# shellcheck shell=bash
# The suites of `./dev test`, and the campaigns beside them.

passed=0 failed=0

# count <passed> <failed>
count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# test_programs <label> [targets…]: runs the programs of a ctest label in the sanitizers' build, all of
# which is built unless targets are named, and counts check's cases. A program that fails without a
# failed case (a leak, a crash, a time-out) counts as one failure.
test_programs() {
    local label=$1 log=build/sanitize/$1.log totals name foreign=()
    say "== $label"
    build sanitize "${@:2}"
    for name in $(compgen -e DROVER_); do # they would be taken for an engine's settings
        [ "$label $name" = "vectors DROVER_VECTORS" ] || foreign+=(-u "$name")
    done
    env "${foreign[@]}" ASAN_OPTIONS=detect_stack_use_after_return=0 \
        ctest --test-dir build/sanitize -L "^$label\$" -j "$(nproc)" -V >"$log" 2>&1 </dev/null || true
    grep -E '^[0-9]+: ([^ ]+:[0-9]+:[FE]:|==[0-9]+==ERROR|[^ ]+ runtime error)|\*\*\*' "$log" >&2 || true
    totals=$(awk '
        $2 ~ /^[0-9]+%:$/ && $3 == "Checks:" {
            bad[$1 + 0] = $6 + $8; good[$1 + 0] = $4 - $6 - $8
        }
        $2 == "Test" && $3 ~ /^#[0-9]+:$/ {
            n = substr($3, 2) + 0
            if (/Passed/) passed += good[n]
            else { passed += good[n]; failed += bad[n] > 0 ? bad[n] : 1 }
        }
        END { print passed + 0, failed + 0 }' "$log")
    # shellcheck disable=SC2086
    count $totals
    say "$label: ${totals/ / passed, } failed (log: $log)"
}

# Each fuzzer counts as one test. New inputs that it finds are kept in the build tree.
fuzz() {
    local seconds=$1 name names=() corpus=()
    say "== fuzz, $seconds s each"
    mapfile -t names < <(find tests/fuzz -name 'fuzz_*.c' -exec basename {} .c \; | sort)
    [ ${#names[@]} -gt 0 ] || return 0
    build fuzz "${names[@]}"
    for name in "${names[@]}"; do
        mkdir -p "build/fuzz/corpus/$name"
        corpus=("build/fuzz/corpus/$name")
        [ ! -d "tests/fuzz/corpus/$name" ] || corpus+=("tests/fuzz/corpus/$name")
        if quietly "build/fuzz/tests/$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
            -artifact_prefix="build/fuzz/$name-" "${corpus[@]}"; then
            count 1 0
        else
            say "$name failed"
            count 0 1
        fi
    done
}

# 2,000 simulated clusters count as one test, and so does each planted bug that they find. Two bugs
# show here that the checks bite; `./dev sim --bugs` plants them all.
test_sim() {
    local log=build/sim.log totals
    say "== sim"
    build release sim
    if build/release/tests/sim --seeds 2000 --jobs "$(nproc)" >"$log" 2>&1 </dev/null; then
        count 1 0
    else
        tail -n 40 "$log" >&2
        count 0 1
    fi
    totals=$(tests/sim/bugs/check send_before_commit status_of_another_signature) || true
    # shellcheck disable=SC2086
    count $totals
    say "sim: $(tail -n 1 "$log") (log: $log)"
}

sim() {
    if [ "${1:-}" = --bugs ]; then
        setup test
        shift
        tests/sim/bugs/check "$@"
        return
    fi
    setup run
    build release sim
    build/release/tests/sim --jobs "$(nproc)" "$@"
}

# The test files of a folder, by node: test_node <folder> <seconds>
test_node() {
    local log=build/$1.tap files=()
    mapfile -t files < <(find "tests/$1" -name '*.test.mjs' -o -name 'test_*.mjs' | sort)
    [ ${#files[@]} -gt 0 ] || return 0
    "${apart[@]}" timeout "$2" node --test --test-reporter=tap "${files[@]}" >"$log" 2>&1 \
        </dev/null || true
    grep -E '^ *not ok|^ *error:' "$log" >&2 || true
    local good bad
    good=$(sed -n 's/^# pass //p' "$log")
    bad=$(sed -n 's/^# \(fail\|cancelled\) //p' "$log" | awk '{ n += $1 } END { if (NR) print n }')
    count "${good:-0}" "${bad:-1}"
    say "$1: ${good:-0} passed, ${bad:-1} failed (log: $log)"
}

# The system tests, against the release build.
test_system() {
    say "== system"
    build release drover
    local apart=()
    test_node system 1200
}

# Swaps and faults on the venues' compiled programs, which are not in this tree.
test_solana() {
    say "== solana"
    [ -n "${DROVER_PROGRAMS_DIR:-}" ] || say "DROVER_PROGRAMS_DIR names no folder: skipped"
    build release drover
    build fault drover
    tests/solana/bugs/plant broken_proof
    local apart=()
    test_node solana 1200
}

# What is mounted for a campaign (a disk that can be full) goes when it ends, however it ends.
apart() {
    apart=()
    if [ "$EUID" -eq 0 ] && unshare -m true 2>/dev/null; then apart=(unshare -m); fi
}

# A campaign of 20 kills, and the test of its checker.
test_fault() {
    say "== fault"
    build fault drover
    local apart
    apart
    test_node fault 600
}

chaos() {
    setup test
    build fault drover
    local apart
    apart
    exec "${apart[@]}" node tests/fault/chaos.mjs "$@"
}

# Each rule of the house style counts as one test.
test_lint() {
    local totals
    say "== lint"
    build release drover
    totals=$(tests/lint/lint) || true
    # shellcheck disable=SC2086
    count $totals
}

test_suites() {
    local suite=${1:-all}
    case $suite in
    lint | unit | component | vectors | fuzz | sim | system | solana | fault | sanitize | all) ;;
    *) misuse "there is no suite called $suite" ;;
    esac
    setup test
    case $suite in lint | all) test_lint ;; esac
    case $suite in unit | sanitize | all) test_programs unit ;; esac
    case $suite in component | sanitize | all) test_programs component ;; esac
    case $suite in vectors | all) test_programs vectors golden_vectors ;; esac
    case $suite in fuzz | all) fuzz 10 ;; esac
    case $suite in sim | all) test_sim ;; esac
    case $suite in system | all) test_system ;; esac
    case $suite in solana | all) test_solana ;; esac
    case $suite in fault | all) test_fault ;; esac
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

fuzz_command() {
    [[ ${1:-60} =~ ^[0-9]+$ ]] || misuse "fuzz takes a number of seconds"
    setup test
    fuzz "${1:-60}"
    [ "$failed" -eq 0 ]
}
