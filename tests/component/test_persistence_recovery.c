/* Persistence with a real PostgreSQL: how fast the orders of owners that are gone are re-owned. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/support/persistence_rig.h"

#define ORDERS 100000
#define FEW_ORDERS 10000 /* on a machine that has other work, whose figures say nothing */
#define FIRST_MS 2000    /* until the first page of orders is claimed */
#define ALL_MS 10000     /* until all of them are */
#define LEASE_MS 5000    /* the default */
#define ME "execution@a/2"

static uint64_t orders; /* of the test's crowd */

/* Whether others want the processors too: more than this test and its server can use wait for them.
 */
static bool is_busy(void)
{
    char text[64] = "0";
    FILE *in = fopen("/proc/loadavg", "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof text, in));
    fclose(in);
    return strtol(text, NULL, 10) > sysconf(_SC_NPROCESSORS_ONLN);
}

/* Two owners that were alive once. */
static void owners_make(void)
{
    pg_ask(base, "insert into instances (owner, name, lease, alive_since, beat_at, leaving) values"
                 " ('execution@a/1', 'execution@a', '1s', now() - interval '1h',"
                 " now() - interval '1h', false),"
                 " ('execution@b/1', 'execution@b', '1s', now() - interval '1h',"
                 " now() - interval '1h', false)");
}

/* A crowd of their unfinished orders, a third of them with a transaction under way, and
   as many finished ones as would be there after a while. */
static void crowd_make(void)
{
    orders = is_busy() ? FEW_ORDERS : ORDERS;
    if (orders < ORDERS) printf("the machine has other work: a small crowd, and no bounds\n");
    char sql[100];
    snprintf(sql, sizeof sql, "create table crowd as select generate_series(1, %d) as n",
             (int)(orders / 2 * 3));
    pg_ask(base, sql);
    pg_ask(base,
           "insert into orders (id, order_type, swap_mode, token_in, token_out, amount,"
           " slippage_bps, style, amount_input, status, outcome, attempt, seq, owner,"
           " created_at, updated_at)"
           " select (lpad(to_hex(n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || 'a' ||"
           " substr(md5(n::text), 4, 15))::uuid, 1, 0,"
           " 'So11111111111111111111111111111111111111112',"
           " 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 1500000000, 100, 0, '1.5',"
           " case when n % 3 = 0 then 'submitted' when n % 2 = 0 then 'finalized' else 'pending'"
           " end, case when n % 3 <> 0 and n % 2 = 0 then 'finalized' end,"
           " case when n % 3 = 0 or n % 2 = 0 then 1 else 0 end, 1,"
           " case when n % 5 = 0 then 'execution@b/1' else 'execution@a/1' end, now(), now()"
           " from crowd");
    pg_ask(base,
           "insert into order_events (order_id, seq, position, status, attempt, at, learnt,"
           " transaction) select id, 1, row_number() over (), status, 1, now(),"
           " '[{\"number\": 1, \"venue\": \"raydium\", \"reason\": \"it pays more\","
           " \"quotes\": [{\"venue\": \"raydium\", \"amount_in\": 1500000000, \"amount_out\":"
           " 225000000, \"fee_ppm\": 2500, \"pool\": \"58oQChx4yWmvKdwLLZzBi4ChoCc2fqCUWBkwMihLYQo2"
           "\"}, {\"venue\": \"meteora\", \"amount_in\": 1500000000, \"amount_out\": 226000000}],"
           " \"signature\": \"5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQ\","
           " \"last_valid_block_height\": 1000, \"limit_amount\": 1}]',"
           " decode(repeat('ab', 400), 'hex') from orders where status = 'submitted'");
    ck_assert_uint_eq(ask_number("select count(*) from orders where outcome is null"), orders);
}

static uint64_t since_ms(int64_t begun_ns)
{
    return (uint64_t)((dv_time_now().mono_ns - begun_ns) / DV_NS_PER_MS);
}

/* The incarnation beats; what it is told says whether there are orphans. */
static void beat(rig *r)
{
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_lease_request,
                           .lease_request = {.owner = dv_text_of(ME),
                                             .name = dv_text_of("execution@a"),
                                             .lease_ms = LEASE_MS}});
    rig_until(r, DV_MSG_lease_reply, said(r, DV_MSG_lease_reply) + 1);
}

static uint64_t claim(rig *r)
{
    rig_tell(r, DV_PORT(DV_LINK_write, 0),
             &(dv_message){.type = DV_MSG_claim_request,
                           .claim_request = {.owner = dv_text_of(ME), .limit = 500}});
    rig_until(r, DV_MSG_claim_reply, said(r, DV_MSG_claim_reply) + 1);
    uint64_t error = last(r, DV_MSG_claim_reply)->claim_reply.error;
    ck_assert(error == DV_OK || error == DV_STORE_STALE); /* its last beat is too long ago */
    return last(r, DV_MSG_claim_reply)->claim_reply.count;
}

/* Claims all there is, beating meanwhile. begun_ns: when the clock was started. */
static void recover(rig *r, int64_t begun_ns)
{
    int64_t beat_ns = dv_time_now().mono_ns;
    beat(r);
    ck_assert_uint_eq(last(r, DV_MSG_lease_reply)->lease_reply.orphans, 1);
    uint64_t claimed = claim(r), first_ms = since_ms(begun_ns), worst_ms = 0;
    while (claimed < orders) {
        int64_t page_ns = dv_time_now().mono_ns;
        if (since_ms(beat_ns) > LEASE_MS / 5) {
            beat(r);
            beat_ns = page_ns;
        }
        uint64_t count = claim(r); /* of the other name: none before this one's lease is over */
        if (since_ms(page_ns) > worst_ms) worst_ms = since_ms(page_ns);
        claimed += count;
        ck_assert_uint_lt(since_ms(begun_ns), 8 * ALL_MS);
    }
    uint64_t all_ms = since_ms(begun_ns);
    printf("%" PRIu64 " orders re-owned: the first after %" PRIu64 " ms, all after %" PRIu64
           " ms, the slowest page %" PRIu64 " ms\n",
           orders, first_ms, all_ms, worst_ms);
    ck_assert_uint_eq(claim(r), 0);
    ck_assert_uint_eq(ask_number("select count(*) from orders where outcome is null"
                                 " and owner = '" ME "' and epoch = 2"),
                      orders);
    if (orders < ORDERS) return;
    ck_assert_uint_le(first_ms, FIRST_MS);
    ck_assert_uint_le(all_ms, ALL_MS);
}

START_TEST(a_hundred_thousand_orders_of_dead_owners_are_claimed_after_a_cold_start)
{
    rig r;
    rig_open(&r, 1, 512); /* migrates */
    rig_close(&r);
    owners_make();
    crowd_make();
    int64_t begun_ns = dv_time_now().mono_ns;
    rig_open(&r, 2, 512);
    recover(&r, begun_ns);
    rig_close(&r);
}
END_TEST

START_TEST(a_hundred_thousand_orders_are_claimed_with_plans_made_while_there_were_none)
{
    rig r;
    rig_open(&r, 2, 512);
    owners_make();
    for (int i = 0; i < 3; i++) {
        beat(&r);
        ck_assert_uint_eq(claim(&r), 0);
    }
    crowd_make();
    recover(&r, dv_time_now().mono_ns);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_hundred_thousand_orders_of_dead_owners_are_claimed_after_a_cold_start,
        a_hundred_thousand_orders_are_claimed_with_plans_made_while_there_were_none,
        NULL,
    };
    return run_tests("persistence: recovery", tests);
}
