/* A message as one line of JSON, for traces and comparisons. */
#ifndef DV_TESTS_MESSAGE_PRINT_H
#define DV_TESTS_MESSAGE_PRINT_H

#include <stdio.h>

#include "proto/codec.h"

/* Appends {"name":{...}}: texts quoted, blobs as lengths. */
static inline void message_print(const dv_message *message, dv_buffer *buffer)
{
    char head[64];
    const dv_message_info *info = dv_message_info_of(message->type);
    int size = snprintf(head, sizeof head, "{\"%s\":", info->name);
    dv_buffer_add(buffer, head, (size_t)size);
    dv_record_print(info->shape, message->body, buffer);
    dv_buffer_add(buffer, "}", 1);
}

#endif
