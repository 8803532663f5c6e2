/* What tests of rendering share: reads back the JSON that was rendered, and looks into it. */
#ifndef DV_TESTS_RENDER_SCENE_H
#define DV_TESTS_RENDER_SCENE_H

#include "gateway/json/frame_out.h"
#include "gateway/json/list_out.h"
#include "gateway/json/order_out.h"
#include "gateway/json/problem_out.h"
#include "gateway/json/service_out.h"
#include "proto/buffer.h"
#include "tests/support/mints.h"

#include <check.h>
#include <stdlib.h>
#include <yajl/yajl_tree.h>

#define ORDER_ID "01890a5d-ac96-774b-bcce-b302099a8057"
#define SIGNATURE                                                                                  \
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
#define T0 1763719200000000u /* 2025-11-21T10:00:00Z */

static dv_tokens tokens;
static dv_buffer out;
static yajl_val root;

static inline void set_up(void)
{
    char why[256];
    ck_assert_msg(dv_tokens_load("conf/tokens.conf", &tokens, why) == DV_OK, "%s", why);
}

static inline void tear_down(void)
{
    yajl_tree_free(root);
    dv_buffer_fini(&out);
}

/* Reads what was rendered since the last call. */
static inline void parse(void)
{
    char why[256];
    dv_buffer_add(&out, "", 1);
    yajl_tree_free(root);
    root = yajl_tree_parse(out.bytes, why, sizeof why);
    ck_assert_msg(root != NULL, "%s: %s", why, out.bytes);
    out.size = 0;
}

/* A member by its path, "order/statusHistory/1/status"; NULL when it is absent. */
static inline yajl_val member(const char *path)
{
    yajl_val at = root;
    char name[64];
    while (*path && at) {
        size_t size = strcspn(path, "/");
        ck_assert(size < sizeof name);
        memcpy(name, path, size);
        name[size] = '\0';
        path += size + (path[size] == '/');
        if (YAJL_IS_ARRAY(at)) {
            size_t index = strtoul(name, NULL, 10);
            at = index < YAJL_GET_ARRAY(at)->len ? YAJL_GET_ARRAY(at)->values[index] : NULL;
        } else {
            const char *names[] = {name, NULL};
            at = yajl_tree_get(at, names, yajl_t_any);
        }
    }
    return at;
}

static inline void assert_string(const char *path, const char *expected)
{
    yajl_val value = member(path);
    const char *string = YAJL_IS_STRING(value) ? value->u.string : "(no string)";
    ck_assert_msg(strcmp(string, expected) == 0, "%s is \"%s\", not \"%s\"", path, string,
                  expected);
}

static inline void assert_number(const char *path, const char *expected)
{
    yajl_val value = member(path);
    ck_assert_msg(YAJL_IS_NUMBER(value), "%s is no number", path);
    ck_assert_msg(strcmp(YAJL_GET_NUMBER(value), expected) == 0, "%s is %s, not %s", path,
                  YAJL_GET_NUMBER(value), expected);
}

static inline void assert_null(const char *path)
{
    ck_assert_msg(YAJL_IS_NULL(member(path)), "%s is not null", path);
}

static inline void assert_absent(const char *path)
{
    ck_assert_msg(member(path) == NULL, "%s is there", path);
}

static inline void assert_length(const char *path, size_t expected)
{
    yajl_val value = member(path);
    ck_assert_msg(YAJL_IS_ARRAY(value), "%s is no array", path);
    ck_assert_uint_eq(YAJL_GET_ARRAY(value)->len, expected);
}

static inline dv_terms terms_sol_usdc(void)
{
    dv_terms terms = {
        .user_id = dv_text_of("user-1"),
        .order_type = DV_ORDER_MARKET,
        .token_in = dv_text_of(SOL),
        .token_out = dv_text_of(USDC),
        .amount = 2000000000,
        .slippage_bps = 100,
        .amount_input = dv_text_of("2.0"),
        .created_at_us = T0,
    };
    ck_assert(dv_id_parse(dv_text_of(ORDER_ID), &terms.order_id));
    return terms;
}

#endif
