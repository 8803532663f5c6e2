#include "actors/signer/policy.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "actors/dex/programs/swap_view.h"
#include "actors/solana/account.h"
#include "actors/solana/pda.h"
#include "actors/solana/programs.h"
#include "actors/solana/transaction.h"
#include "proto/amount.h"

#define SIGNATURE_LAMPORTS 5000u
#define UNITS_MAX 1400000u /* compute units a transaction may use, and does if it says nothing */
#define MICRO 1000000u
#define OWN_MAX 8 /* accounts that one message makes */

/* First bytes of the data; the system program's are u32. */
enum { BUDGET_HEAP = 1, BUDGET_UNITS = 2, BUDGET_PRICE = 3, BUDGET_LOADED = 4 };
enum { SYSTEM_TRANSFER = 2, SYSTEM_CREATE_WITH_SEED = 3, SYSTEM_TRANSFER_WITH_SEED = 11 };
enum { ATA_CREATE_IDEMPOTENT = 1 };
enum { TOKEN_CLOSE = 9, TOKEN_SYNC_NATIVE = 17, TOKEN_INITIALIZE_3 = 18 };

/* A token account that the message makes. */
typedef struct own_account {
    dv_pubkey key, program, mint;
    bool initialised;
} own_account;

/* A message while it is read. */
typedef struct reading {
    const dv_signer_policy *policy;
    const dv_sign_request *ask;
    dv_transaction_view view;
    dv_pubkey mint_in, mint_out; /* of the ask; not read when it takes back */
    own_account own[OWN_MAX];
    uint32_t own_count;
    dv_pubkey paid[OWN_MAX]; /* whom lamports are transferred to */
    uint32_t paid_count;
    bool has_swap;
    dv_swap_view swap;
    dv_pubkey swap_owner, swap_in, swap_out;
    uint64_t units, price; /* compute units, micro-lamports a unit */
    dv_lamports lamports;  /* that leave the wallet, the fee aside */
    char *why;             /* DV_REASON_MAX bytes */
} reading;

/* ---- saying no -------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool no(reading *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->why, DV_REASON_MAX, format, args);
    va_end(args);
    return false;
}

static bool no_key(reading *r, const char *what, const dv_pubkey *key)
{
    char text[DV_BASE58_TEXT_SIZE];
    dv_base58_encode(key->bytes, sizeof key->bytes, text);
    return no(r, "%s %s", what, text);
}

/* ---- reading ---------------------------------------------------------------------------- */

static dv_pubkey key_at(const reading *r, uint32_t index)
{
    return dv_pubkey_at(r->view.keys + index * DV_PUBKEY_SIZE);
}

/* An instruction's account. False, with the reason, when it is not given so many. */
static bool account(reading *r, const dv_instruction_view *ix, uint32_t i, dv_pubkey *ret)
{
    if (i >= ix->account_count) return no(r, "an instruction lacks accounts");
    *ret = key_at(r, ix->accounts[i]);
    return true;
}

/* Whether an instruction's account is the wallet; `what` says what it would be else. */
static bool is_wallet(reading *r, const dv_instruction_view *ix, uint32_t i, const char *what)
{
    dv_pubkey key;
    if (!account(r, ix, i, &key)) return false;
    return dv_pubkey_equal(&key, &r->policy->wallet) || no_key(r, what, &key);
}

static const dv_signer_rule *rule_of(const dv_signer_policy *policy, const dv_pubkey *mint)
{
    for (uint32_t i = 0; i < policy->tokens->count; i++)
        if (dv_pubkey_equal(&policy->rules[i].mint, mint)) return &policy->rules[i];
    return NULL;
}

static bool is_allowed_mint(reading *r, const dv_pubkey *mint)
{
    const dv_signer_rule *rule = rule_of(r->policy, mint);
    return (rule != NULL && rule->allowed) ||
           no_key(r, "it is for a mint that is not allowed:", mint);
}

static bool is_token_program(const dv_pubkey *key)
{
    return dv_pubkey_equal(key, &DV_PROGRAM_TOKEN) || dv_pubkey_equal(key, &DV_PROGRAM_TOKEN_2022);
}

/* ---- instructions beside the swap ------------------------------------------------------- */

static bool on_budget(reading *r, const dv_instruction_view *ix)
{
    uint8_t tag = ix->data_size > 0 ? ix->data[0] : 0;
    if (tag == BUDGET_PRICE && ix->data_size == 9) {
        r->price = dv_le64(ix->data + 1);
        return true;
    }
    if (ix->data_size != 5 || (tag != BUDGET_HEAP && tag != BUDGET_UNITS && tag != BUDGET_LOADED))
        return no(r, "it has another compute-budget instruction than those of a swap");
    if (tag == BUDGET_UNITS) r->units = dv_le32(ix->data + 1);
    return true;
}

/* Counts lamports that leave the wallet. */
static bool spend(reading *r, dv_lamports lamports)
{
    return dv_lamports_add(r->lamports, lamports, &r->lamports) ||
           no(r, "it spends more lamports than there can be");
}

static bool on_transfer(reading *r, const dv_instruction_view *ix)
{
    if (ix->data_size != 12) return no(r, "a transfer is malformed");
    if (!is_wallet(r, ix, 0, "a transfer is from another account than the wallet:")) return false;
    if (r->paid_count == OWN_MAX) return no(r, "it has too many transfers");
    return spend(r, (dv_lamports){dv_le64(ix->data + 4)}) &&
           account(r, ix, 1, &r->paid[r->paid_count++]);
}

/* A seed as the system program's instructions hold it, a u64 of its size before it; what follows
   has to be `rest` bytes. */
static bool take_seed(const uint8_t *data, size_t size, size_t at, size_t rest, dv_seed *ret_seed)
{
    if (size < at + 8) return false;
    uint64_t length = dv_le64(data + at);
    if (length > DV_SEED_SIZE_MAX || size != at + 8 + length + rest) return false;
    *ret_seed = (dv_seed){data + at + 8, (size_t)length};
    return true;
}

/* The address that the wallet's seed has under an owner. Source: Pubkey::create_with_seed. */
static dv_pubkey seed_address(const dv_pubkey *wallet, const dv_seed *seed, const dv_pubkey *owner)
{
    dv_pubkey address;
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, wallet->bytes, sizeof wallet->bytes);
    crypto_hash_sha256_update(&hash, seed->at, seed->size);
    crypto_hash_sha256_update(&hash, owner->bytes, sizeof owner->bytes);
    crypto_hash_sha256_final(&hash, address.bytes);
    return address;
}

/* u32 tag, base, seed, lamports u64, space u64, owner. */
static bool on_create(reading *r, const dv_instruction_view *ix)
{
    enum { BASE_AT = 4, SEED_AT = 36, REST = 8 + 8 + DV_PUBKEY_SIZE };
    dv_seed seed;
    dv_pubkey made;
    if (!take_seed(ix->data, ix->data_size, SEED_AT, REST, &seed))
        return no(r, "an account is made by a malformed instruction");
    const uint8_t *rest = ix->data + ix->data_size - REST;
    dv_pubkey base = dv_pubkey_at(ix->data + BASE_AT), owner = dv_pubkey_at(rest + 16);
    if (!is_wallet(r, ix, 0, "an account is paid for by another than the wallet:") ||
        !account(r, ix, 1, &made))
        return false;
    if (!dv_pubkey_equal(&base, &r->policy->wallet))
        return no_key(r, "an account is made from another's seed:", &base);
    dv_pubkey expected = seed_address(&base, &seed, &owner);
    if (!dv_pubkey_equal(&expected, &made)) return no(r, "an account is not that of its seed");
    if (!spend(r, (dv_lamports){dv_le64(rest)})) return false;
    if (dv_pubkey_equal(&owner, &DV_PROGRAM_SYSTEM))
        return dv_le64(rest + 8) == 0 || no(r, "an account of the system program is not empty");
    if (!is_token_program(&owner))
        return no_key(r, "an account is made for another program:", &owner);
    if (r->own_count == OWN_MAX) return no(r, "it makes too many accounts");
    r->own[r->own_count++] = (own_account){.key = made, .program = owner};
    return true;
}

/* u32 tag, lamports u64, seed, owner; from, base, to. */
static bool on_take_back(reading *r, const dv_instruction_view *ix)
{
    dv_seed seed;
    if (!take_seed(ix->data, ix->data_size, 12, DV_PUBKEY_SIZE, &seed))
        return no(r, "lamports are taken back by a malformed instruction");
    return is_wallet(r, ix, 1, "lamports are taken back with another's seed:") &&
           is_wallet(r, ix, 2, "lamports are taken back for another than the wallet:");
}

static bool on_system(reading *r, const dv_instruction_view *ix)
{
    if (ix->data_size < 4) return no(r, "an instruction of the system program is malformed");
    switch (dv_le32(ix->data)) {
    case SYSTEM_TRANSFER: return on_transfer(r, ix);
    case SYSTEM_CREATE_WITH_SEED: return on_create(r, ix);
    case SYSTEM_TRANSFER_WITH_SEED: return on_take_back(r, ix);
    default:
        return no(r, "it has instruction %u of the system program, which is not allowed",
                  dv_le32(ix->data));
    }
}

static bool on_associated(reading *r, const dv_instruction_view *ix)
{
    dv_pubkey made, mint, program;
    if (ix->data_size != 1 || ix->data[0] != ATA_CREATE_IDEMPOTENT)
        return no(r, "an associated account is made otherwise than idempotently");
    if (!is_wallet(r, ix, 0, "an associated account is paid for by another than the wallet:") ||
        !account(r, ix, 1, &made) ||
        !is_wallet(r, ix, 2, "an associated account is made for another than the wallet:") ||
        !account(r, ix, 3, &mint) || !account(r, ix, 5, &program) || !is_allowed_mint(r, &mint))
        return false;
    dv_pubkey expected = dv_ata_of(&r->policy->wallet, &mint, &program);
    if (!is_token_program(&program) || !dv_pubkey_equal(&expected, &made))
        return no(r, "an associated account is not the wallet's");
    return spend(r, DV_SIGNER_ACCOUNT_LAMPORTS);
}

static bool on_initialise(reading *r, const dv_instruction_view *ix, const dv_pubkey *program)
{
    dv_pubkey key, mint;
    if (ix->data_size != 1 + DV_PUBKEY_SIZE) return no(r, "an account is initialised wrongly");
    dv_pubkey owner = dv_pubkey_at(ix->data + 1);
    if (!account(r, ix, 0, &key) || !account(r, ix, 1, &mint) || !is_allowed_mint(r, &mint))
        return false;
    if (!dv_pubkey_equal(&owner, &r->policy->wallet))
        return no_key(r, "a token account is initialised for another than the wallet:", &owner);
    for (uint32_t i = 0; i < r->own_count; i++) {
        own_account *own = &r->own[i];
        if (!dv_pubkey_equal(&own->key, &key) || !dv_pubkey_equal(&own->program, program)) continue;
        own->mint = mint;
        own->initialised = true;
        return true;
    }
    return no_key(r, "it initialises an account that it has not made:", &key);
}

static bool on_token(reading *r, const dv_instruction_view *ix, const dv_pubkey *program)
{
    uint8_t tag = ix->data_size > 0 ? ix->data[0] : UINT8_MAX;
    if (tag == TOKEN_SYNC_NATIVE && ix->data_size == 1) return true;
    if (tag == TOKEN_INITIALIZE_3) return on_initialise(r, ix, program);
    if (tag == TOKEN_CLOSE && ix->data_size == 1)
        return is_wallet(r, ix, 1, "an account is closed in favour of another than the wallet:") &&
               is_wallet(r, ix, 2, "an account of another than the wallet is closed:");
    return no(r, "it has instruction %u of a token program, which is not allowed", tag);
}

/* ---- the swap --------------------------------------------------------------------------- */

static bool is_allowed_program(const dv_signer_policy *policy, const dv_pubkey *program)
{
    if (policy->program_count == 0) return dv_swap_is_program(program);
    for (uint32_t i = 0; i < policy->program_count; i++)
        if (dv_pubkey_equal(&policy->programs[i], program)) return true;
    return false;
}

static bool on_venue(reading *r, const dv_instruction_view *ix, const dv_pubkey *program)
{
    if (!is_allowed_program(r->policy, program))
        return no_key(r, "it has an instruction of a program that is not allowed:", program);
    if (r->has_swap) return no(r, "it swaps more than once");
    if (!dv_swap_read(program, ix->data, ix->data_size, ix->account_count, &r->swap))
        return no_key(r, "it is no swap that can be read, of program", program);
    r->has_swap = true;
    return account(r, ix, r->swap.owner, &r->swap_owner) &&
           account(r, ix, r->swap.account_in, &r->swap_in) &&
           account(r, ix, r->swap.account_out, &r->swap_out);
}

static bool on_instruction(reading *r, const dv_instruction_view *ix)
{
    dv_pubkey program = key_at(r, ix->program);
    if (dv_pubkey_equal(&program, &DV_PROGRAM_COMPUTE_BUDGET)) return on_budget(r, ix);
    if (dv_pubkey_equal(&program, &DV_PROGRAM_SYSTEM)) return on_system(r, ix);
    if (dv_pubkey_equal(&program, &DV_PROGRAM_ASSOCIATED_TOKEN)) return on_associated(r, ix);
    if (is_token_program(&program)) return on_token(r, ix, &program);
    if (dv_pubkey_equal(&program, &DV_PROGRAM_MEMO)) return true;
    return on_venue(r, ix, &program);
}

/* Whether an account is provably the wallet's and of this mint. */
static bool is_own(const reading *r, const dv_pubkey *key, const dv_pubkey *mint)
{
    static const dv_pubkey *const PROGRAMS[] = {&DV_PROGRAM_TOKEN, &DV_PROGRAM_TOKEN_2022};
    for (uint32_t i = 0; i < r->own_count; i++)
        if (r->own[i].initialised && dv_pubkey_equal(&r->own[i].key, key))
            return dv_pubkey_equal(&r->own[i].mint, mint);
    for (size_t i = 0; i < sizeof PROGRAMS / sizeof PROGRAMS[0]; i++) {
        dv_pubkey associated = dv_ata_of(&r->policy->wallet, mint, PROGRAMS[i]);
        if (dv_pubkey_equal(&associated, key)) return true;
    }
    return false;
}

/* ---- the whole message ------------------------------------------------------------------ */

static bool is_readable(reading *r)
{
    dv_text message = r->ask->message;
    if (message.size + 1 + DV_SIGNATURE_SIZE > DV_TRANSACTION_SIZE_MAX ||
        dv_transaction_message_decode((const uint8_t *)message.at, message.size, &r->view) != DV_OK)
        return no(r, "it is no message of a transaction");
    if (r->view.signer_count != 1)
        return no(r, "it asks for %u signatures, not for one", r->view.signer_count);
    dv_pubkey payer = key_at(r, 0);
    if (!dv_pubkey_equal(&payer, &r->policy->wallet))
        return no_key(r, "its fee payer is not the wallet:", &payer);
    if (r->view.lookup_count > 0)
        return no(r, "it looks accounts up in tables, where they cannot be judged");
    for (uint32_t i = 0; i < r->view.instruction_count; i++)
        if (!on_instruction(r, &r->view.instructions[i])) return false;
    for (uint32_t i = 0; i < r->own_count; i++)
        if (!r->own[i].initialised) return no(r, "it makes a token account for anyone to take");
    for (uint32_t i = 0; i < r->paid_count; i++)
        if (!is_own(r, &r->paid[i], &DV_MINT_WSOL))
            return no_key(r, "it transfers lamports to another's account:", &r->paid[i]);
    return true;
}

/* Whether the swap is the one of the ask, between the wallet's own accounts. */
static bool is_as_asked(reading *r)
{
    const dv_sign_request *ask = r->ask;
    if (!r->has_swap) return no(r, "it has no swap");
    if (ask->attempt < 1 || ask->attempt > r->policy->attempts_max)
        return no(r, "attempt %u is none that an order has", (unsigned)ask->attempt);
    if (!dv_pubkey_parse(ask->token_in, &r->mint_in) ||
        !dv_pubkey_parse(ask->token_out, &r->mint_out))
        return no(r, "the ask's mints are none");
    if (!is_allowed_mint(r, &r->mint_in) || !is_allowed_mint(r, &r->mint_out)) return false;
    if (r->swap.exact_out != (ask->swap_mode == DV_EXACT_OUT))
        return no(r, "the other amount of its swap is exact than was asked for");
    if (r->swap.amount != ask->amount || r->swap.limit != ask->limit_amount)
        return no(r, "it swaps %llu with limit %llu, but %llu with limit %llu was asked for",
                  (unsigned long long)r->swap.amount, (unsigned long long)r->swap.limit,
                  (unsigned long long)ask->amount, (unsigned long long)ask->limit_amount);
    if (r->swap.limit == 0) return no(r, "its swap takes any output");
    if (!dv_pubkey_equal(&r->swap_owner, &r->policy->wallet))
        return no_key(r, "its swap is by another than the wallet:", &r->swap_owner);
    if (!is_own(r, &r->swap_in, &r->mint_in))
        return no_key(
            r, "its swap pays from an account that is not the wallet's for the mint:", &r->swap_in);
    return is_own(r, &r->swap_out, &r->mint_out) ||
           no_key(r, "its swap pays into an account that is not the wallet's for the mint:",
                  &r->swap_out);
}

/* The network's fee, rounded up. A fee that does not fit 64 bits is DV_LAMPORTS_MAX, which no policy
   allows. */
static dv_lamports fee_ceil(const reading *r)
{
    dv_u128 priority = ((dv_u128)r->price * r->units + MICRO - 1) / MICRO;
    dv_u128 fee = SIGNATURE_LAMPORTS + priority;
    return fee > UINT64_MAX ? DV_LAMPORTS_MAX : (dv_lamports){(uint64_t)fee};
}

/* The cost, if it is within what an order may cost. */
static bool count(reading *r, dv_signer_cost *ret_cost)
{
    dv_signer_cost cost = {.swaps = r->has_swap};
    dv_lamports beside = r->lamports;
    if (cost.swaps) {
        const dv_signer_rule *rule = rule_of(r->policy, &r->mint_in);
        const char *symbol = r->policy->tokens->tokens[rule - r->policy->rules].symbol;
        cost.token = (uint32_t)(rule - r->policy->rules);
        cost.atoms = r->swap.exact_out ? r->swap.limit : r->swap.amount;
        if (!rule->may_be_paid)
            return no(r, "no maximum is set for %s (signer_order_max, signer_day_max)", symbol);
        if (cost.atoms > rule->order_max)
            return no(r, "it pays %llu atoms of %s, more than the %llu of an order",
                      (unsigned long long)cost.atoms, symbol, (unsigned long long)rule->order_max);
        if (dv_pubkey_equal(&r->mint_in, &DV_MINT_WSOL))
            beside = dv_lamports_beyond(beside, (dv_lamports){cost.atoms});
    } else if (beside.count > 0) {
        return no(r, "it has no swap, and spends lamports");
    }
    if (!dv_lamports_add(beside, fee_ceil(r), &cost.lamports)) cost.lamports = DV_LAMPORTS_MAX;
    if (cost.lamports.count > r->policy->order_lamports_max.count)
        return no(r, "it costs up to %llu lamports beside the swap, more than the %llu of an order",
                  (unsigned long long)cost.lamports.count,
                  (unsigned long long)r->policy->order_lamports_max.count);
    *ret_cost = cost;
    return true;
}

dv_err dv_signer_policy_check(const dv_signer_policy *policy, const dv_sign_request *ask,
                              dv_signer_cost *ret_cost, char ret_why[DV_REASON_MAX])
{
    reading r = {.policy = policy, .ask = ask, .units = UNITS_MAX, .why = ret_why};
    bool takes_back = ask->amount == 0;
    if (!is_readable(&r)) return DV_SIGNER_REFUSED;
    if (takes_back && r.has_swap) {
        no(&r, "it swaps, though no swap was asked for");
        return DV_SIGNER_REFUSED;
    }
    if (!takes_back && !is_as_asked(&r)) return DV_SIGNER_REFUSED;
    return count(&r, ret_cost) ? DV_OK : DV_SIGNER_REFUSED;
}

/* ---- configuration ---------------------------------------------------------------------- */

/* Takes the next of the words that commas or spaces part; false at the end. */
static bool next_word(const char **text, dv_text *ret_word)
{
    *text += strspn(*text, ", ");
    *ret_word = (dv_text){*text, (uint32_t)strcspn(*text, ", ")};
    *text += ret_word->size;
    return ret_word->size > 0;
}

__attribute__((format(printf, 2, 3))) static dv_err bad(char *ret_why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ret_why, DV_REASON_MAX, format, args);
    va_end(args);
    return DV_CONFIG_INVALID;
}

/* A word for people, cut short. */
#define WORD(word) (int)((word).size < 44 ? (word).size : 44), (word).at

static dv_err read_mints(const char *text, dv_signer_policy *policy, char *ret_why)
{
    dv_text word;
    bool all = text[strspn(text, ", ")] == '\0';
    for (uint32_t i = 0; i < policy->tokens->count; i++) {
        policy->rules[i].allowed = all;
        if (!dv_pubkey_parse(dv_text_of(policy->tokens->tokens[i].mint), &policy->rules[i].mint))
            return bad(ret_why, "the mint of %s is none", policy->tokens->tokens[i].symbol);
    }
    while (next_word(&text, &word)) {
        const dv_token *token = dv_tokens_find(policy->tokens, word);
        if (token == NULL)
            return bad(ret_why, "signer_mints: %.*s is no token of tokens_file", WORD(word));
        policy->rules[token - policy->tokens->tokens].allowed = true;
    }
    return DV_OK;
}

static dv_err read_programs(const char *text, dv_signer_policy *policy, char *ret_why)
{
    dv_text word;
    while (next_word(&text, &word)) {
        dv_pubkey program;
        if (!dv_pubkey_parse(word, &program) || !dv_swap_is_program(&program))
            return bad(ret_why,
                       "signer_programs: %.*s is no venue's program whose swaps can be read",
                       WORD(word));
        if (policy->program_count == DV_SIGNER_PROGRAMS_MAX)
            return bad(ret_why, "signer_programs: more than %d", DV_SIGNER_PROGRAMS_MAX);
        policy->programs[policy->program_count++] = program;
    }
    return DV_OK;
}

/* One TOKEN=AMOUNT; TOKEN is * for all tokens that no other word names. */
static dv_err read_maximum(const char *key, dv_text word, const dv_tokens *tokens,
                           uint64_t ret_maxima[DV_TOKENS_MAX], bool ret_named[DV_TOKENS_MAX],
                           char *ret_why)
{
    const char *equals = memchr(word.at, '=', word.size);
    if (equals == NULL) return bad(ret_why, "%s: %.*s is not TOKEN=AMOUNT", key, WORD(word));
    dv_text name = {word.at, (uint32_t)(equals - word.at)};
    dv_text amount = {equals + 1, word.size - name.size - 1};
    const dv_token *token = dv_tokens_find(tokens, name);
    bool others = dv_text_is(name, "*");
    if (token == NULL && !others)
        return bad(ret_why, "%s: %.*s is no token of tokens_file", key, WORD(name));
    for (uint32_t i = 0; i < tokens->count; i++) {
        if (others ? ret_named[i] : &tokens->tokens[i] != token) continue;
        uint64_t atoms;
        if (dv_decimal_parse(amount, tokens->tokens[i].decimals, false, &atoms) != DV_DECIMAL_OK ||
            atoms == 0)
            return bad(ret_why, "%s: %.*s is no amount of %s", key, WORD(amount),
                       tokens->tokens[i].symbol);
        ret_maxima[i] = atoms;
        ret_named[i] = ret_named[i] || !others;
    }
    return DV_OK;
}

/* The maxima in atoms by token, 0 where there is none. */
static dv_err read_maxima(const char *key, const char *text, const dv_tokens *tokens,
                          uint64_t ret_maxima[DV_TOKENS_MAX], char *ret_why)
{
    bool named[DV_TOKENS_MAX] = {false};
    dv_text word;
    memset(ret_maxima, 0, DV_TOKENS_MAX * sizeof *ret_maxima);
    while (next_word(&text, &word)) {
        dv_err err = read_maximum(key, word, tokens, ret_maxima, named, ret_why);
        if (err) return err;
    }
    return DV_OK;
}

dv_err dv_signer_policy_init(const dv_signer_config *config, uint32_t attempts_max,
                             const dv_tokens *tokens, const dv_pubkey *wallet,
                             dv_signer_policy *ret_policy, char ret_why[DV_REASON_MAX])
{
    dv_signer_policy *p = ret_policy;
    uint64_t order_max[DV_TOKENS_MAX], day_max[DV_TOKENS_MAX];
    *p = (dv_signer_policy){.wallet = *wallet,
                            .tokens = tokens,
                            .order_lamports_max = {config->signer_order_lamports_max},
                            .day_lamports_max = {config->signer_day_lamports_max},
                            .attempts_max = attempts_max};
    dv_err err = read_mints(config->signer_mints, p, ret_why);
    if (err == DV_OK) err = read_programs(config->signer_programs, p, ret_why);
    if (err == DV_OK)
        err = read_maxima("signer_order_max", config->signer_order_max, tokens, order_max, ret_why);
    if (err == DV_OK)
        err = read_maxima("signer_day_max", config->signer_day_max, tokens, day_max, ret_why);
    if (err) return err;
    for (uint32_t i = 0; i < tokens->count; i++) {
        p->rules[i].order_max = order_max[i];
        p->rules[i].day_max = day_max[i];
        p->rules[i].may_be_paid = order_max[i] > 0 && day_max[i] > 0;
    }
    return DV_OK;
}
