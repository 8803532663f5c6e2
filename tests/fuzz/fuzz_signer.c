/* Any bytes as a message to be signed: refused with a reason, or within the policy's bounds. The
   message is the good one with patches (where, how many bytes, the bytes), or, when the first byte
   is odd, nothing but the bytes. */
#include "tests/support/signer_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static sign_scene good;

static size_t patched(const uint8_t *bytes, size_t size, uint8_t *ret_message)
{
    size_t total = good.ask.message.size;
    memcpy(ret_message, good.ask.message.at, total);
    while (size >= 3) {
        size_t at = (size_t)(bytes[0] | bytes[1] << 8) % total, count = bytes[2] % 40;
        bytes += 3, size -= 3;
        if (count > size) count = size;
        if (count > total - at) count = total - at;
        memcpy(ret_message + at, bytes, count);
        bytes += count, size -= count;
    }
    return total;
}

static void check(const dv_sign_request *ask)
{
    dv_signer_cost cost;
    char why[DV_REASON_MAX] = "";
    dv_err err = dv_signer_policy_check(&good.policy, ask, &cost, why);
    assert(err == DV_OK || (err == DV_SIGNER_REFUSED && *why != '\0' && strlen(why) < sizeof why));
    if (err) return;
    dv_transaction_view view;
    err = dv_transaction_message_decode((const uint8_t *)ask->message.at, ask->message.size, &view);
    assert(err == DV_OK && view.signer_count == 1);
    assert(memcmp(view.keys, good.wallet.bytes, sizeof good.wallet.bytes) == 0);
    assert(cost.swaps == (ask->amount > 0));
    assert(cost.atoms <= good.policy.rules[cost.token].order_max);
    assert(cost.lamports.count >= 5000 &&
           cost.lamports.count <= good.policy.order_lamports_max.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t message[DV_TRANSACTION_MAX];
    if (good.ix_count == 0) {
        scene_make(&good);
        scene_compile(&good);
    }
    if (size < 2) return 0;
    dv_sign_request ask = good.ask;
    if (bytes[1] & 1) ask.amount = 0;
    size_t count = size - 2;
    if (count > sizeof message) count = sizeof message;
    if (bytes[0] & 1)
        memcpy(message, bytes + 2, count);
    else
        count = patched(bytes + 2, count, message);
    ask.message = (dv_text){(const char *)message, (uint32_t)count};
    check(&ask);
    return 0;
}
