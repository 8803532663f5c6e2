# Each library is at home in one place.
BEGIN {
    home["msgpack"] = "^proto/"
    home["civetweb"] = "^gateway/"
    home["libpq-fe"] = "^actors/persistence/pg/"
    home["hiredis"] = "^actors/retry/redis\\.c$"
    home["curl"] = "^actors/solana/(rpc|subscription)\\.c$"
    home["libwebsockets"] = "^actors/solana/subscription\\.c$"
    home["sodium"] = "^(actors/|gateway/gateway\\.c$)"
}
is_c() && FILENAME !~ /^(tests|bench)\// && /^#include </ {
    header = $0
    sub(/^#include </, "", header)
    sub(/[.\/>].*$/, "", header)
    if (header in home && FILENAME !~ home[header]) finding("may not include " header)
}
