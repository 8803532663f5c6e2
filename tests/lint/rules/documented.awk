# In a header, every function that is not static has a comment directly above it, or directly above
# the run of declarations that it belongs to.
FILENAME ~ /\.h$/ {
    begins = $0 ~ /^[A-Za-z_].*[ *]\**[a-z_0-9]+\(/ && $0 !~ /^(typedef|static|struct|enum|union)/
    if (begins && !covered) finding("no comment above this function")
    continues = !body && $0 ~ /^[ \t]+[^ \t]/
    if (begins || in_comment || $0 ~ /\*\/ *$/) covered = 1
    else if (!continues && $0 !~ /^typedef .*;$/) covered = 0
    body = ($0 ~ /\{ *$/) || (body && $0 !~ /^\}/)
}
FNR == 1 && FILENAME ~ /\.h$/ { body = 0 }
