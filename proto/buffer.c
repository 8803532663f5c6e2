#include "proto/buffer.h"

#include <stdlib.h>

#define CAPACITY_MIN 256 /* bytes */

void dv_buffer_reserve(dv_buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
    while (capacity - buffer->size < size) capacity *= 2;
    char *grown = realloc(buffer->bytes, capacity);
    if (grown == NULL) abort();
    buffer->bytes = grown;
    buffer->capacity = capacity;
}

void dv_buffer_fini(dv_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (dv_buffer){0};
}
