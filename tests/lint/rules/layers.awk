# Includes point one way (see README.md). The area of a file, and what each area may include.
BEGIN {
    may["proto"] = "proto"
    may["solana"] = "solana proto"
    may["base"] = "base proto"
    may["dex"] = "dex solana base proto"
    may["actor"] = "wiring dex base proto"
    may["wiring"] = "wiring base proto"
    may["gateway"] = "gateway base proto"
    # A table of tokens holds mints, and a mint is base58 of 32 bytes.
    also["actors/base/tokens.c", "actors/solana/base58.h"] = 1
}

function area(path) {
    if (path ~ /^proto\//) return "proto"
    if (path ~ /^gateway\//) return "gateway"
    if (path ~ /^actors\/main\.c$/) return "main"
    if (path ~ /^actors\/(topology|migrate)\.[ch]$/) return "wiring"
    if (path ~ /^actors\/[a-z_]+\//) {
        split(path, part, "/")
        return part[2]
    }
    return path ~ /^actors\// ? "actor" : ""
}

# actors/retry_store.c, as a part of actors/retry.c, has the same noun.
function noun(path) {
    sub(/^.*\//, "", path)
    sub(/[._].*$/, "", path)
    return path
}

is_c() && /^#include "/ {
    split($0, quoted, "\"")
    from = area(FILENAME)
    to = area(quoted[2])
    if (from == "" || from == "main") next
    if ((" " may[from] " ") ~ (" " to " ")) next
    if (from == "actor" && to == "actor" && shared_by(FILENAME, quoted[2])) next
    if ((FILENAME, quoted[2]) in also) next
    finding("may not include " quoted[2])
}

# An actor's own headers: of its noun, or of one of the pieces that it is put together from.
function shared_by(path, header) {
    return noun(path) == noun(header) || (noun(path), noun(header)) in piece
}
BEGIN { piece["execution", "routing"] = 1 }
