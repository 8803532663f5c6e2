#include "actors/chain/solana/reads.h"

#include <stdio.h>

static void part_tell(const dv_node_reads *r, uint64_t ticket, dv_text body, uint32_t offset)
{
    uint32_t size = body.size - offset < DV_READ_PART_MAX ? body.size - offset : DV_READ_PART_MAX;
    (*r->out)->answer(
        (*r->out)->context, ticket,
        &(dv_message){.type = DV_MSG_read_part,
                      .read_part = {.offset = offset, .bytes = {body.at + offset, size}}});
}

static void reply_tell(const dv_node_reads *r, uint64_t ticket, const dv_rpc_reply *reply)
{
    (*r->out)->answer((*r->out)->context, ticket,
                      &(dv_message){.type = DV_MSG_read_reply,
                                    .read_reply = {.error = reply->error,
                                                   .endpoint = reply->endpoint,
                                                   .size = reply->body.size,
                                                   .rpc_id = reply->id}});
}

static void on_read(void *context, const dv_rpc_reply *reply, int64_t now_ns)
{
    (void)now_ns;
    const dv_node_reads *r = context;
    for (uint32_t at = 0; at < reply->body.size; at += DV_READ_PART_MAX)
        part_tell(r, reply->tag, reply->body, at);
    reply_tell(r, reply->tag, reply);
}

void dv_node_reads_ask(dv_node_reads *reads, uint64_t ticket, const dv_read_request *read,
                       dv_time now)
{
    char method[DV_RPC_METHOD_MAX + 1];
    dv_text_copy(method, sizeof method, read->method);
    uint32_t endpoint = (uint32_t)read->endpoint;
    if (endpoint != DV_RPC_ANY && endpoint >= dv_rpc_endpoint_count(reads->rpc))
        endpoint = DV_RPC_ANY;
    if (read->search_size > 0)
        dv_rpc_search(reads->rpc, method, read->params, endpoint, read->search_size, on_read, reads,
                      ticket, now.mono_ns);
    else
        dv_rpc_ask(reads->rpc, method, read->params, endpoint, on_read, reads, ticket, now.mono_ns);
}
