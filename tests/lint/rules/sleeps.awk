# Tests wait for an event with a deadline; they never sleep for a fixed time.
FILENAME ~ /^tests\/.*\.(mjs|js)$/ && (has_word("sleep") || has_word("delay")) {
    finding("sleeps")
}
