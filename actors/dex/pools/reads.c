#include "actors/dex/pools/reads.h"

#include <stdlib.h>
#include <uthash.h>

#include "proto/buffer.h"

#define WAIT_NS (40 * DV_NS_PER_S) /* longer than any exchange with a node takes */

struct dv_read {
    uint64_t number;
    int64_t until_ns;
    dv_rpc_done *done;
    void *context;
    uint64_t tag;
    dv_buffer bytes; /* of the answer, as far as they have come */
    bool torn;       /* a part is missing */
    UT_hash_handle hh;
};

static void read_free(dv_reads *reads, dv_read *r)
{
    HASH_DEL(reads->open, r);
    dv_buffer_fini(&r->bytes);
    free(r);
}

void dv_reads_fini(dv_reads *reads)
{
    while (reads->open != NULL) read_free(reads, reads->open);
}

static void ask(dv_reads *reads, const char *method, dv_text params, uint32_t endpoint,
                uint32_t size_max, const dv_read *as, int64_t now_ns)
{
    dv_read *r = malloc(sizeof *r);
    if (r == NULL) abort();
    *r = *as;
    r->number = ++reads->last;
    r->until_ns = now_ns + WAIT_NS;
    HASH_ADD(hh, reads->open, number, sizeof r->number, r);
    reads->out->ask(reads->out->context,
                    &(dv_message){.type = DV_MSG_read_request,
                                  .request_id = r->number,
                                  .read_request = {.method = dv_text_of(method),
                                                   .params = params,
                                                   .endpoint = endpoint,
                                                   .search_size = size_max}});
}

void dv_reads_ask(dv_reads *reads, const char *method, dv_text params, uint32_t endpoint,
                  dv_rpc_done *done, void *context, uint64_t tag, int64_t now_ns)
{
    ask(reads, method, params, endpoint, 0,
        &(dv_read){.done = done, .context = context, .tag = tag}, now_ns);
}

void dv_reads_search(dv_reads *reads, const char *method, dv_text params, uint32_t endpoint,
                     uint32_t size_max, dv_rpc_done *done, void *context, uint64_t tag,
                     int64_t now_ns)
{
    ask(reads, method, params, endpoint, size_max,
        &(dv_read){.done = done, .context = context, .tag = tag}, now_ns);
}

/* Ends a question with what came of it. */
static void end(dv_reads *reads, dv_read *r, dv_rpc_reply reply, int64_t now_ns)
{
    dv_rpc_done *done = r->done;
    void *context = r->context;
    reply.tag = r->tag;
    read_free(reads, r);
    done(context, &reply, now_ns);
}

static void part_take(dv_read *r, const dv_read_part *part)
{
    if (part->offset != r->bytes.size || part->offset + part->bytes.size > DV_ANSWER_SIZE_MAX)
        r->torn = true;
    else
        dv_buffer_add(&r->bytes, part->bytes.at, part->bytes.size);
}

static void reply_take(dv_reads *reads, dv_read *r, const dv_read_reply *told, int64_t now_ns)
{
    dv_rpc_reply reply = {.error = (dv_err)told->error, .endpoint = (uint32_t)told->endpoint};
    dv_answer *answer = NULL;
    if (r->torn || r->bytes.size != told->size) {
        reply.error = DV_CHAIN_AWAY; /* a part was lost */
    } else if (told->size > 0) {
        dv_err err = dv_answer_parse(r->bytes.bytes, r->bytes.size, told->rpc_id, &answer);
        if (err != DV_OK) reply.error = DV_CHAIN_ANSWER_MALFORMED;
    } else if (reply.error == DV_OK) {
        reply.error = DV_CHAIN_ANSWER_MALFORMED;
    }
    reply.answer = answer;
    end(reads, r, reply, now_ns);
    dv_answer_destroy(&answer);
}

void dv_reads_hear(dv_reads *reads, const dv_message *message, int64_t now_ns)
{
    dv_read *r;
    HASH_FIND(hh, reads->open, &message->request_id, sizeof message->request_id, r);
    if (r == NULL) return; /* given up */
    if (message->type == DV_MSG_read_part)
        part_take(r, &message->read_part);
    else
        reply_take(reads, r, &message->read_reply, now_ns);
}

int64_t dv_reads_tick(dv_reads *reads, int64_t now_ns)
{
    while (reads->open != NULL && reads->open->until_ns <= now_ns)
        end(reads, reads->open, (dv_rpc_reply){.error = DV_CHAIN_AWAY}, now_ns);
    return reads->open != NULL ? reads->open->until_ns : DV_NEVER;
}
