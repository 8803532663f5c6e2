# A file of sql/queries is one statement in lower case, which prepares the file's name, below a comment
# that says what it takes and gives.
FILENAME !~ /^sql\/(queries|setup)\// { next }
FNR == 1 { finish() }
FNR == 1 && !/^-- / { finding("no comment at the top") }
{
    last = code
    plain = code
    gsub(/'[^']*'/, "", plain)
    ends += gsub(/;/, ";", plain)
    if (plain ~ /[A-Z]/) finding("upper case outside of a string")
    if (plain ~ /\t/) finding("a tab")
}
code ~ /^prepare / { split(code, word, " "); name = word[2] }
END { finish() }

function finish(    stem) {
    if (file != "") {
        stem = file
        sub(/^.*\//, "", stem)
        sub(/\.sql$/, "", stem)
        if (ends != 1 || last !~ /;$/) print file ":1: not one statement"
        if (file ~ /queries\// && name != stem) print file ":1: does not prepare " stem
    }
    file = FILENAME
    name = ""
    ends = 0
}
