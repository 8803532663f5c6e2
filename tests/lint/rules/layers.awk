# Includes point one way. `may` lists, for the files directly in a folder, the folders whose files they
# may include; their own folder is understood. A folder that is not listed inherits from the one above.
BEGIN {
    below = "actors/base proto"
    may["proto"] = ""
    may["actors/base"] = "proto"
    may["actors/solana"] = "proto"
    may["actors/dex"] = below
    may["actors/dex/programs"] = "actors/solana proto"
    may["actors/dex/swap"] = "actors/dex/programs actors/solana proto"
    may["actors/dex/pools"] = "actors/dex actors/dex/programs actors/dex/swap actors/solana " below
    may["actors/dex/sim"] = "actors/dex " below
    may["actors/chain"] = below
    may["actors/chain/solana"] = "actors/chain actors/dex/swap actors/dex/programs actors/solana " below
    may["actors/chain/simulated"] = "actors/chain actors/dex/sim " below
    may["actors/router"] = "actors/dex " below
    may["actors/signer"] = "actors/dex/programs actors/solana " below
    may["actors/ingest"] = below
    may["actors/execution"] = below
    may["actors/persistence"] = below
    may["actors/persistence/pg"] = "actors/persistence sql " below
    may["actors/persistence/queries"] = "actors/persistence actors/persistence/pg sql " below
    may["actors/retry"] = below
    may["actors/notification"] = below
    may["gateway"] = "gateway/api gateway/http gateway/stream gateway/calls " below
    may["gateway/api"] = "gateway/http gateway/stream gateway/json gateway/calls " below
    may["gateway/http"] = "gateway/json " below
    may["gateway/stream"] = "gateway/json " below
    may["gateway/json"] = "gateway/calls " below
    may["gateway/calls"] = below
    free["actors"] = 1 # the program: it makes every actor
}

function folder(path) {
    return match(path, /.*\//) ? substr(path, 1, RLENGTH - 1) : ""
}

# The nearest folder that has a rule.
function ruled(path) {
    for (path = folder(path); path != "" && !(path in may) && !(path in free);) path = folder(path)
    return path
}

# Keys are the signer's alone.
is_c() && /^#include "actors\/solana\/keypair.h"/ && FILENAME !~ /^(actors\/(signer|solana)|tests|bench)\// {
    finding("only the signer handles private keys")
}

is_c() && /^#include "/ {
    split($0, quoted, "\"")
    from = ruled(FILENAME)
    to = folder(quoted[2])
    if (from == "" || from in free || to == folder(FILENAME)) next
    if (index(" " may[from] " ", " " to " ")) next
    finding("may not include " quoted[2])
}
