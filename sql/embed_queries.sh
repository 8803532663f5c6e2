#!/bin/sh
# Turns queries/ and setup/ into C tables: embed_queries.sh <folder> <output.c> <output.h>. See README.md.
#
# It reads the files as psql does: `\set name `command`` sets a variable, `:name` stands for its value.
# What stands between `prepare name (types) as` and the last semicolon is the statement.
set -eu
cd "$1/.."

table() { # <folder> <table>
    echo "const dv_statement $2[] = {"
    for file in sql/"$1"/*.sql; do
        { sed -n 's/^\\set \([a-z_]*\) `\(.*\)`$/\1 \2/p' "$file"; } | while read -r name command; do
            printf '\\value %s\n' "$name"
            sh -c "$command"
            printf '\\end\n'
        done | cat - "$file" | awk -v name="$(basename "$file" .sql)" '
            /^\\value / { variable = $2; next }
            /^\\end$/ { sub(/\n$/, "", value[variable]); variable = ""; next }
            variable != "" { value[variable] = value[variable] $0 "\n"; next }
            /^\\set / || /^ *--/ { next }
            { text = text $0 "\n" }
            function fill(text,    out, word) { # variables may stand in variables
                while (match(text, /(^|[^:]):[a-z_]+/)) {
                    word = substr(text, RSTART, RLENGTH)
                    sub(/^[^:]*:/, "", word)
                    if (!(word in value)) { print "unknown variable " word > "/dev/stderr"; exit 1 }
                    at = RSTART + RLENGTH - length(word) - 1
                    out = out substr(text, 1, at - 1)
                    text = value[word] substr(text, at + 1 + length(word))
                }
                return out text
            }
            END {
                params = 0
                if (match(text, /^\n*prepare [a-z_]+ *(\([^)]*\))? *as\n/)) {
                    head = substr(text, 1, RLENGTH)
                    text = substr(text, RSTART + RLENGTH)
                    if (head ~ /\(/) params = gsub(/,/, ",", head) + 1
                }
                text = fill(text)
                sub(/;\n*$/, "", text)
                gsub(/\\/, "\\\\", text)
                gsub(/"/, "\\\"", text)
                gsub(/\n/, "\\n\"\n     \"", text)
                printf "    {\"%s\", %d,\n     \"%s\"},\n", name, params, text
            }'
    done
    echo "};"
}

names() { # <folder> <prefix> <count>
    echo "enum {"
    for file in sql/"$1"/*.sql; do echo "    $2$(basename "$file" .sql),"; done
    echo "    $3"
    echo "};"
}

{
    echo '/* Made by sql/embed_queries.sh. */'
    echo '#ifndef DV_SQL_QUERIES_H'
    echo '#define DV_SQL_QUERIES_H'
    echo '#include "sql/statement.h"'
    names queries DV_SQL_ DV_SQL_COUNT
    names setup DV_SETUP_ DV_SETUP_COUNT
    echo 'extern const dv_statement DV_SQL[DV_SQL_COUNT];'
    echo 'extern const dv_statement DV_SETUP[DV_SETUP_COUNT];'
    echo '#endif'
} >"$3.tmp"
{
    echo '#include "sql/queries.h"'
    table queries 'DV_SQL'
    table setup 'DV_SETUP'
} >"$2.tmp"
mv "$3.tmp" "$3"
mv "$2.tmp" "$2"
