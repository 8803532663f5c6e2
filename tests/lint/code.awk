# For every rule: `code` is the line without comments and without what strings and characters hold.
# Comments of C, SQL and JavaScript; elsewhere the line as it is.

function is_c() { return FILENAME ~ /\.[ch]$/ }

# Where the string that begins at `i` ends.
function string_end(line, i,    quote) {
    quote = substr(line, i, 1)
    for (i++; i <= length(line) && substr(line, i, 1) != quote; i++)
        if (substr(line, i, 1) == "\\") i++
    return i
}

function strip(line,    out, i, c, two, end) {
    out = ""
    for (i = 1; i <= length(line); i++) {
        two = substr(line, i, 2)
        c = substr(two, 1, 1)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++ }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == line_comment) {
            break
        } else if (c == "\"" || (c == "'" && line_comment != "--")) {
            end = string_end(line, i)
            out = out c c
            i = end
        } else {
            out = out c
        }
    }
    return out
}

# Whether the code has this word, on its own.
function has_word(word) { return (" " code " ") ~ ("[^A-Za-z0-9_.]" word "[^A-Za-z0-9_]") }

function finding(what) { print FILENAME ":" FNR ": " what }

FNR == 1 {
    in_comment = 0
    line_comment = FILENAME ~ /\.sql$/ ? "--" : "//"
    stripped = FILENAME ~ /\.([ch]|sql|mjs|js)$/
}
{ code = stripped ? strip($0) : $0 }
