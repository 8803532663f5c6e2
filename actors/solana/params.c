#include "actors/solana/params.h"

#include <assert.h>
#include <stdio.h>

void dv_params_texts(char *ret_params, size_t size, const char *const *texts, uint32_t count,
                     const char *options)
{
    size_t n = (size_t)snprintf(ret_params, size, "[[");
    for (uint32_t i = 0; i < count && n < size; i++)
        n += (size_t)snprintf(ret_params + n, size - n, "%s\"%s\"", i ? "," : "", texts[i]);
    if (n < size)
        n += (size_t)snprintf(ret_params + n, size - n, "]%s%s]", *options ? "," : "", options);
    assert(n < size); /* the caller has made room */
}

void dv_params_keys(char *ret_params, size_t size, const dv_pubkey *keys, uint32_t count,
                    const char *options)
{
    char names[DV_PARAMS_KEYS_MAX][DV_BASE58_TEXT_SIZE];
    const char *texts[DV_PARAMS_KEYS_MAX];
    assert(count <= DV_PARAMS_KEYS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        dv_base58_encode(keys[i].bytes, DV_PUBKEY_SIZE, names[i]);
        texts[i] = names[i];
    }
    dv_params_texts(ret_params, size, texts, count, options);
}
