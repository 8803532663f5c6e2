# shellcheck shell=bash
# Formatting and the style checker.

fmt() {
    setup test
    find actors gateway proto tests bench -name node_modules -prune -o -path tests/lint/bad -prune \
        -o -name '*.[ch]' -print0 2>/dev/null | xargs -0 clang-format -i
}

lint() {
    setup test
    build release drover
    tests/lint/lint >/dev/null
}
