/* Any bytes as a node's answer, to every decoder: refused, or read within bounds. */
#include "actors/solana/answer.h"

#include <assert.h>
#include <stdlib.h>

#define COUNT 3

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_accounts(dv_answer *answer)
{
    dv_pubkey addresses[COUNT] = {{{1}}, {{2}}, {{3}}};
    dv_account accounts[COUNT];
    uint64_t slot, sum = 0;
    for (uint32_t count = 0; count <= COUNT; count++) {
        if (dv_answer_accounts(answer, addresses, count, accounts, &slot) != DV_OK) continue;
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = 0; k < accounts[i].size; k++) sum += accounts[i].data[k];
    }
    assert(sum < UINT64_MAX);
}

static void check_transactions(const dv_answer *answer)
{
    static dv_simulation simulation;
    static dv_landed landed;
    static dv_pubkey keys[COUNT];
    dv_signature_status statuses[COUNT];
    uint64_t slot;
    bool found;
    for (uint32_t count = 0; count <= COUNT; count++) {
        (void)!dv_answer_statuses(answer, count, statuses, &slot);
        if (dv_answer_simulation(answer, keys, count, &simulation) == DV_OK)
            assert(simulation.move_count <= DV_TOKEN_MOVES_MAX);
    }
    if (dv_answer_landed(answer, &found, &landed) == DV_OK && found)
        assert(landed.move_count <= DV_TOKEN_MOVES_MAX &&
               landed.change_count <= DV_TOKEN_CHANGES_MAX &&
               landed.transaction.size <= DV_TRANSACTION_SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    dv_answer *answer = NULL;
    uint64_t number;
    dv_text text;
    bool flag;
    dv_latest_blockhash latest;
    dv_epoch_info info;
    if (dv_answer_parse((const char *)bytes, size, 7, &answer) != DV_OK) return 0;
    if (dv_answer_fault(answer) == NULL) {
        (void)!dv_answer_number(answer, &number);
        (void)!dv_answer_text(answer, &text);
        (void)!dv_answer_flag(answer, &flag, &number);
        (void)!dv_answer_blockhash(answer, &latest);
        (void)!dv_answer_epoch(answer, &info);
        (void)!dv_answer_first_success(answer, &text);
        (void)!dv_answer_fee(answer, 50, &number);
        check_accounts(answer);
        check_transactions(answer);
    }
    dv_answer_destroy(&answer);
    return 0;
}
