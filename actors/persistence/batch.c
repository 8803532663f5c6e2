#include "actors/persistence/batch.h"
#include "proto/arena.h"
#include "proto/codec.h"

#include <assert.h>
#include <stdlib.h>

dv_batch *dv_batch_new(uint32_t capacity)
{
    dv_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) abort();
    batch->items = calloc(capacity, sizeof *batch->items);
    if (batch->items == NULL) abort();
    batch->capacity = capacity;
    batch->arena = dv_arena_new();
    return batch;
}

void dv_batch_destroy(dv_batch **batch)
{
    if (batch == NULL || *batch == NULL) return;
    HASH_CLEAR(hh, (*batch)->by_id);
    dv_arena_destroy(&(*batch)->arena);
    free((*batch)->items);
    free(*batch);
    *batch = NULL;
}

void dv_batch_clear(dv_batch *batch)
{
    HASH_CLEAR(hh, batch->by_id);
    dv_arena_reset(batch->arena);
    batch->count = batch->first = batch->window = 0;
    batch->looking = batch->doubtful = false;
}

bool dv_batch_takes(const dv_batch *batch, const dv_id *id)
{
    const dv_batch_item *same;
    HASH_FIND(hh, batch->by_id, id, sizeof *id, same);
    return same == NULL && batch->count < batch->capacity;
}

static dv_batch_item *add(dv_batch *batch, dv_batch_kind kind, const dv_id *id, const dv_peer *peer)
{
    assert(dv_batch_takes(batch, id));
    dv_batch_item *item = &batch->items[batch->count++];
    item->peer = *peer;
    item->id = *id;
    item->answered = false;
    HASH_ADD(hh, batch->by_id, id, sizeof item->id, item);
    batch->kind = kind;
    batch->window = batch->count;
    return item;
}

dv_batch_item *dv_batch_add_insert(dv_batch *batch, const dv_insert_request *insert,
                                   const dv_peer *peer)
{
    dv_batch_item *item = add(batch, DV_BATCH_INSERTS, &insert->terms.order_id, peer);
    item->insert = *insert;
    dv_record_keep(dv_message_info_of(DV_MSG_insert_request)->shape, &item->insert, batch->arena);
    return item;
}

dv_batch_item *dv_batch_add_step(dv_batch *batch, const dv_step_request *step, const dv_peer *peer)
{
    dv_batch_item *item = add(batch, DV_BATCH_STEPS, &step->order_id, peer);
    item->step = *step;
    dv_record_keep(dv_message_info_of(DV_MSG_step_request)->shape, &item->step, batch->arena);
    return item;
}

bool dv_batch_same_step(const dv_step_request *a, const dv_step_request *b)
{
    return dv_id_equal(&a->order_id, &b->order_id) && a->epoch == b->epoch &&
           a->from_state == b->from_state && a->to_state == b->to_state &&
           a->from_attempt == b->from_attempt && a->attempt.number == b->attempt.number &&
           dv_text_equal(a->attempt.signature, b->attempt.signature);
}

uint32_t dv_batch_unanswered(const dv_batch *batch)
{
    uint32_t count = 0;
    for (uint32_t i = batch->first; i < batch->first + batch->window; i++)
        count += !batch->items[i].answered;
    return count;
}

dv_store_request dv_batch_request(const dv_batch *batch, const void **rows)
{
    dv_store_request request = {.ticket = batch->ticket, .rows = rows};
    bool inserts = batch->kind == DV_BATCH_INSERTS;
    for (uint32_t i = batch->first; i < batch->first + batch->window; i++) {
        const dv_batch_item *item = &batch->items[i];
        if (item->answered) continue;
        rows[request.count++] = inserts ? (const void *)&item->insert : &item->step;
    }
    if (inserts)
        request.query = batch->looking ? &DV_QUERY_find : &DV_QUERY_insert;
    else
        request.query = batch->looking ? &DV_QUERY_look : &DV_QUERY_step;
    return request;
}
