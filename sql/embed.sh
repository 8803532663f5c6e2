#!/bin/sh
# Turns the migrations into a C table: embed.sh <folder> <output.c>. See actors/persistence/pg/migrate.h.
set -eu
{
    echo '#include "actors/persistence/pg/migrate.h"'
    echo 'const dv_migration DV_MIGRATIONS[] = {'
    for file in "$1"/[0-9]*.sql; do
        name=$(basename "$file" .sql)
        number=$(expr "$name" : '\([0-9]*\)' | sed 's/^0*//')
        echo "    {${number}, \"${name}\","
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/        "/' -e 's/$/\\n"/' "$file"
        echo '    },'
    done
    echo '    {0, 0, 0},'
    echo '};'
} >"$2.tmp"
mv "$2.tmp" "$2"
