/* Any bytes as a message: what decodes encodes to something that decodes to the same. */
#include <assert.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/message.h"
#include "tests/support/message_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    dv_arena *arena = dv_arena_new();
    dv_message first, second;
    if (dv_message_decode(bytes, size, arena, &first) == DV_OK) {
        dv_buffer once = {0}, twice = {0}, printed = {0};
        dv_message_encode(&first, &once);
        assert(once.size <= dv_message_bound(first.type));
        dv_err error = dv_message_decode(once.bytes, once.size, arena, &second);
        assert(error == DV_OK && second.type == first.type);
        /* The encoding is a function of the fields alone, so equal bytes are equal messages. */
        dv_message_encode(&second, &twice);
        assert(once.size == twice.size && memcmp(once.bytes, twice.bytes, once.size) == 0);
        message_print(&first, &printed);
        dv_buffer_fini(&once);
        dv_buffer_fini(&twice);
        dv_buffer_fini(&printed);
    }
    dv_text rest = {(const char *)bytes, (uint32_t)size};
    uint32_t count = dv_frame_count(bytes, size), taken = 0;
    for (size_t left = size; left > 0; left = rest.size, taken++) {
        dv_text whole = rest;
        dv_err error = dv_frame_decode(&rest, arena, &first);
        assert(rest.size < left && rest.at == whole.at + (left - rest.size));
        assert(error == dv_message_decode(whole.at, left - rest.size, arena, &second));
    }
    assert(count == 0 || count == taken);
    dv_arena_destroy(&arena);
    return 0;
}
