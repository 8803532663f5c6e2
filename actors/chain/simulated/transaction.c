#include "actors/chain/simulated/transaction.h"

#include <assert.h>
#include <sodium.h>

static const uint8_t MARK[8] = {'d', 'v', 's', 'i', 'm', 's', 'w', '1'};

static void put(uint8_t **at, const void *bytes, size_t size)
{
    memcpy(*at, bytes, size);
    *at += size;
}

static void put_number(uint8_t **at, uint64_t number)
{
    for (int i = 0; i < 8; i++) *(*at)++ = (uint8_t)(number >> (8 * i));
}

static void take(const uint8_t **at, void *ret_bytes, size_t size)
{
    memcpy(ret_bytes, *at, size);
    *at += size;
}

static uint64_t take_number(const uint8_t **at)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) number |= (uint64_t) * (*at)++ << (8 * i);
    return number;
}

void dv_sim_transaction_encode(const dv_sim_transaction *transaction,
                               uint8_t ret_bytes[DV_SIM_TRANSACTION_SIZE])
{
    const dv_sim_transaction *t = transaction;
    uint8_t *at = ret_bytes;
    put(&at, MARK, sizeof MARK);
    put(&at, t->dex, DV_VENUE_MAX);
    put(&at, t->order_id.bytes, sizeof t->order_id.bytes);
    *at++ = t->attempt;
    *at++ = t->swap_mode;
    put(&at, t->token_in, DV_MINT_MAX);
    put(&at, t->token_out, DV_MINT_MAX);
    put_number(&at, t->amount);
    put_number(&at, t->limit_amount);
    put_number(&at, t->last_valid_block_height);
    put(&at, t->nonce, sizeof t->nonce);
    assert(at == ret_bytes + DV_SIM_TRANSACTION_SIZE);
}

bool dv_sim_transaction_decode(dv_text bytes, dv_sim_transaction *ret_transaction)
{
    if (bytes.size != DV_SIM_TRANSACTION_SIZE || memcmp(bytes.at, MARK, sizeof MARK) != 0)
        return false;
    const uint8_t *at = (const uint8_t *)bytes.at + sizeof MARK;
    dv_sim_transaction t = {0};
    take(&at, t.dex, DV_VENUE_MAX);
    take(&at, t.order_id.bytes, sizeof t.order_id.bytes);
    t.attempt = *at++;
    t.swap_mode = *at++;
    take(&at, t.token_in, DV_MINT_MAX);
    take(&at, t.token_out, DV_MINT_MAX);
    t.amount = take_number(&at);
    t.limit_amount = take_number(&at);
    t.last_valid_block_height = take_number(&at);
    take(&at, t.nonce, sizeof t.nonce);
    if (t.swap_mode > DV_EXACT_OUT || t.dex[DV_VENUE_MAX - 1] != '\0') return false;
    *ret_transaction = t;
    return true;
}

void dv_sim_sign(dv_text bytes, uint8_t ret_signature[DV_SIM_SIGNATURE_SIZE])
{
    _Static_assert(DV_SIM_SIGNATURE_SIZE <= crypto_generichash_BYTES_MAX, "one hash is enough");
    int hashed = crypto_generichash(ret_signature, DV_SIM_SIGNATURE_SIZE,
                                    (const unsigned char *)bytes.at, bytes.size, NULL, 0);
    assert(hashed == 0);
}
