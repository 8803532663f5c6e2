#include "actors/execution/ownership.h"

#include "actors/base/log.h"

#define WRITE DV_PORT(DV_LINK_write, 0)

#define CLAIM_PAGE 500                        /* orders claimed by one statement */
#define BEATS_PER_LEASE 5                     /* so that a few may be lost */
#define ANSWER_WAIT_NS (1000 * DV_NS_PER_MS)  /* a claim or sweep unanswered for so long failed */
#define CLAIM_PAUSE_NS (500 * DV_NS_PER_MS)   /* after a claim that was refused */
#define CLAIM_FIRST_NS (10000 * DV_NS_PER_MS) /* claims come before all else for so long */
#define LEAVE_WAIT_NS (2000 * DV_NS_PER_MS)   /* for the answer to the last beat */
#define LOST_AFTER_MS 3000                    /* without a step, an order of ours is looked for */

void dv_ownership_init(dv_ownership *o, const dv_execution_config *config, const char *name,
                       uint32_t random)
{
    *o = (dv_ownership){.config = config, .claim_at_ns = DV_NEVER};
    int size = snprintf(o->name, sizeof o->name, "%s", name);
    assert(size >= 0 && (size_t)size + 1 + 8 < sizeof o->owner);
    (void)size;
    snprintf(o->owner, sizeof o->owner, "%.22s/%08x", name, random);
}

bool dv_ownership_accepts(const dv_ownership *o, dv_time now)
{
    return o->standing == DV_STANDING_ALIVE && now.mono_ns < o->alive_until_ns;
}

bool dv_ownership_claims(const dv_ownership *o, dv_time now)
{
    bool busy = o->claiming == DV_CLAIMING_ORPHANS ||
                (o->claiming == DV_CLAIMING_NOTHING && o->claim_at_ns != DV_NEVER);
    return busy && now.mono_ns - o->claim_since_ns < CLAIM_FIRST_NS;
}

/* ---- beats -------------------------------------------------------------------------------- */

static int64_t lease_ns(const dv_ownership *o)
{
    return o->config->lease_ms * DV_NS_PER_MS;
}

static void beat(dv_ownership *o, dv_time now, dv_outbox *outbox)
{
    o->beat_at_ns = now.mono_ns + lease_ns(o) / BEATS_PER_LEASE;
    dv_send(outbox, WRITE, NULL,
            &(dv_message){.type = DV_MSG_lease_request,
                          .lease_request = {.owner = dv_text_of(o->owner),
                                            .name = dv_text_of(o->name),
                                            .lease_ms = o->config->lease_ms,
                                            .leaving = o->standing == DV_STANDING_LEAVING}});
}

void dv_ownership_leave(dv_ownership *o, dv_time now, dv_outbox *outbox)
{
    if (o->standing == DV_STANDING_SUPERSEDED || o->standing == DV_STANDING_JOINING) {
        o->standing = DV_STANDING_GONE; /* nothing is its own */
        return;
    }
    o->standing = DV_STANDING_LEAVING;
    o->leave_by_ns = now.mono_ns + LEAVE_WAIT_NS;
    o->claim_at_ns = o->sweep_at_ns = DV_NEVER;
    beat(o, now, outbox);
}

static void on_alive(dv_ownership *o, const dv_lease_reply *told, dv_time now)
{
    if (o->standing != DV_STANDING_ALIVE) {
        o->standing = DV_STANDING_ALIVE;
        o->sweep_at_ns = now.mono_ns;
        dv_info("joined", NULL, dv_kv_string("owner", o->owner));
    }
    o->alive_until_ns = now.mono_ns + lease_ns(o);
    if (told->orphans_in_ms > 0) /* to be told of them as soon as they are */
        o->beat_at_ns =
            dv_min_i64(o->beat_at_ns, now.mono_ns + (int64_t)told->orphans_in_ms * DV_NS_PER_MS);
    if (!told->orphans || o->claiming != DV_CLAIMING_NOTHING) return;
    if (o->claim_at_ns == DV_NEVER) o->claim_since_ns = now.mono_ns;
    o->claim_at_ns = now.mono_ns;
}

bool dv_ownership_told(dv_ownership *o, const dv_lease_reply *told, dv_time now)
{
    if (!dv_text_is(told->owner, o->owner)) return false; /* an earlier incarnation's */
    if (o->standing == DV_STANDING_LEAVING && told->error != DV_STORE_AWAY)
        o->standing = DV_STANDING_GONE;
    if (o->standing == DV_STANDING_LEAVING || o->standing == DV_STANDING_GONE) return false;
    if (told->error == DV_STORE_STALE) {
        if (o->standing == DV_STANDING_SUPERSEDED) return false;
        dv_error("superseded", NULL, dv_kv_string("owner", o->owner),
                 dv_kv_string("why", "a later process runs under this name: stop one of them"));
        o->standing = DV_STANDING_SUPERSEDED;
        o->claiming = DV_CLAIMING_NOTHING;
        o->claim_at_ns = o->sweep_at_ns = DV_NEVER;
        return true;
    }
    if (told->error == DV_OK) on_alive(o, told, now);
    return false;
}

/* ---- claims ------------------------------------------------------------------------------- */

static void claim(dv_ownership *o, dv_claiming what, const dv_owned *orders, uint32_t count,
                  dv_time now, dv_outbox *outbox)
{
    o->claiming = what;
    o->claim_at_ns = now.mono_ns + ANSWER_WAIT_NS;
    dv_send(outbox, WRITE, NULL,
            &(dv_message){.type = DV_MSG_claim_request,
                          .claim_request = {.owner = dv_text_of(o->owner),
                                            .limit = what == DV_CLAIMING_LOST ? count : CLAIM_PAGE,
                                            .orders = orders,
                                            .orders_count = count}});
}

void dv_ownership_claim_done(dv_ownership *o, const dv_claim_reply *done, dv_time now)
{
    dv_claiming was = o->claiming;
    if (was == DV_CLAIMING_NOTHING || o->standing != DV_STANDING_ALIVE) return;
    o->claiming = DV_CLAIMING_NOTHING;
    o->claim_at_ns = DV_NEVER;
    if (done->count > 0) dv_info("claimed", NULL, dv_kv_number("orders", (int64_t)done->count));
    if (was != DV_CLAIMING_ORPHANS) return;
    if (done->error != DV_OK)
        o->claim_at_ns = now.mono_ns + CLAIM_PAUSE_NS;
    else if (done->count > 0) /* perhaps others are left; the next beat would say so later */
        o->claim_at_ns = now.mono_ns;
}

/* ---- sweeps ------------------------------------------------------------------------------- */

static void sweep(dv_ownership *o, dv_time now, dv_outbox *outbox)
{
    o->sweep_at_ns = now.mono_ns + ANSWER_WAIT_NS;
    if (dv_id_is_nil(&o->sweep_after)) o->overdue_seen = 0;
    dv_send(outbox, WRITE, NULL,
            &(dv_message){.type = DV_MSG_owned_request,
                          .owned_request = {.owner = dv_text_of(o->owner),
                                            .older_ms = LOST_AFTER_MS,
                                            .after = o->sweep_after}});
}

static void overdue_count(dv_ownership *o, const dv_owned *order, dv_time now)
{
    int64_t since_us = (int64_t)order->since_us;
    if (now.wall_us - since_us < o->config->overdue_ms * DV_US_PER_MS) return;
    if (o->overdue_seen++ == 0) o->overdue_first = order->order_id;
}

/* All pages were seen. The first of the overdue orders names what a person may look into. */
static void sweep_end(dv_ownership *o, dv_time now)
{
    o->sweep_after = (dv_id){0};
    o->sweep_at_ns = now.mono_ns + o->config->sweep_ms * DV_NS_PER_MS;
    if (o->overdue_seen != o->overdue && o->overdue_seen > 0)
        dv_warn("overdue", &o->overdue_first, dv_kv_number("orders", o->overdue_seen),
                dv_kv_number("overdue_ms", o->config->overdue_ms));
    else if (o->overdue_seen != o->overdue)
        dv_info("overdue", NULL, dv_kv_number("orders", 0));
    o->overdue = o->overdue_seen;
}

void dv_ownership_owned(dv_ownership *o, const dv_owned_reply *told, dv_ownership_has *has,
                        void *context, dv_time now, dv_outbox *outbox)
{
    if (o->standing != DV_STANDING_ALIVE) return;
    if (told->error != DV_OK) {
        o->sweep_at_ns = now.mono_ns + o->config->sweep_ms * DV_NS_PER_MS;
        return;
    }
    dv_owned lost[DV_SWEEP_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < told->orders_count; i++) {
        const dv_owned *order = &told->orders[i];
        overdue_count(o, order, now);
        if (!has(context, &order->order_id, order->epoch)) lost[count++] = *order;
    }
    if (count > 0 && o->claiming == DV_CLAIMING_NOTHING) {
        dv_info("lost_sight", &lost[0].order_id, dv_kv_number("orders", count));
        claim(o, DV_CLAIMING_LOST, lost, count, now, outbox);
    }
    if (told->orders_count == DV_SWEEP_MAX) {
        o->sweep_after = told->orders[DV_SWEEP_MAX - 1].order_id;
        o->sweep_at_ns = now.mono_ns;
    } else {
        sweep_end(o, now);
    }
}

/* ---- due work ----------------------------------------------------------------------------- */

static void claim_due(dv_ownership *o, dv_time now, dv_outbox *outbox)
{
    if (dv_ownership_accepts(o, now)) {
        claim(o, DV_CLAIMING_ORPHANS, NULL, 0, now, outbox);
        return;
    }
    o->claiming = DV_CLAIMING_NOTHING; /* the next answered beat says whether there are orphans */
    o->claim_at_ns = DV_NEVER;
}

int64_t dv_ownership_tick(dv_ownership *o, dv_time now, dv_outbox *outbox)
{
    if (o->standing == DV_STANDING_GONE) return DV_NEVER;
    if (now.mono_ns >= o->beat_at_ns) beat(o, now, outbox);
    if (o->standing == DV_STANDING_LEAVING) {
        if (now.mono_ns >= o->leave_by_ns) o->standing = DV_STANDING_GONE;
        return dv_min_i64(o->beat_at_ns, o->leave_by_ns);
    }
    if (o->standing != DV_STANDING_ALIVE) return o->beat_at_ns;
    if (now.mono_ns >= o->claim_at_ns) claim_due(o, now, outbox);
    if (now.mono_ns >= o->sweep_at_ns) sweep(o, now, outbox);
    return dv_min_i64(o->beat_at_ns, dv_min_i64(o->claim_at_ns, o->sweep_at_ns));
}
