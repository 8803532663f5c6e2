/* Quotes against what the compiled programs answered: every pool is decoded from those accounts of
   its file that it asks for, and from no other. */
#include <stdio.h>

#include "actors/dex/programs/pool.h"
#include "tests/golden/golden.h"

#define ACCOUNTS_MAX 512
#define ROUNDS_MAX 5

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* A pool of a file, as all of its quotes see it. */
typedef struct golden_pool {
    dv_pool *pool; /* NULL when it was refused */
    dv_refusal refusal;
    dv_chain_clock clock;
} golden_pool;

static const struct {
    const char *name;
    dv_pool_mode mode;
} MODES[] = {{"ExactIn", DV_SWAP_EXACT_IN},
             {"ExactOut", DV_SWAP_EXACT_OUT},
             {"PartialFill", DV_SWAP_PARTIAL_FILL}};

static const struct {
    const char *name;
    size_t offset;
} FEES[] = {
    {"total", offsetof(dv_swap_quote, fee)},
    {"protocolFee", offsetof(dv_swap_quote, protocol_fee)},
    {"fundFee", offsetof(dv_swap_quote, fund_fee)},
    {"lpFee", offsetof(dv_swap_quote, lp_fee)},
    {"compoundingFee", offsetof(dv_swap_quote, compounding_fee)},
    {"limitOrderFee", offsetof(dv_swap_quote, limit_order_fee)},
};

static dv_swap_ask read_ask(yajl_val node)
{
    const char *mode = golden_text(node, "mode");
    dv_swap_ask ask = {
        .mint_in = golden_key(node, "inMint"),
        .mint_out = golden_key(node, "outMint"),
        .amount = golden_u64(node, "amount"),
    };
    size_t i = 0;
    while (i < LENGTH(MODES) && strcmp(MODES[i].name, mode) != 0) i++;
    golden_check(i < LENGTH(MODES), "unknown mode %s", mode);
    ask.mode = MODES[i].mode;
    ask.limit = ask.mode == DV_SWAP_EXACT_OUT ? DV_LIMIT_NONE_IN : DV_LIMIT_NONE_OUT;
    if (golden_get(node, "limit")) ask.limit = golden_u64(node, "limit");
    return ask;
}

/* {custom: N}, or {code: 39} for ProgramFailedToComplete. */
static uint32_t read_error(yajl_val error)
{
    if (golden_get(error, "custom")) return (uint32_t)golden_u64(error, "custom");
    golden_check(golden_u64(error, "code") == 39, "an error of an unknown kind");
    return DV_PROGRAM_PANIC;
}

static void check_fees(yajl_val fees, const dv_swap_quote *quote)
{
    golden_check(YAJL_IS_OBJECT(fees), "fee is no object");
    for (size_t i = 0; i < fees->u.object.len; i++) {
        const char *name = fees->u.object.keys[i];
        size_t k = 0;
        while (k < LENGTH(FEES) && strcmp(FEES[k].name, name) != 0) k++;
        golden_check(k < LENGTH(FEES), "unknown part of the fee: %s", name);
        uint64_t found, wanted = golden_u64_of(fees->u.object.values[i]);
        memcpy(&found, (const char *)quote + FEES[k].offset, sizeof found);
        golden_check(found == wanted, "%s is %lu, not %lu", name, found, wanted);
    }
}

static void check_quote(const golden_item *item)
{
    const golden_pool *self = item->context;
    dv_swap_ask ask = read_ask(item->node);
    dv_swap_quote quote = {0};
    dv_refusal refusal = {0};
    golden_check(self->pool != NULL, "the pool is refused: %s", self->refusal.reason);
    dv_err err = dv_pool_quote(self->pool, &ask, &self->clock, &quote, &refusal);
    yajl_val error = golden_get(item->node, "error");
    if (error) {
        uint32_t wanted = read_error(error);
        golden_check(err != DV_OK, "%lu for %lu, where the program fails with %u", quote.amount_out,
                     quote.amount_in, wanted);
        golden_check(refusal.program_error == wanted, "refused with %u, not %u: %s",
                     refusal.program_error, wanted, refusal.reason);
        return;
    }
    uint64_t in = golden_u64(item->node, "expectedIn"), out = golden_u64(item->node, "expectedOut");
    golden_check(err == DV_OK, "refused with %u: %s", refusal.program_error, refusal.reason);
    golden_check(quote.amount_in == in && quote.amount_out == out, "%lu for %lu, not %lu for %lu",
                 quote.amount_out, quote.amount_in, out, in);
    check_fees(golden_need(item->node, "fee"), &quote);
}

static uint32_t read_accounts(yajl_val accounts, dv_account *ret_accounts)
{
    golden_check(YAJL_IS_OBJECT(accounts) && accounts->u.object.len <= ACCOUNTS_MAX,
                 "no accounts, or too many");
    for (size_t i = 0; i < accounts->u.object.len; i++) {
        yajl_val node = accounts->u.object.values[i];
        size_t size;
        const char *address = accounts->u.object.keys[i];
        dv_account account = {.owner = golden_key(node, "owner"),
                              .lamports = {golden_u64(node, "lamports")}};
        golden_check(dv_pubkey_parse(dv_text_of(address), &account.address), "not an address: %s",
                     address);
        account.data = golden_base64(golden_text(node, "dataBase64"), &size);
        account.size = (uint32_t)size;
        ret_accounts[i] = account;
    }
    return (uint32_t)accounts->u.object.len;
}

/* Gives the pool what it asks for, as far as the file has it, until it asks for nothing new. */
static dv_err gather(const dv_pubkey *address, const dv_account_set *file, dv_account_set *set,
                     dv_account *ret_accounts, dv_refusal *ret_refusal)
{
    const dv_account *own = dv_account_find(file, address);
    golden_check(own != NULL, "the file does not hold the pool's account");
    ret_accounts[0] = *own;
    *set = (dv_account_set){ret_accounts, 1};
    for (int round = 0; round < ROUNDS_MAX; round++) {
        dv_pool_needs needs;
        uint32_t before = set->count;
        dv_err err = dv_pool_list_needs(address, set, &needs, ret_refusal);
        if (err) return err;
        for (uint32_t i = 0; i < needs.count; i++) {
            const dv_account *found = dv_account_find(file, &needs.at[i]);
            if (found && !dv_account_find(set, &needs.at[i])) ret_accounts[set->count++] = *found;
        }
        if (set->count == before) return DV_OK;
    }
    golden_fail("the pool asks for ever more accounts");
}

static golden_pool *make_pool(yajl_val node)
{
    static dv_account all[ACCOUNTS_MAX], needed[ACCOUNTS_MAX];
    golden_pool *self = golden_new(sizeof *self);
    yajl_val clock = golden_need(node, "clock");
    self->clock = (dv_chain_clock){golden_u64(clock, "slot"), golden_u64(clock, "epoch"),
                                   (int64_t)golden_u64(clock, "unixTimestamp")};
    dv_account_set file = {all, read_accounts(golden_need(node, "accounts"), all)}, set;
    dv_pubkey address = golden_key(node, "pool");
    dv_err err = gather(&address, &file, &set, needed, &self->refusal);
    if (err == DV_OK) err = dv_pool_new(&address, &set, &self->pool, &self->refusal);
    if (err) self->pool = NULL;
    return self;
}

void golden_add_quotes(yajl_val root)
{
    const char *venue = golden_text(root, "program");
    dv_pubkey program = golden_key(root, "programId");
    const dv_pool_class *class = dv_pool_class_next(NULL);
    while (class != NULL && strcmp(class->name, venue) != 0) class = dv_pool_class_next(class);
    golden_check(class != NULL, "the venue %s is unknown", venue);
    golden_check(class == dv_pool_class_of(&program), "the program id is not that of %s", venue);
    yajl_val cases = golden_need(root, "cases");
    for (size_t i = 0; i < golden_count(cases); i++) {
        yajl_val node = golden_at(cases, i), quotes = golden_need(node, "quotes");
        golden_item item = {.run = check_quote, .context = make_pool(node)};
        for (size_t k = 0; k < golden_count(quotes); k++) {
            item.node = golden_at(quotes, k);
            snprintf(item.label, sizeof item.label, "%.60s, quote %zu", golden_text(node, "name"),
                     k);
            golden_add(&item);
        }
    }
}
