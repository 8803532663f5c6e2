# Calls that overrun, hide errors, keep state, block a thread, or start a shell.
BEGIN {
    n = split("strcpy strcat sprintf vsprintf gets strtok atoi atol atoll atof rand srand random " \
              "system popen sleep usleep nanosleep zclock_sleep alloca tmpnam mktemp", banned, " ")
}
is_c() {
    for (i = 1; i <= n; i++)
        if ((" " code) ~ ("[^A-Za-z0-9_]" banned[i] " *\\(")) finding("calls " banned[i])
}
