/* An id. */
typedef struct dv_id dv_id;

dv_id *dv_id_new(const char *text,
                 int size);
