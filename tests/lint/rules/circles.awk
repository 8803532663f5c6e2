# No circle of includes: neither between files (a header and its source count as one) nor between
# folders. A folder contains its subfolders only for files outside of them.
function stem(path) {
    sub(/\.[ch]$/, "", path)
    return path
}

function folder(path) {
    return match(path, /.*\//) ? substr(path, 1, RLENGTH - 1) : "."
}

# The place of the include is kept, so that the finding can name it.
function arrow(graph, from, to) {
    if (from == to || (graph, from, to) in place) return
    place[graph, from, to] = FILENAME ":" FNR
    count[graph, from]++
    target[graph, from, count[graph, from]] = to
    nodes[graph, from] = from
}

is_c() && FILENAME !~ /^(tests|bench)\// && /^#include "/ {
    split($0, quoted, "\"")
    arrow("file", stem(FILENAME), stem(quoted[2]))
    arrow("folder", folder(FILENAME), folder(quoted[2]))
}

# Walks depth first. state: 1 while a node is on the path, 2 once all that it reaches is known.
function visit(graph, node, depth,    i, to, k, text) {
    state[graph, node] = 1
    path[depth] = node
    for (i = 1; i <= count[graph, node]; i++) {
        to = target[graph, node, i]
        if (state[graph, to] == 1) {
            text = to
            for (k = depth; path[k] != to; k--) text = path[k] " -> " text
            print place[graph, node, to] ": a circle of includes: " to " -> " text
        } else if (!state[graph, to]) {
            visit(graph, to, depth + 1)
        }
    }
    state[graph, node] = 2
}

END {
    for (key in nodes) {
        split(key, part, SUBSEP)
        if (!state[part[1], part[2]]) visit(part[1], part[2], 1)
    }
}
