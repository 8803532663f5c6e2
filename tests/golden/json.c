#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "tests/golden/golden.h"

yajl_val golden_get(yajl_val object, const char *name)
{
    const char *path[] = {name, NULL};
    yajl_val value = object ? yajl_tree_get(object, path, yajl_t_any) : NULL;
    return value && YAJL_IS_NULL(value) ? NULL : value;
}

yajl_val golden_need(yajl_val object, const char *name)
{
    yajl_val value = golden_get(object, name);
    golden_check(value != NULL, "the file has no %s here", name);
    return value;
}

const char *golden_text_of(yajl_val value)
{
    const char *text = YAJL_GET_STRING(value);
    golden_check(text != NULL, "not a text");
    return text;
}

const char *golden_text(yajl_val object, const char *name)
{
    return golden_text_of(golden_need(object, name));
}

uint64_t golden_u64_of(yajl_val value)
{
    const char *text = YAJL_IS_NUMBER(value) ? YAJL_GET_NUMBER(value) : YAJL_GET_STRING(value);
    char *end;
    golden_check(text && *text >= '0' && *text <= '9', "not an unsigned number");
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    golden_check(errno == 0 && *end == '\0', "not an unsigned number of 64 bits: %s", text);
    return number;
}

uint64_t golden_u64(yajl_val object, const char *name)
{
    return golden_u64_of(golden_need(object, name));
}

bool golden_bool(yajl_val object, const char *name)
{
    yajl_val value = golden_need(object, name);
    golden_check(YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value), "%s is no boolean", name);
    return YAJL_IS_TRUE(value);
}

dv_pubkey golden_key_of(yajl_val value)
{
    dv_pubkey key = {{0}};
    const char *text = golden_text_of(value);
    golden_check(dv_pubkey_parse(dv_text_of(text), &key), "not an address: %s", text);
    return key;
}

dv_pubkey golden_key(yajl_val object, const char *name)
{
    return golden_key_of(golden_need(object, name));
}

size_t golden_count(yajl_val array)
{
    golden_check(YAJL_IS_ARRAY(array), "not an array");
    return array->u.array.len;
}

yajl_val golden_at(yajl_val array, size_t i)
{
    golden_check(i < golden_count(array), "the array has no element %zu", i);
    return array->u.array.values[i];
}

uint8_t *golden_hex(const char *text, size_t *ret_size)
{
    size_t capacity = strlen(text) / 2;
    uint8_t *bytes = golden_new(capacity + 1);
    const char *end;
    int err = sodium_hex2bin(bytes, capacity, text, strlen(text), NULL, ret_size, &end);
    golden_check(err == 0 && *end == '\0', "not hex: %.40s", text);
    return bytes;
}

uint8_t *golden_base64(const char *text, size_t *ret_size)
{
    size_t capacity = strlen(text) / 4 * 3;
    uint8_t *bytes = golden_new(capacity + 1);
    const char *end;
    int err = sodium_base642bin(bytes, capacity, text, strlen(text), NULL, ret_size, &end,
                                sodium_base64_VARIANT_ORIGINAL);
    golden_check(err == 0 && *end == '\0', "not base64: %.40s", text);
    return bytes;
}
