# Every function that a header of the program declares is called by the program, and not by tests
# alone. A name counts as called where its line does not begin with the function's type.
FILENAME ~ /^(actors|gateway|proto|sql)\/.*\.[ch]$/ {
    line = code
    while (match(line, /(^|[^A-Za-z0-9_])dv_[a-z0-9_]+/)) {
        before = substr(code, 1, length(code) - length(line) + RSTART - 1)
        name = substr(line, RSTART, RLENGTH)
        sub(/^[^d]/, "", name)
        line = substr(line, RSTART + RLENGTH)
        declares = code ~ /^[A-Za-z_]/ && before !~ /[=({,]/ && line ~ /^\(/
        if (!declares) called[name] = 1
        else if (FILENAME ~ /\.h$/ && !(name in place)) place[name] = FILENAME ":" FNR
    }
}
END {
    for (name in place)
        if (!(name in called)) print place[name] ": nothing but tests calls " name
}
