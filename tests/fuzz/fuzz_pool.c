/* Any bytes over the accounts of a pool: it is refused with a reason, or every quote is answered or
   refused, within bounds and without overflow. The first byte chooses the venue and the next ones
   what is asked; then come patches: which account, where, how many bytes, the bytes. */
#include "tests/support/reserves_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define QUESTION_SIZE 20 /* venue, mode, side, cut, amount, limit */

static scene s;

static void make_scene(uint8_t venue)
{
    switch (venue % 3) {
    case 0: make_cpmm(&s, 1000000000, 5000000000); break;
    case 1: make_v4(&s, 1000000000, 5000000000); break;
    default: make_damm(&s); break;
    }
}

/* A patch may make an account longer, as extensions do, and the cut shorter. */
static void patch(const uint8_t *bytes, size_t size, uint8_t cut)
{
    while (size >= 4) {
        uint32_t which = bytes[0] % s.count, at = (uint32_t)(bytes[1] | bytes[2] << 8) % DATA_MAX;
        uint32_t count = bytes[3] % 32;
        bytes += 4, size -= 4;
        if (count > size) count = (uint32_t)size;
        if (count > DATA_MAX - at) count = DATA_MAX - at;
        memcpy(s.data[which] + at, bytes, count);
        if (s.accounts[which].size < at + count) {
            s.accounts[which].owner = DV_PROGRAM_TOKEN_2022;
            s.accounts[which].size = at + count;
        }
        bytes += count, size -= count;
    }
    if (cut < s.accounts[cut % s.count].size && cut > 200) s.accounts[cut % s.count].size -= cut;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < QUESTION_SIZE) return 0;
    make_scene(bytes[0]);
    patch(bytes + QUESTION_SIZE, size - QUESTION_SIZE, bytes[3]);
    dv_pool_mode mode = (dv_pool_mode)(bytes[1] % 3);
    uint64_t amount = dv_le64(bytes + 4), limit = dv_le64(bytes + 12);
    dv_pool_needs needs;
    dv_refusal refusal = {0};
    dv_pubkey address = name_key(POOL);
    dv_account_set set = {s.accounts, s.count};
    dv_err listed = dv_pool_list_needs(&address, &set, &needs, &refusal);
    assert(listed == DV_OK || refusal.reason != NULL);
    dv_err err = ask(&s, mode, bytes[2] & 1, amount, limit);
    if (err) {
        assert(s.refusal.reason != NULL && s.refusal.err == err);
    } else {
        assert(mode != DV_SWAP_EXACT_IN || s.quote.amount_in == amount);
        assert(mode != DV_SWAP_EXACT_OUT || s.quote.amount_out == amount);
        assert(mode == DV_SWAP_EXACT_OUT ? s.quote.amount_in <= limit
                                         : s.quote.amount_out >= limit);
        assert(s.quote.protocol_fee <= s.quote.fee && s.quote.lp_fee <= s.quote.fee);
    }
    dv_pool_destroy(&s.pool);
    return 0;
}
