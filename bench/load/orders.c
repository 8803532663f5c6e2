#include "bench/load/orders.h"

#include <stdio.h>
#include <stdlib.h>

/* Sebastiano Vigna's splitmix64: even bits from a counter. */
static uint64_t dice(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void put_order(FILE *out, uint64_t *seed)
{
    uint64_t bits = dice(seed);
    if (bits & 1)
        fprintf(out, "{\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\",\"amount\":0.%02u}",
                (unsigned)(1 + (bits >> 1) % 66));
    else
        fprintf(out, "{\"tokenIn\":\"USDC\",\"tokenOut\":\"SOL\",\"amount\":%u}",
                (unsigned)(1 + (bits >> 1) % 100));
}

static FILE *text_open(load_request *r)
{
    FILE *text = open_memstream(&r->bytes, &r->size);
    if (text == NULL) abort();
    return text;
}

static load_request request_make(uint64_t *seed, uint32_t batch)
{
    load_request body, request;
    FILE *out = text_open(&body);
    if (batch > 0) fputc('[', out);
    for (uint32_t i = 0; i < (batch > 0 ? batch : 1); i++) {
        if (i > 0) fputc(',', out);
        put_order(out, seed);
    }
    if (batch > 0) fputc(']', out);
    fclose(out);
    out = text_open(&request);
    fprintf(out,
            "POST /api/orders/%s HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            batch > 0 ? "batch" : "execute", body.size, body.bytes);
    fclose(out);
    free(body.bytes);
    return request;
}

void load_orders_make(load_orders *ret_orders, uint64_t seed, uint32_t batch)
{
    ret_orders->next = 0;
    for (size_t i = 0; i < LOAD_REQUESTS; i++) ret_orders->requests[i] = request_make(&seed, batch);
}

void load_orders_fini(load_orders *orders)
{
    for (size_t i = 0; i < LOAD_REQUESTS; i++) free(orders->requests[i].bytes);
}

const load_request *load_orders_next(load_orders *orders)
{
    return &orders->requests[orders->next++ % LOAD_REQUESTS];
}
