#!/bin/sh
# Prints the names of states as proto/state.h lists them, quoted for SQL, commas between them.
#   terminal  those that nothing follows      lost  of these, those that end without a trade
set -eu
cd "$(dirname "$0")/.."
sed -n 's/^ *X([0-9]*, \([a-z]*\), true, .*/\1/p' proto/state.h |
    { if [ "$1" = lost ]; then grep -v '^finalized$'; else cat; fi; } |
    sed "s/.*/'&'/" | paste -sd, - | sed 's/,/, /g'
