# Money and time are integers: no floating point in the engine's sources, nor in its tables.
is_c() && FILENAME ~ /^(actors|proto|gateway)\// {
    if (has_word("float") || has_word("double") || has_word("strtod")) finding("floating point")
    if (code ~ /[^A-Za-z0-9_.][0-9]+\.[0-9]/) finding("a floating-point constant")
}
FILENAME ~ /\.sql$/ {
    code = tolower(code)
    if (has_word("real") || has_word("float4") || has_word("float8") || has_word("float") ||
        has_word("double") || has_word("money"))
        finding("a floating-point or locale-bound type")
}
