/* What each request does to the tables: the semantics of sql/queries. */
#include <assert.h>
#include <stdlib.h>

#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/view.h"
#include "tests/sim/book.h"
#include "tests/sim/store_model.h"

#define CLAIM_MAX 500 /* as in actors/persistence/pg/params.c */

int64_t sim_db_now_us(const sim_db *db)
{
    return SIM_WALL_US + db->world->now_ns / DV_NS_PER_US;
}

sim_order *sim_db_order(const sim_db *db, const dv_id *id)
{
    sim_order *o;
    HASH_FIND(hh, db->orders, id, sizeof *id, o);
    return o;
}

/* ---- events ------------------------------------------------------------------------------- */

/* Writes the order's next event. */
static dv_event event_write(sim_db *db, sim_order *o, const dv_attempt *learnt, uint32_t count)
{
    if (db->event_count == db->event_capacity) {
        db->event_capacity = db->event_capacity ? 2 * db->event_capacity : 256;
        db->events = realloc(db->events, db->event_capacity * sizeof *db->events);
        if (db->events == NULL) abort();
    }
    dv_event event = {.seq = o->view.events_count + 1,
                      .position = db->event_count + 1,
                      .state = o->state,
                      .attempt = o->attempt,
                      .at_us = (uint64_t)o->updated_us};
    db->events[db->event_count++] = (sim_event){o, (uint32_t)event.seq};
    bool follows = dv_view_apply(&o->view, &event, learnt, count, o->arena);
    assert(follows);
    (void)follows;
    return event;
}

/* ---- inserts ------------------------------------------------------------------------------ */

static void key_of(const dv_terms *terms, char ret_key[sizeof((sim_order *)0)->key])
{
    ret_key[0] = '\0';
    if (terms->client_order_id.size == 0) return;
    snprintf(ret_key, sizeof((sim_order *)0)->key, "%.*s\n%.*s", DV_TEXT_ARG(terms->user_id),
             DV_TEXT_ARG(terms->client_order_id));
}

static sim_order *order_of_key(const sim_db *db, const dv_terms *terms)
{
    char key[sizeof((sim_order *)0)->key];
    key_of(terms, key);
    sim_order *o = NULL;
    if (key[0] != '\0') HASH_FIND(by_key, db->keys, key, strlen(key), o);
    return o;
}

static void record_own(const dv_shape *shape, const void *record, dv_arena *arena, void *ret)
{
    dv_buffer bytes = {0};
    dv_record_encode(shape, record, &bytes);
    dv_text own = dv_arena_text(arena, (dv_text){bytes.bytes, (uint32_t)bytes.size});
    dv_err error = dv_record_decode(shape, own.at, own.size, arena, ret);
    assert(error == DV_OK);
    (void)error;
    dv_buffer_fini(&bytes);
}

static void insert_one(sim_db *db, const dv_insert_request *insert, dv_store_receipt *ret)
{
    if (sim_db_order(db, &insert->terms.order_id) || order_of_key(db, &insert->terms)) return;
    sim_order *o = calloc(1, sizeof *o);
    if (o == NULL) abort();
    o->id = insert->terms.order_id;
    o->arena = dv_arena_new();
    record_own(&DV_SHAPE_terms, &insert->terms, o->arena, &o->view.terms);
    dv_text_copy(o->owner, sizeof o->owner, insert->owner);
    key_of(&o->view.terms, o->key);
    o->epoch = 1;
    o->state = DV_STATE_pending;
    o->updated_us = (int64_t)o->view.terms.created_at_us;
    o->retry_us = DV_NEVER;
    HASH_ADD(hh, db->orders, id, sizeof o->id, o);
    if (o->key[0] != '\0') HASH_ADD(by_key, db->keys, key[0], strlen(o->key), o);
    db->unfinished++;
    *ret = (dv_store_receipt){.found = true, .event = event_write(db, o, NULL, 0)};
    sim_book_inserted(db->world, o);
}

static void insert(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    dv_store_receipt *receipts = dv_arena_alloc(arena, r->count * sizeof *receipts);
    for (uint32_t i = 0; i < r->count; i++) insert_one(db, r->inserts[i], &receipts[i]);
    ret->count = r->count;
    ret->receipts = receipts;
}

static dv_store_view view_of(const sim_order *o, uint64_t mark, dv_arena *arena)
{
    dv_store_view ret = {.mark = mark, .owner = dv_text_of(o->owner), .view = o->view};
    dv_attempt *attempts = dv_arena_alloc(arena, o->view.attempts_count * sizeof *attempts);
    for (uint32_t i = 0; i < o->view.attempts_count; i++) {
        attempts[i] = o->view.attempts[i];
        attempts[i].transaction = (dv_text){0}; /* its owner's alone */
    }
    ret.view.attempts = attempts;
    return ret;
}

static void find(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    dv_store_view *views = dv_arena_alloc(arena, r->count * sizeof *views);
    ret->views = views;
    for (uint32_t i = 0; i < r->count; i++) {
        const sim_order *o = sim_db_order(db, &r->inserts[i]->terms.order_id);
        if (o == NULL) o = order_of_key(db, &r->inserts[i]->terms);
        if (o == NULL) continue;
        views[ret->count] = view_of(o, i + 1, arena);
        views[ret->count].owner = dv_arena_text(arena, views[ret->count].owner);
        ret->count++;
    }
}

/* ---- steps -------------------------------------------------------------------------------- */

/* Whether the order is as the step expects it. */
static bool step_fits(const sim_order *o, const dv_step_request *step)
{
    return o->state == step->from_state && o->attempt == step->from_attempt &&
           o->epoch == step->epoch;
}

static void step_one(sim_db *db, const dv_step_request *step, dv_store_receipt *ret)
{
    sim_order *o = sim_db_order(db, &step->order_id);
    if (o == NULL || !step_fits(o, step)) {
        if (o != NULL && o->epoch > step->epoch) db->world->faults[SIM_FAULT_fenced]++;
        return;
    }
    sim_book_stepping(db->world, o, step);
    dv_attempt learnt[2], own[2];
    uint32_t count = dv_step_learnt(step, learnt);
    for (uint32_t i = 0; i < count; i++)
        record_own(&DV_SHAPE_attempt, &learnt[i], o->arena, &own[i]);
    o->state = (uint8_t)step->to_state;
    o->attempt = (uint8_t)step->attempt.number;
    o->updated_us = dv_max_i64(o->updated_us, (int64_t)step->at_us);
    bool waits = o->state == DV_STATE_routing && step->attempt.due_at_us > 0;
    o->retry_us = waits ? (int64_t)step->attempt.due_at_us : DV_NEVER;
    if (dv_state_terminal(o->state)) db->unfinished--;
    *ret = (dv_store_receipt){.found = true, .event = event_write(db, o, own, count)};
    sim_book_stepped(db->world, o);
}

static void step(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    dv_store_receipt *receipts = dv_arena_alloc(arena, r->count * sizeof *receipts);
    for (uint32_t i = 0; i < r->count; i++) step_one(db, r->steps[i], &receipts[i]);
    ret->count = r->count;
    ret->receipts = receipts;
}

static void look(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    dv_store_receipt *receipts = dv_arena_alloc(arena, r->count * sizeof *receipts);
    ret->receipts = receipts;
    ret->count = r->count;
    for (uint32_t i = 0; i < r->count; i++) {
        const sim_order *o = sim_db_order(db, &r->steps[i]->order_id);
        if (o == NULL) continue;
        const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
        receipts[i] = (dv_store_receipt){.found = true,
                                         .event = *dv_view_last(&o->view),
                                         .epoch = o->epoch,
                                         .signature = attempt ? attempt->signature : (dv_text){0}};
    }
}

/* ---- instances ---------------------------------------------------------------------------- */

sim_instance *sim_db_instance(const sim_db *db, const char *owner)
{
    for (uint32_t i = 0; i < db->instance_count; i++)
        if (strcmp(db->instances[i].owner, owner) == 0)
            return (sim_instance *)(uintptr_t)&db->instances[i];
    return NULL;
}

static bool superseded(const sim_db *db, const sim_instance *i)
{
    for (const sim_instance *later = i + 1; later < db->instances + db->instance_count; later++)
        if (strcmp(later->name, i->name) == 0 &&
            later->beat_us + later->lease_us > sim_db_now_us(db))
            return true;
    return false;
}

static bool alive(const sim_db *db, const sim_instance *i)
{
    return i->beat_us + i->lease_us > sim_db_now_us(db) && !i->leaving && !superseded(db, i);
}

bool sim_db_alive(const sim_db *db, const char *owner)
{
    const sim_instance *i = sim_db_instance(db, owner);
    return i != NULL && alive(db, i);
}

/* Whether `me` may claim the orders of an owner. */
static bool is_orphan_of(const sim_db *db, const sim_instance *me, const char *owner)
{
    if (strcmp(owner, me->owner) == 0) return false;
    const sim_instance *i = sim_db_instance(db, owner);
    if (i != NULL && i->leaving) return true;
    size_t name_size = strcspn(owner, "/");
    bool namesake = strlen(me->name) == name_size && memcmp(me->name, owner, name_size) == 0;
    if (namesake && (i == NULL || i < me)) return true;
    bool settled = me->alive_us + me->lease_us / 2 <= sim_db_now_us(db);
    return settled && (i == NULL || !alive(db, i));
}

static bool has_orphans(const sim_db *db, const sim_instance *me)
{
    for (const sim_order *o = db->orders; o != NULL; o = o->hh.next)
        if (!dv_state_terminal(o->state) && is_orphan_of(db, me, o->owner)) return true;
    return false;
}

/* Milliseconds until orders may become orphans for `me`; 0: none that are not, or never may. */
static uint64_t orphans_in_ms(const sim_db *db, const sim_instance *me)
{
    int64_t now_us = sim_db_now_us(db), next_us = INT64_MAX;
    for (const sim_order *o = db->orders; o != NULL; o = o->hh.next) {
        if (dv_state_terminal(o->state) || strcmp(o->owner, me->owner) == 0) continue;
        const sim_instance *i = sim_db_instance(db, o->owner);
        int64_t at_us = me->alive_us + me->lease_us / 2;
        if (i != NULL) at_us = dv_max_i64(at_us, i->beat_us + i->lease_us);
        if (at_us > now_us) next_us = dv_min_i64(next_us, at_us);
    }
    if (next_us == INT64_MAX) return 0;
    return (uint64_t)(next_us - now_us + DV_US_PER_MS - 1) / DV_US_PER_MS;
}

/* Since when the name of an incarnation that begins has beaten without so long a silence. */
static int64_t name_alive_us(const sim_db *db, const char *name)
{
    int64_t now_us = sim_db_now_us(db), since_us = now_us;
    for (uint32_t n = 0; n < db->instance_count; n++) {
        const sim_instance *i = &db->instances[n]; /* later ones last */
        if (strcmp(i->name, name) == 0 && i->beat_us + i->lease_us > now_us) since_us = i->alive_us;
    }
    return since_us;
}

static void beat(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    char owner[DV_NAME_MAX + 1];
    dv_text_copy(owner, sizeof owner, r->beat.owner);
    int64_t now_us = sim_db_now_us(db);
    sim_instance *i = sim_db_instance(db, owner);
    ret->beat.owner = dv_arena_text(arena, r->beat.owner);
    if (i != NULL && superseded(db, i)) {
        ret->beat.error = DV_STORE_STALE;
        return;
    }
    if (i == NULL) {
        assert(db->instance_count < SIM_INSTANCES_MAX);
        i = &db->instances[db->instance_count];
        *i = (sim_instance){0};
        dv_text_copy(i->owner, sizeof i->owner, r->beat.owner);
        dv_text_copy(i->name, sizeof i->name, r->beat.name);
        i->alive_us = name_alive_us(db, i->name);
        db->instance_count++;
    } else if (i->beat_us + i->lease_us < now_us) {
        i->alive_us = now_us;
    }
    i->lease_us = (int64_t)r->beat.lease_ms * DV_US_PER_MS;
    i->beat_us = now_us;
    i->leaving = i->leaving || r->beat.leaving;
    if (i->leaving) return;
    ret->beat.orphans = has_orphans(db, i);
    ret->beat.orphans_in_ms = orphans_in_ms(db, i);
}

/* ---- by order id -------------------------------------------------------------------------- */

static int order_compare(const void *a, const void *b)
{
    const sim_order *const *x = a, *const *y = b;
    return memcmp((*x)->id.bytes, (*y)->id.bytes, sizeof(*x)->id.bytes);
}

static int owner_compare(const void *a, const void *b)
{
    const sim_order *const *x = a, *const *y = b;
    int owners = strcmp((*x)->owner, (*y)->owner);
    return owners != 0 ? owners : order_compare(a, b);
}

static int job_compare(const void *a, const void *b)
{
    const dv_job *x = a, *y = b;
    return memcmp(x->terms.order_id.bytes, y->terms.order_id.bytes, sizeof(dv_id));
}

/* All orders, by id. */
static sim_order **orders_sorted(const sim_db *db, dv_arena *arena, uint32_t *ret_count)
{
    *ret_count = HASH_COUNT(db->orders);
    sim_order **list = dv_arena_alloc(arena, (*ret_count + 1) * sizeof(sim_order *));
    uint32_t n = 0;
    for (sim_order *o = db->orders; o != NULL; o = o->hh.next) list[n++] = o;
    qsort(list, n, sizeof *list, order_compare);
    return list;
}

static bool listed(const dv_claim_request *claim, const sim_order *o, const char *owner)
{
    for (uint32_t i = 0; i < claim->orders_count; i++)
        if (dv_id_equal(&claim->orders[i].order_id, &o->id) && claim->orders[i].epoch == o->epoch &&
            strcmp(o->owner, owner) == 0)
            return true;
    return false;
}

static dv_job order_take(sim_db *db, sim_order *o, const char *owner)
{
    sim_book_claiming(db->world, o, owner);
    snprintf(o->owner, sizeof o->owner, "%s", owner);
    o->epoch++;
    sim_book_claimed(db->world, o);
    const dv_attempt *attempt = dv_view_attempt(&o->view, o->attempt);
    dv_job job = {.terms = o->view.terms, .state = o->state, .epoch = o->epoch};
    if (attempt != NULL) job.attempt = *attempt;
    job.attempt.number = o->attempt;
    return job;
}

static void claim(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    char owner[DV_NAME_MAX + 1];
    dv_text_copy(owner, sizeof owner, r->claim.owner);
    const sim_instance *me = sim_db_instance(db, owner);
    if (me == NULL || !alive(db, me)) {
        ret->error = DV_STORE_STALE;
        return;
    }
    uint32_t count, most = r->claim.limit < CLAIM_MAX ? (uint32_t)r->claim.limit : CLAIM_MAX;
    sim_order **list = orders_sorted(db, arena, &count);
    dv_job *jobs = dv_arena_alloc(arena, count * sizeof *jobs);
    bool orphans = r->claim.orders_count == 0;
    if (orphans) qsort(list, count, sizeof(sim_order *), owner_compare); /* owner after owner */
    for (uint32_t i = 0; i < count && (!orphans || ret->count < most); i++) {
        sim_order *o = list[i];
        if (dv_state_terminal(o->state)) continue;
        bool mine = orphans ? is_orphan_of(db, me, o->owner) : listed(&r->claim, o, owner);
        if (mine) jobs[ret->count++] = order_take(db, o, owner);
    }
    qsort(jobs, ret->count, sizeof *jobs, job_compare);
    ret->jobs = jobs;
}

static void owned(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    uint32_t count;
    sim_order **list = orders_sorted(db, arena, &count);
    dv_owned *rows = dv_arena_alloc(arena, count * sizeof *rows);
    int64_t now_us = sim_db_now_us(db);
    int64_t before_us = now_us - (int64_t)r->owned.older_ms * DV_US_PER_MS;
    for (uint32_t i = 0; i < count && ret->count < DV_SWEEP_MAX; i++) {
        const sim_order *o = list[i];
        if (dv_state_terminal(o->state) || !dv_text_is(r->owned.owner, o->owner) ||
            (o->updated_us > before_us && o->updated_us <= now_us) ||
            memcmp(o->id.bytes, r->owned.after.bytes, sizeof o->id.bytes) <= 0)
            continue;
        rows[ret->count++] =
            (dv_owned){.order_id = o->id, .epoch = o->epoch, .since_us = (uint64_t)o->updated_us};
    }
    ret->owned = rows;
}

static void waiting(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    uint32_t count;
    sim_order **list = orders_sorted(db, arena, &count);
    dv_waiting *rows = dv_arena_alloc(arena, count * sizeof *rows);
    for (uint32_t i = 0; i < count && ret->count < DV_SWEEP_MAX; i++) {
        const sim_order *o = list[i];
        if (o->retry_us == DV_NEVER || o->retry_us >= (int64_t)r->waiting.before_us ||
            memcmp(o->id.bytes, r->waiting.after.bytes, sizeof o->id.bytes) <= 0)
            continue;
        rows[ret->count++] = (dv_waiting){.order_id = o->id,
                                          .attempt = o->attempt,
                                          .due_at_us = (uint64_t)o->retry_us,
                                          .owner = dv_arena_text(arena, dv_text_of(o->owner))};
    }
    ret->waiting = rows;
}

/* ---- views -------------------------------------------------------------------------------- */

static void get(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    dv_store_view *views = dv_arena_alloc(arena, sizeof *views);
    const sim_order *o = sim_db_order(db, &r->get.order_id);
    if (o != NULL) views[ret->count++] = view_of(o, o->view.events_count, arena);
    ret->views = views;
}

static void list_newest(sim_db *db, const dv_store_request *r, dv_arena *arena,
                        dv_store_answer *ret)
{
    uint32_t count;
    sim_order **list = orders_sorted(db, arena, &count);
    dv_store_view *views = dv_arena_alloc(arena, count * sizeof *views);
    dv_state shown = dv_state_shown((uint8_t)r->list.state);
    for (uint32_t i = count; i > 0 && ret->count < r->list.limit; i--) {
        const sim_order *o = list[i - 1];
        if (shown != DV_STATE_NONE && dv_state_shown(o->state) != shown) continue;
        if (r->list.active_only && dv_state_terminal(o->state)) continue;
        if (r->list.has_user && !dv_text_equal(o->view.terms.user_id, r->list.user_id)) continue;
        views[ret->count++] = view_of(o, o->view.events_count, arena);
    }
    ret->views = views;
}

static void events(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    uint64_t from = r->events.after_position;
    if (from > db->event_count) from = db->event_count;
    uint64_t most = db->event_count - from;
    if (most > r->events.limit) most = r->events.limit;
    dv_store_view *views = dv_arena_alloc(arena, (most + 1) * sizeof *views);
    for (uint64_t i = 0; i < most; i++) {
        const sim_event *e = &db->events[from + i];
        views[ret->count++] = view_of(e->order, e->seq, arena);
    }
    ret->views = views;
}

static void stats(const sim_db *db, dv_store_answer *ret)
{
    for (const sim_order *o = db->orders; o != NULL; o = o->hh.next) {
        if (o->state == DV_STATE_pending || o->retry_us != DV_NEVER)
            ret->stats.waiting++;
        else if (o->state == DV_STATE_finalized)
            ret->stats.completed++;
        else if (dv_state_terminal(o->state))
            ret->stats.failed++;
        else
            ret->stats.active++;
    }
}

void sim_db_do(sim_db *db, const dv_store_request *r, dv_arena *arena, dv_store_answer *ret)
{
    switch (r->type) {
    case DV_STORE_INSERT: insert(db, r, arena, ret); break;
    case DV_STORE_FIND: find(db, r, arena, ret); break;
    case DV_STORE_STEP: step(db, r, arena, ret); break;
    case DV_STORE_LOOK: look(db, r, arena, ret); break;
    case DV_STORE_BEAT: beat(db, r, arena, ret); break;
    case DV_STORE_CLAIM: claim(db, r, arena, ret); break;
    case DV_STORE_OWNED: owned(db, r, arena, ret); break;
    case DV_STORE_WAITING: waiting(db, r, arena, ret); break;
    case DV_STORE_GET: get(db, r, arena, ret); break;
    case DV_STORE_LIST: list_newest(db, r, arena, ret); break;
    case DV_STORE_EVENTS: events(db, r, arena, ret); break;
    case DV_STORE_STATS: stats(db, ret); break;
    }
    ret->head_position = db->event_count;
}
