#include "actors/signer/signer.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "actors/base/log.h"
#include "actors/signer/journal.h"
#include "actors/signer/key.h"
#include "actors/signer/policy.h"
#include "actors/solana/transaction.h"
#include "proto/amount.h"

#define STAGED_MAX 4096u
#define SIGNED_MAX 1000000u
#define DAY_US (24ll * 60 * 60 * 1000 * DV_US_PER_MS)
#define PORT DV_PORT(DV_LINK_sign, 0)

/* Which attempt, as a hash table's key: no padding. */
typedef struct attempt_key {
    uint8_t order_id[16];
    uint8_t attempt;
} attempt_key;

/* A message that was signed in the last 24 hours. */
typedef struct record {
    attempt_key key;
    bool hashed; /* in the table: it swaps */
    uint8_t hash[DV_MESSAGE_HASH_SIZE];
    int64_t at_us;  /* wall time */
    uint32_t token; /* its place in the table of tokens; UINT32_MAX: none, or not there any more */
    uint64_t atoms;
    dv_lamports lamports;
    struct record *prev, *next; /* by age */
    UT_hash_handle hh;
} record;

/* A message of this turn that the policy allows; it is signed once its line is on the disk. */
typedef struct staged {
    dv_peer peer;
    dv_id order_id;
    uint8_t attempt;
    record *fresh; /* what it added; NULL: it was signed before */
    uint32_t size;
    uint8_t message[DV_TRANSACTION_SIZE_MAX];
} staged;

typedef struct signer {
    const dv_tokens *tokens;
    char journal_file[DV_CONFIG_TEXT_MAX];
    char wallet[DV_BASE58_TEXT_SIZE]; /* empty: no key */
    dv_signer_key *key;               /* owned; NULL: none */
    dv_signer_policy *policy;         /* owned; NULL without a key */
    dv_err fault;                     /* found when it was made, told at the start */
    char fault_why[DV_REASON_MAX];
    dv_signer_journal *journal; /* owned */
    bool journal_away;
    record *by_attempt, *by_age; /* owned: the latter holds all */
    uint32_t record_count;
    dv_u128 day_atoms[DV_TOKENS_MAX]; /* of the records, by token */
    dv_u128 day_lamports;             /* of the records */
    staged *staged;                   /* owned: STAGED_MAX */
    uint32_t staged_count;
} signer;

/* ---- what was signed -------------------------------------------------------------------- */

static attempt_key key_of(const dv_id *order_id, uint8_t attempt)
{
    attempt_key key = {.attempt = attempt};
    memcpy(key.order_id, order_id->bytes, sizeof key.order_id);
    return key;
}

static record *record_find(const signer *s, const dv_id *order_id, uint8_t attempt)
{
    attempt_key key = key_of(order_id, attempt);
    record *found;
    HASH_FIND(hh, s->by_attempt, &key, sizeof key, found);
    return found;
}

static void record_add(signer *s, const record *like)
{
    record *made = malloc(sizeof *made);
    if (made == NULL) abort();
    *made = *like;
    DL_APPEND(s->by_age, made);
    if (made->hashed) HASH_ADD(hh, s->by_attempt, key, sizeof made->key, made);
    if (made->token < DV_TOKENS_MAX) s->day_atoms[made->token] += made->atoms;
    s->day_lamports += made->lamports.count;
    s->record_count++;
}

static void record_remove(signer *s, record *gone)
{
    if (gone->token < DV_TOKENS_MAX) s->day_atoms[gone->token] -= gone->atoms;
    s->day_lamports -= gone->lamports.count;
    s->record_count--;
    if (gone->hashed) HASH_DELETE(hh, s->by_attempt, gone);
    DL_DELETE(s->by_age, gone);
    free(gone);
}

/* Forgets what is a day old; returns when the next one will be. The monotonic clock is only for the
   loop: age is judged by the wall clock, the only one that the journal knows. */
static int64_t records_forget(signer *s, dv_time now)
{
    while (s->by_age != NULL && now.wall_us - s->by_age->at_us >= DAY_US)
        record_remove(s, s->by_age);
    if (s->by_age == NULL) return DV_NEVER;
    return now.mono_ns + (s->by_age->at_us + DAY_US - now.wall_us) * DV_NS_PER_US;
}

/* Takes a line of the journal over. */
static void on_line(void *context, const dv_signed *line)
{
    signer *s = context;
    const dv_token *token = dv_tokens_by_mint(s->tokens, dv_text_of(line->mint));
    record like = {.key = key_of(&line->order_id, line->attempt),
                   .hashed = *line->mint != '\0' &&
                             record_find(s, &line->order_id, line->attempt) == NULL,
                   .at_us = line->at_us,
                   .token = token ? (uint32_t)(token - s->tokens->tokens) : UINT32_MAX,
                   .atoms = line->atoms,
                   .lamports = line->lamports};
    memcpy(like.hash, line->hash, sizeof like.hash);
    record_add(s, &like);
}

/* ---- answers ---------------------------------------------------------------------------- */

static void refuse(const dv_peer *peer, const dv_id *order_id, uint64_t attempt, dv_err error,
                   const char *why, dv_outbox *outbox)
{
    dv_warn("not_signed", order_id, dv_kv_number("attempt", (int64_t)attempt),
            dv_kv_string("error", dv_err_name((uint16_t)error)), dv_kv_string("why", why));
    dv_send(outbox, PORT, peer,
            &(dv_message){.type = DV_MSG_sign_reply,
                          .sign_reply = {.order_id = *order_id,
                                         .attempt = attempt,
                                         .error = error,
                                         .error_text = dv_text_of(why)}});
}

static void sign(signer *s, const staged *one, dv_outbox *outbox)
{
    uint8_t bytes[1 + DV_SIGNATURE_SIZE + DV_TRANSACTION_SIZE_MAX] = {1}; /* one signature */
    char text[DV_BASE58_TEXT_SIZE];
    dv_signature signature = dv_signer_key_sign(s->key, one->message, one->size);
    memcpy(bytes + 1, signature.bytes, sizeof signature.bytes);
    memcpy(bytes + 1 + sizeof signature.bytes, one->message, one->size);
    dv_base58_encode(signature.bytes, sizeof signature.bytes, text);
    uint32_t size = 1 + (uint32_t)sizeof signature.bytes + one->size;
    dv_info("signed", &one->order_id, dv_kv_number("attempt", one->attempt),
            dv_kv_string("signature", text), dv_kv_string("anew", one->fresh ? "no" : "yes"));
    dv_send(outbox, PORT, &one->peer,
            &(dv_message){.type = DV_MSG_sign_reply,
                          .sign_reply = {.order_id = one->order_id,
                                         .attempt = one->attempt,
                                         .signature = dv_text_of(text),
                                         .transaction = {(const char *)bytes, size}}});
}

/* ---- asks ------------------------------------------------------------------------------- */

/* Whether a day's maxima leave room for a message. */
static dv_err day_check(const signer *s, const dv_signer_cost *cost, char *ret_why)
{
    const dv_signer_rule *rule = &s->policy->rules[cost->token];
    if (cost->swaps && s->day_atoms[cost->token] + cost->atoms > rule->day_max)
        snprintf(ret_why, DV_REASON_MAX, "with %llu more atoms of %s, 24 hours exceed their %llu",
                 (unsigned long long)cost->atoms, s->tokens->tokens[cost->token].symbol,
                 (unsigned long long)rule->day_max);
    else if (s->day_lamports + cost->lamports.count > s->policy->day_lamports_max.count)
        snprintf(ret_why, DV_REASON_MAX,
                 "with %llu more lamports of fees and rent, 24 hours exceed their %llu",
                 (unsigned long long)cost->lamports.count,
                 (unsigned long long)s->policy->day_lamports_max.count);
    else if (s->record_count >= SIGNED_MAX)
        snprintf(ret_why, DV_REASON_MAX, "%u messages were signed in 24 hours", SIGNED_MAX);
    else
        return DV_OK;
    return DV_SIGNER_LIMIT_REACHED;
}

static void stage(signer *s, const dv_envelope *envelope, record *fresh)
{
    const dv_sign_request *ask = &envelope->message.sign_request;
    staged *one = &s->staged[s->staged_count++];
    one->peer = envelope->peer;
    one->order_id = ask->order_id;
    one->attempt = (uint8_t)ask->attempt;
    one->fresh = fresh;
    one->size = ask->message.size;
    memcpy(one->message, ask->message.at, ask->message.size);
}

/* Counts a message that is about to be signed, and stages it. */
static void admit(signer *s, const dv_envelope *envelope, const dv_signer_cost *cost,
                  const uint8_t hash[DV_MESSAGE_HASH_SIZE], dv_time now)
{
    const dv_sign_request *ask = &envelope->message.sign_request;
    dv_signed line = {.at_us = now.wall_us,
                      .order_id = ask->order_id,
                      .attempt = (uint8_t)ask->attempt,
                      .atoms = cost->atoms,
                      .lamports = cost->lamports};
    memcpy(line.hash, hash, sizeof line.hash);
    if (cost->swaps) dv_text_copy(line.mint, sizeof line.mint, ask->token_in);
    dv_signer_journal_add(s->journal, &line);
    record like = {.key = key_of(&ask->order_id, (uint8_t)ask->attempt),
                   .hashed = cost->swaps,
                   .at_us = now.wall_us,
                   .token = cost->swaps ? cost->token : UINT32_MAX,
                   .atoms = cost->atoms,
                   .lamports = cost->lamports};
    memcpy(like.hash, hash, sizeof like.hash);
    record_add(s, &like);
    stage(s, envelope, s->by_age->prev); /* the list's head knows its tail */
}

/* Whether the message may be signed; stages it then. */
static dv_err consider(signer *s, const dv_envelope *envelope, dv_time now,
                       char ret_why[DV_REASON_MAX])
{
    const dv_sign_request *ask = &envelope->message.sign_request;
    dv_signer_cost cost;
    uint8_t hash[DV_MESSAGE_HASH_SIZE];
    if (s->key == NULL) return DV_SIGNER_NO_KEY;
    if (s->staged_count == STAGED_MAX) return DV_ENGINE_FULL;
    dv_err err = dv_signer_policy_check(s->policy, ask, &cost, ret_why);
    if (err) return err;
    crypto_hash_sha256(hash, (const uint8_t *)ask->message.at, ask->message.size);
    const record *before = NULL;
    if (cost.swaps) before = record_find(s, &ask->order_id, (uint8_t)ask->attempt);
    if (before != NULL && memcmp(before->hash, hash, sizeof hash) != 0) {
        snprintf(ret_why, DV_REASON_MAX, "it differs from what was signed for attempt %u before",
                 (unsigned)ask->attempt);
        return DV_SIGNER_CONFLICT;
    }
    if (before != NULL) {
        stage(s, envelope, NULL);
        return DV_OK;
    }
    err = day_check(s, &cost, ret_why);
    if (err == DV_OK) admit(s, envelope, &cost, hash, now);
    return err;
}

DV_HANDLER(signer, sign_request)
{
    char why[DV_REASON_MAX] = "";
    records_forget(self, now);
    dv_err err = consider(self, envelope, now, why);
    if (err) refuse(&envelope->peer, &message->order_id, message->attempt, err, why, outbox);
}

static dv_handler *const HANDLERS[DV_MSG_COUNT] = {[DV_MSG_sign_request] = on_sign_request};

/* ---- tick, start, new and destroy ------------------------------------------------------- */

/* What this turn admitted: on the disk first, then signed. */
static int64_t tick(void *actor, dv_time now, dv_outbox *outbox)
{
    signer *self = actor;
    if (self->staged_count > 0) {
        dv_err err = dv_signer_journal_commit(self->journal);
        self->journal_away = err != DV_OK;
        for (uint32_t i = 0; i < self->staged_count; i++) {
            const staged *one = &self->staged[i];
            if (err == DV_OK) {
                sign(self, one, outbox);
                continue;
            }
            refuse(&one->peer, &one->order_id, one->attempt, err, dv_err_text((uint16_t)err),
                   outbox);
            if (one->fresh) record_remove(self, one->fresh);
        }
        self->staged_count = 0;
    }
    return records_forget(self, now);
}

static dv_err start(void *actor, dv_time now, dv_outbox *outbox, char ret_why[DV_REASON_MAX])
{
    (void)outbox;
    signer *self = actor;
    if (self->fault) snprintf(ret_why, DV_REASON_MAX, "%s", self->fault_why);
    if (self->fault || self->key == NULL) return self->fault;
    dv_err err = dv_signer_journal_open(self->journal_file, now.wall_us - DAY_US + 1, on_line, self,
                                        &self->journal, ret_why);
    if (err == DV_OK)
        dv_info("signing_for", NULL, dv_kv_string("wallet", self->wallet),
                dv_kv_number("signed_in_24_h", self->record_count));
    return err;
}

static dv_health health(const void *actor)
{
    const signer *self = actor;
    if (!self->journal_away) return (dv_health){0};
    return (dv_health){.degraded = DV_SIGNER_JOURNAL_AWAY,
                       .text = "its journal cannot be written: nothing is signed"};
}

static void destroy(void **actor)
{
    if (actor == NULL || *actor == NULL) return;
    signer *self = *actor;
    while (self->by_age != NULL) record_remove(self, self->by_age);
    dv_signer_journal_close(&self->journal);
    dv_signer_key_destroy(&self->key);
    free(self->policy);
    free(self->staged);
    free(self);
    *actor = NULL;
}

/* Makes what a key needs: the policy, and room for a turn. */
static dv_err arm(signer *s, const dv_signer_config *config, uint32_t attempts_max)
{
    dv_pubkey wallet = dv_signer_key_wallet(s->key);
    dv_base58_encode(wallet.bytes, sizeof wallet.bytes, s->wallet);
    if (*config->wallet && strcmp(config->wallet, s->wallet) != 0) {
        snprintf(s->fault_why, DV_REASON_MAX, "wallet is %.44s, but the signer's key is that of %s",
                 config->wallet, s->wallet);
        return DV_CONFIG_INVALID;
    }
    s->policy = calloc(1, sizeof *s->policy);
    s->staged = calloc(STAGED_MAX, sizeof *s->staged);
    if (s->policy == NULL || s->staged == NULL) abort();
    return dv_signer_policy_init(config, attempts_max, s->tokens, &wallet, s->policy, s->fault_why);
}

void *dv_signer_new(const dv_signer_config *config, uint32_t attempts_max, const dv_tokens *tokens)
{
    static char nothing[1];
    signer *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    s->tokens = tokens;
    snprintf(s->journal_file, sizeof s->journal_file, "%s", config->signer_journal);
    char *text = getenv("PRIVATE_KEY");
    s->fault =
        dv_signer_key_load(config->signer_key_file, text ? text : nothing, &s->key, s->fault_why);
    unsetenv("PRIVATE_KEY");
    if (s->fault == DV_OK && s->key != NULL) s->fault = arm(s, config, attempts_max);
    return s;
}

const char *dv_signer_wallet(const void *self)
{
    return ((const signer *)self)->wallet;
}

const dv_actor_class DV_SIGNER_CLASS = {
    .name = "signer",
    .handlers = HANDLERS,
    .start = start,
    .tick = tick,
    .health = health,
    .destroy = destroy,
};
