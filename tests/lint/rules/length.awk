# A function fits a screen (60 lines from brace to brace), and a file a sitting (800 lines).
BEGIN { FUNCTION_MAX = 60; FILE_MAX = 800 }
is_c() && /^\{/ { start = FNR }
is_c() && /^\}/ {
    if (start && FNR - start + 1 > FUNCTION_MAX)
        finding("a function of " (FNR - start + 1) " lines, more than " FUNCTION_MAX)
    start = 0
}
FNR == 1 { start = 0 }
FNR == FILE_MAX + 1 && FILENAME ~ /\.([ch]|sql|mjs|js|css)$/ {
    finding("the file has more than " FILE_MAX " lines")
}
