/* An id. */
typedef struct dv_id {
    int number;
} dv_id;
int dv_id_number(const dv_id *id);
