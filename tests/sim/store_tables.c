/* The tables of actors/persistence/store_model.h, and what several queries' models share. */
#include "tests/sim/store_tables.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/codec.h"
#include "proto/view.h"

/* ---- orders ------------------------------------------------------------------------------- */

static void key_of(const dv_terms *terms, char ret_key[sizeof((dv_model_order *)0)->key])
{
    ret_key[0] = '\0';
    if (terms->client_order_id.size == 0) return;
    snprintf(ret_key, sizeof((dv_model_order *)0)->key, "%.*s\n%.*s", DV_TEXT_ARG(terms->user_id),
             DV_TEXT_ARG(terms->client_order_id));
}

dv_model_order *dv_model_order_of(const dv_model *model, const dv_id *id)
{
    dv_model_order *o;
    HASH_FIND(hh, model->orders, id, sizeof *id, o);
    return o;
}

dv_model_order *dv_model_order_of_key(const dv_model *model, const dv_terms *terms)
{
    char key[sizeof((dv_model_order *)0)->key];
    key_of(terms, key);
    dv_model_order *o = NULL;
    if (key[0] != '\0') HASH_FIND(by_key, model->keys, key, strlen(key), o);
    return o;
}

dv_model_order *dv_model_order_add(dv_model *model, const dv_terms *terms, dv_text owner)
{
    dv_model_order *o = calloc(1, sizeof *o);
    if (o == NULL) abort();
    o->id = terms->order_id;
    o->arena = dv_arena_new();
    o->view.terms = *terms;
    dv_record_keep(&DV_SHAPE_terms, &o->view.terms, o->arena);
    dv_text_copy(o->owner, sizeof o->owner, owner);
    key_of(terms, o->key);
    o->epoch = 1;
    o->state = DV_STATE_pending;
    o->updated_us = (int64_t)terms->created_at_us;
    o->retry_us = DV_NEVER;
    HASH_ADD(hh, model->orders, id, sizeof o->id, o);
    if (o->key[0] != '\0') HASH_ADD(by_key, model->keys, key[0], strlen(o->key), o);
    model->unfinished++;
    return o;
}

static int by_id(const void *a, const void *b)
{
    const dv_model_order *const *x = a, *const *y = b;
    return memcmp((*x)->id.bytes, (*y)->id.bytes, sizeof(*x)->id.bytes);
}

dv_model_order **dv_model_orders(const dv_model *model, dv_arena *arena, uint32_t *ret_count)
{
    *ret_count = HASH_COUNT(model->orders);
    dv_model_order **list = dv_arena_alloc(arena, (*ret_count + 1) * sizeof(dv_model_order *));
    uint32_t n = 0;
    for (dv_model_order *o = model->orders; o != NULL; o = o->hh.next) list[n++] = o;
    qsort(list, n, sizeof *list, by_id);
    return list;
}

/* ---- events ------------------------------------------------------------------------------- */

static void event_add(dv_model *model, dv_model_order *order, uint64_t seq)
{
    if (model->event_count == model->event_capacity) {
        model->event_capacity = model->event_capacity ? 2 * model->event_capacity : 256;
        model->events = realloc(model->events, model->event_capacity * sizeof *model->events);
        if (model->events == NULL) abort();
    }
    model->events[model->event_count++] = (dv_model_event){order, (uint32_t)seq};
}

dv_event dv_model_event_write(dv_model *model, dv_model_order *order, const dv_attempt *learnt,
                              uint32_t learnt_count)
{
    dv_event event = {.seq = order->view.events_count + 1,
                      .position = model->event_count + 1,
                      .state = order->state,
                      .attempt = order->attempt,
                      .at_us = (uint64_t)order->updated_us};
    event_add(model, order, event.seq);
    dv_attempt *kept = dv_arena_alloc(order->arena, learnt_count * sizeof *kept);
    for (uint32_t i = 0; i < learnt_count; i++) {
        kept[i] = learnt[i];
        dv_record_keep(&DV_SHAPE_attempt, &kept[i], order->arena);
    }
    bool follows = dv_view_apply(&order->view, &event, kept, learnt_count, order->arena);
    assert(follows);
    (void)follows;
    return event;
}

dv_store_view dv_model_view(const dv_model_order *order, uint64_t mark, dv_arena *arena)
{
    dv_store_view ret = {
        .mark = mark, .owner = dv_arena_text(arena, dv_text_of(order->owner)), .view = order->view};
    uint32_t count = order->view.attempts_count;
    dv_attempt *attempts = dv_arena_alloc(arena, count * sizeof *attempts);
    for (uint32_t i = 0; i < count; i++) {
        attempts[i] = order->view.attempts[i];
        attempts[i].transaction = (dv_text){0}; /* its owner's alone */
    }
    ret.view.attempts = attempts;
    return ret;
}

/* ---- instances ---------------------------------------------------------------------------- */

dv_model_instance *dv_model_instance_of(const dv_model *model, dv_text owner)
{
    for (uint32_t i = 0; i < model->instance_count; i++)
        if (dv_text_is(owner, model->instances[i].owner))
            return (dv_model_instance *)(uintptr_t)&model->instances[i];
    return NULL;
}

dv_model_instance *dv_model_instance_add(dv_model *model, dv_text owner, dv_text name)
{
    assert(model->instance_count < DV_MODEL_INSTANCES_MAX);
    dv_model_instance *i = &model->instances[model->instance_count++];
    *i = (dv_model_instance){0};
    dv_text_copy(i->owner, sizeof i->owner, owner);
    dv_text_copy(i->name, sizeof i->name, name);
    return i;
}

bool dv_model_superseded(const dv_model *model, const dv_model_instance *instance)
{
    const dv_model_instance *end = model->instances + model->instance_count;
    for (const dv_model_instance *later = instance + 1; later < end; later++)
        if (strcmp(later->name, instance->name) == 0 &&
            later->beat_us + later->lease_us > model->now_us)
            return true;
    return false;
}

bool dv_model_alive(const dv_model *model, const dv_model_instance *instance)
{
    return instance->beat_us + instance->lease_us > model->now_us && !instance->leaving &&
           !dv_model_superseded(model, instance);
}

bool dv_model_orphaned(const dv_model *model, const dv_model_instance *me, dv_text owner)
{
    if (dv_text_is(owner, me->owner)) return false;
    const dv_model_instance *i = dv_model_instance_of(model, owner);
    if (i != NULL && i->leaving) return true;
    size_t name_size = strcspn(owner.at, "/");
    bool namesake = strlen(me->name) == name_size && memcmp(me->name, owner.at, name_size) == 0;
    if (namesake && (i == NULL || i < me)) return true;
    bool settled = me->alive_us + me->lease_us / 2 <= model->now_us;
    return settled && (i == NULL || !dv_model_alive(model, i));
}

void sim_tables_fini(dv_model *model)
{
    dv_model_order *o, *next;
    HASH_CLEAR(by_key, model->keys);
    HASH_ITER (hh, model->orders, o, next) {
        HASH_DEL(model->orders, o);
        dv_arena_destroy(&o->arena);
        free(o);
    }
    free(model->events);
}
