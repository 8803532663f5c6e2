/* Prints an id. */
void dv_id_print(const dv_id *id);

/* The first id. */
static inline dv_id dv_id_first(void)
{
    return (dv_id){0};
}
