# Includes point one way (see README.md): the area of a file, and what each area may include.
BEGIN {
    may["proto"] = "proto"
    may["solana"] = "solana proto"
    may["base"] = "base proto"
    may["dex"] = "dex solana base proto"
    may["actor"] = "piece dex base proto sql" # and its own header
    may["signer"] = "signer piece dex solana base proto" # it alone handles keys
    may["piece"] = "piece dex base proto sql" # what actors are put together from
    may["gateway"] = "gateway base proto"
}

function area(path) {
    if (path ~ /^proto\//) return "proto"
    if (path ~ /^gateway\//) return "gateway"
    if (path ~ /^sql\//) return "sql"
    if (path == "actors/main.c") return "main"
    if (path ~ /^actors\/signer[a-z_]*\.[ch]$/) return "signer"
    if (path ~ /^actors\/(ingest|router|execution|persistence|retry|notification)\.[ch]$/)
        return "actor"
    if (path ~ /^actors\/[a-z0-9_]+\.[ch]$/) return "piece"
    if (path ~ /^actors\/[a-z]+\//) return substr(path, 8, index(substr(path, 8), "/") - 1)
    return ""
}

function stem(path) {
    sub(/\.[ch]$/, "", path)
    return path
}

is_c() && /^#include "/ {
    split($0, quoted, "\"")
    from = area(FILENAME)
    if (from == "" || from == "main" || stem(FILENAME) == stem(quoted[2])) next
    if (index(" " may[from] " ", " " area(quoted[2]) " ")) next
    finding("may not include " quoted[2])
}
