void id_copy(char *to, const char *from)
{
    strcpy(to, from);
}
