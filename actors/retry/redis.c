/* The schedule in Redis: two sorted sets with wall times in microseconds as scores, and two hashes
   beside them. Every command is one script, so that whatever is killed in between, an entry is due
   or leased and never neither. */
#include <assert.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <signal.h>

#include "actors/retry/redis_url.h"
#include "actors/retry/schedule.h"

#define ANSWER_TIMEOUT_NS                                                                          \
    (2000 * DV_NS_PER_MS) /* without any answer, until the connection is lost */
#define BACK_OFF_LEAST_NS (250 * DV_NS_PER_MS)
#define BACK_OFF_MOST_NS (5000 * DV_NS_PER_MS)
#define COMMANDS_MAX 10000 /* unanswered; more are dropped, the sweep and leases make up for it */
#define HAND_OUTS_MAX 5    /* of an entry that nobody takes over, until it is left to the sweep */

#define MEMBER_SIZE (DV_ID_TEXT_SIZE + 4) /* "<order id>:<attempt>" */
#define KEY_COUNT 4
#define HEAD_COUNT (3 + KEY_COUNT) /* EVALSHA, script, number of keys, keys */
#define ARGUMENTS_MAX (HEAD_COUNT + 1 + 3 * DV_SWEEP_MAX)
#define TEXTS_MAX (DV_SWEEP_MAX * (MEMBER_SIZE + 21) + 128) /* bytes of formatted arguments */

/* In the scripts' order: member → due time, member → end of its lease, member → peer to tell,
   member → times handed out. */
static const char *const KEYS[KEY_COUNT] = {"drover:retry:due", "drover:retry:leased",
                                            "drover:retry:peers", "drover:retry:handed"};

typedef enum script_name { ARM, FORGET, TAKE, SCRIPT_COUNT } script_name;

static const char *const SCRIPTS[SCRIPT_COUNT] = {
    /* ARGV: "1" if only lost ones, then member, due time, peer of each. The peer always counts: an
       order's owner may have changed. */
    [ARM] = "local due, leased, peers, handed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]\n"
            "for i = 2, #ARGV, 3 do\n"
            "  local member = ARGV[i]\n"
            "  local known = ARGV[1] == '1' and (redis.call('ZSCORE', due, member)\n"
            "                                    or redis.call('ZSCORE', leased, member))\n"
            "  if not known then\n"
            "    redis.call('ZREM', leased, member)\n"
            "    redis.call('HDEL', handed, member)\n"
            "    redis.call('ZADD', due, ARGV[i + 1], member)\n"
            "  end\n"
            "  redis.call('HSET', peers, member, ARGV[i + 2])\n"
            "end\n",
    /* ARGV: the member. */
    [FORGET] = "redis.call('ZREM', KEYS[1], ARGV[1])\n"
               "redis.call('ZREM', KEYS[2], ARGV[1])\n"
               "redis.call('HDEL', KEYS[3], ARGV[1])\n"
               "redis.call('HDEL', KEYS[4], ARGV[1])\n",
    /* ARGV: now, end of the new leases, most entries, most hand-outs. Returns the next due time,
       the next end of a lease, then member and peer of each. */
    [TAKE] = "local due, leased, peers, handed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]\n"
             "local function until_now(set)\n"
             "  return redis.call('ZRANGEBYSCORE', set, '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])\n"
             "end\n"
             "local function first(set)\n"
             "  return redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2] or ''\n"
             "end\n"
             "for _, member in ipairs(until_now(leased)) do\n"
             "  redis.call('ZREM', leased, member)\n"
             "  local times = tonumber(redis.call('HGET', handed, member) or 0)\n"
             "  if times < tonumber(ARGV[4]) then\n"
             "    redis.call('ZADD', due, ARGV[1], member)\n"
             "  else\n"
             "    redis.call('HDEL', handed, member)\n"
             "    redis.call('HDEL', peers, member)\n"
             "  end\n"
             "end\n"
             "local reply = {'', ''}\n"
             "for _, member in ipairs(until_now(due)) do\n"
             "  redis.call('ZREM', due, member)\n"
             "  redis.call('ZADD', leased, ARGV[2], member)\n"
             "  redis.call('HINCRBY', handed, member, 1)\n"
             "  reply[#reply + 1] = member\n"
             "  reply[#reply + 1] = redis.call('HGET', peers, member) or ''\n"
             "end\n"
             "reply[1], reply[2] = first(due), first(leased)\n"
             "return reply\n",
};

/* The arguments of one command. */
typedef struct arguments {
    int count;
    const char *at[ARGUMENTS_MAX];
    size_t size[ARGUMENTS_MAX];
    size_t texts_size; /* bytes used of texts */
    char texts[TEXTS_MAX];
} arguments;

typedef enum state {
    AWAY,     /* until connect_at_ns */
    GREETING, /* connecting, or the password, database and PING are not answered yet */
    WORKING,
} state;

typedef struct redis_schedule {
    dv_schedule schedule;
    const dv_retry_config *config;
    dv_redis_url url;
    char digests[SCRIPT_COUNT][41]; /* SHA-1 of each script, in hex */

    state state;
    redisAsyncContext *context; /* NULL in AWAY; hiredis frees it after an error */
    bool reads, writes;         /* what hiredis waits for */
    int64_t now_ns;             /* monotonic, of the call under way */
    int64_t connect_at_ns, back_off_ns;
    uint32_t unanswered;     /* commands */
    int64_t answer_since_ns; /* the last answer, or the first command after it */
    char fault[DV_REASON_MAX];

    bool has_taken;
    int64_t next_us;
    uint32_t taken_count;
    dv_schedule_entry taken[DV_SCHEDULE_TAKE_MAX];
    arguments arguments; /* of the command being made */
} redis_schedule;

/* A script on its way: what is sent again, in full, if Redis does not know its digest. */
typedef struct call {
    redis_schedule *owner;
    script_name script;
    char *in_full; /* the same command as EVAL; NULL once that was sent */
    int in_full_size;
} call;

/* ---- the connection ------------------------------------------------------------------------ */

static redis_schedule *self_of(dv_schedule *schedule)
{
    return (redis_schedule *)(void *)schedule;
}

/* Gives the connection up. hiredis answers what is unanswered with NULL. */
static void lose(redis_schedule *self, const char *why)
{
    redisAsyncContext *context = self->context;
    snprintf(self->fault, sizeof self->fault, "%.64s:%u: %.120s", self->url.host, self->url.port,
             why);
    self->state = AWAY;
    self->context = NULL;
    self->reads = self->writes = false;
    self->unanswered = 0;
    self->has_taken = false;
    self->connect_at_ns = self->now_ns + self->back_off_ns;
    self->back_off_ns = dv_min_i64(self->back_off_ns * 2, BACK_OFF_MOST_NS);
    if (context != NULL) redisAsyncFree(context);
}

/* hiredis's wishes; privdata is self. */
static void read_on(void *self)
{
    ((redis_schedule *)self)->reads = true;
}

static void read_off(void *self)
{
    ((redis_schedule *)self)->reads = false;
}

static void write_on(void *self)
{
    ((redis_schedule *)self)->writes = true;
}

static void write_off(void *self)
{
    ((redis_schedule *)self)->writes = false;
}

/* hiredis frees the context: our doing when it was given up before, otherwise its own. */
static void context_gone(void *privdata)
{
    redis_schedule *self = privdata;
    redisAsyncContext *context = self->context;
    if (context == NULL) return;
    self->context = NULL;
    lose(self, context->c.err != 0 ? context->c.errstr : "the connection was closed");
}

static void sent(redis_schedule *self)
{
    if (self->unanswered++ == 0) self->answer_since_ns = self->now_ns;
}

static void answered(redis_schedule *self)
{
    self->unanswered--;
    self->answer_since_ns = self->now_ns;
}

static void on_greeting(redisAsyncContext *context, void *reply, void *privdata)
{
    redis_schedule *self = privdata;
    const redisReply *r = reply;
    if (r == NULL || self->context != context) return;
    answered(self);
    if (r->type == REDIS_REPLY_ERROR) {
        lose(self, r->str);
    } else if (self->unanswered == 0) {
        self->state = WORKING;
        self->back_off_ns = BACK_OFF_LEAST_NS;
    }
}

static void greet_with(redis_schedule *self, int count, const char **words)
{
    if (self->context == NULL) return;
    if (redisAsyncCommandArgv(self->context, on_greeting, self, count, words, NULL) == REDIS_OK)
        sent(self);
    else
        lose(self, "hiredis took no command");
}

/* The scripts are loaded beforehand, since one that is sent again in full is overtaken by those
   behind it. The PING tells a server that still loads its data, or wants a password, from one that
   works. */
static void greet(redis_schedule *self)
{
    const dv_redis_url *url = &self->url;
    char database[12];
    snprintf(database, sizeof database, "%u", url->database);
    if (*url->user != '\0')
        greet_with(self, 3, (const char *[]){"AUTH", url->user, url->password});
    else if (*url->password != '\0')
        greet_with(self, 2, (const char *[]){"AUTH", url->password});
    if (url->database != 0) greet_with(self, 2, (const char *[]){"SELECT", database});
    for (int i = 0; i < SCRIPT_COUNT; i++)
        greet_with(self, 3, (const char *[]){"SCRIPT", "LOAD", SCRIPTS[i]});
    greet_with(self, 1, (const char *[]){"PING"});
}

static void begin_connecting(redis_schedule *self)
{
    redisAsyncContext *context = redisAsyncConnect(self->url.host, self->url.port);
    if (context == NULL || context->err != 0) {
        char why[128];
        snprintf(why, sizeof why, "%s", context ? context->c.errstr : "out of memory");
        if (context != NULL) redisAsyncFree(context);
        lose(self, why);
        return;
    }
    context->ev.data = self;
    context->ev.addRead = read_on;
    context->ev.delRead = read_off;
    context->ev.addWrite = write_on;
    context->ev.delWrite = write_off;
    context->ev.cleanup = context_gone;
    self->context = context;
    self->state = GREETING;
    greet(self);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void call_free(call *c)
{
    if (c->in_full != NULL) redisFreeCommand(c->in_full);
    free(c);
}

static void argument_add(arguments *a, const void *at, size_t size)
{
    assert(a->count < ARGUMENTS_MAX);
    a->at[a->count] = at;
    a->size[a->count++] = size;
}

static void argument_number(arguments *a, int64_t number)
{
    char *text = a->texts + a->texts_size;
    size_t left = sizeof a->texts - a->texts_size;
    int n = snprintf(text, left, "%lld", (long long)number);
    assert(n > 0 && (size_t)n < left);
    argument_add(a, text, (size_t)n);
    a->texts_size += (size_t)n;
}

static void argument_member(arguments *a, const dv_id *order_id, uint8_t attempt)
{
    char *text = a->texts + a->texts_size, id[DV_ID_TEXT_SIZE];
    size_t left = sizeof a->texts - a->texts_size;
    dv_id_format(order_id, id);
    int n = snprintf(text, left, "%s:%u", id, attempt);
    assert(n > 0 && (size_t)n < left);
    argument_add(a, text, (size_t)n);
    a->texts_size += (size_t)n;
}

/* Empties the arguments and leaves room for EVALSHA and the script. */
static arguments *arguments_begin(redis_schedule *self)
{
    arguments *a = &self->arguments;
    a->texts_size = 0;
    a->count = 2;
    argument_number(a, KEY_COUNT);
    for (int i = 0; i < KEY_COUNT; i++) argument_add(a, KEYS[i], strlen(KEYS[i]));
    return a;
}

static void arguments_name(arguments *a, const char *command, const char *script)
{
    a->at[0] = command;
    a->size[0] = strlen(command);
    a->at[1] = script;
    a->size[1] = strlen(script);
}

static void on_script(redisAsyncContext *context, void *reply, void *privdata);

/* Sends the script whose arguments were put together. */
static void script_send(redis_schedule *self, script_name script)
{
    arguments *a = &self->arguments;
    call *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    *c = (call){.owner = self, .script = script};
    arguments_name(a, "EVAL", SCRIPTS[script]);
    c->in_full_size = redisFormatCommandArgv(&c->in_full, a->count, a->at, a->size);
    if (c->in_full_size < 0) abort();
    arguments_name(a, "EVALSHA", self->digests[script]);
    if (redisAsyncCommandArgv(self->context, on_script, c, a->count, a->at, a->size) == REDIS_OK) {
        sent(self);
        return;
    }
    call_free(c);
    lose(self, "hiredis took no command");
}

/* Sends a call again with its script's text, once. */
static void call_in_full(redisAsyncContext *context, call *c)
{
    char *command = c->in_full;
    c->in_full = NULL;
    if (redisAsyncFormattedCommand(context, on_script, c, command, (size_t)c->in_full_size) ==
        REDIS_OK)
        sent(c->owner);
    else
        call_free(c);
    redisFreeCommand(command);
}

static bool takes_commands(const redis_schedule *self)
{
    return self->state == WORKING && self->unanswered < COMMANDS_MAX;
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool member_parse(const redisReply *r, dv_schedule_entry *ret_entry)
{
    const uint32_t id_size = DV_ID_TEXT_SIZE - 1;
    if (r->type != REDIS_REPLY_STRING || r->len <= id_size + 1 || r->str[id_size] != ':')
        return false;
    char *end;
    unsigned long attempt = strtoul(r->str + id_size + 1, &end, 10);
    if (*end != '\0' || attempt > UINT8_MAX) return false;
    ret_entry->attempt = (uint8_t)attempt;
    return dv_id_parse((dv_text){r->str, id_size}, &ret_entry->order_id);
}

/* A score as Redis prints it: a whole number, or nothing for an empty set. */
static int64_t score_parse(const redisReply *r)
{
    if (r->type != REDIS_REPLY_STRING || r->len == 0) return DV_NEVER;
    return strtoll(r->str, NULL, 10);
}

/* Members that are not ours are leased like all, handed out to nobody, and so end by themselves. */
static void take_answered(redis_schedule *self, const redisReply *r)
{
    self->has_taken = true;
    self->taken_count = 0;
    self->next_us = DV_NEVER;
    if (r->type != REDIS_REPLY_ARRAY || r->elements < 2) return;
    self->next_us = dv_min_i64(score_parse(r->element[0]), score_parse(r->element[1]));
    for (size_t i = 2; i + 1 < r->elements && self->taken_count < DV_SCHEDULE_TAKE_MAX; i += 2) {
        dv_schedule_entry entry = {0};
        const redisReply *peer = r->element[i + 1];
        if (!member_parse(r->element[i], &entry)) continue;
        if (peer->type == REDIS_REPLY_STRING && peer->len <= sizeof entry.peer.bytes) {
            entry.peer.size = (uint8_t)peer->len;
            memcpy(entry.peer.bytes, peer->str, peer->len);
        }
        self->taken[self->taken_count++] = entry;
    }
}

/* The answer to a script. A server that refuses one (it became a replica, its disk is full) is
   worth no more than one that is gone. */
static void on_script(redisAsyncContext *context, void *reply, void *privdata)
{
    call *c = privdata;
    redis_schedule *self = c->owner;
    const redisReply *r = reply;
    if (r == NULL || self->context != context) {
        call_free(c);
        return;
    }
    answered(self);
    bool refused = r->type == REDIS_REPLY_ERROR;
    if (refused && c->in_full != NULL && strncmp(r->str, "NOSCRIPT", 8) == 0) {
        call_in_full(context, c);
        return;
    }
    if (refused)
        lose(self, r->str);
    else if (c->script == TAKE)
        take_answered(self, r);
    call_free(c);
}

/* ---- the schedule's functions -------------------------------------------------------------- */

static dv_err redis_start(dv_schedule *schedule, dv_time now, char ret_why[DV_REASON_MAX])
{
    redis_schedule *self = self_of(schedule);
    dv_err error = dv_redis_url_parse(self->config->redis_url, &self->url, ret_why);
    if (error != DV_OK) return error;
    for (int i = 0; i < SCRIPT_COUNT; i++) {
        zdigest_t *digest = zdigest_new();
        if (digest == NULL) abort();
        zdigest_update(digest, (const byte *)SCRIPTS[i], strlen(SCRIPTS[i]));
        for (size_t k = 0; k < zdigest_size(digest); k++)
            snprintf(&self->digests[i][2 * k], 3, "%02x", zdigest_data(digest)[k]);
        zdigest_destroy(&digest);
    }
    /* hiredis writes without MSG_NOSIGNAL. */
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    self->now_ns = now.mono_ns;
    begin_connecting(self);
    return DV_OK;
}

static const char *redis_fault(const dv_schedule *schedule)
{
    const redis_schedule *self = (const redis_schedule *)(const void *)schedule;
    return self->state == WORKING ? NULL : self->fault;
}

static void redis_arm(dv_schedule *schedule, const dv_schedule_entry *entries, uint32_t count,
                      bool only_lost, dv_time now)
{
    redis_schedule *self = self_of(schedule);
    self->now_ns = now.mono_ns;
    assert(count <= DV_SWEEP_MAX);
    if (count == 0 || !takes_commands(self)) return;
    arguments *a = arguments_begin(self);
    argument_number(a, only_lost);
    for (uint32_t i = 0; i < count; i++) {
        argument_member(a, &entries[i].order_id, entries[i].attempt);
        argument_number(a, entries[i].due_us);
        argument_add(a, entries[i].peer.bytes, entries[i].peer.size);
    }
    script_send(self, ARM);
}

static void redis_forget(dv_schedule *schedule, const dv_id *order_id, uint8_t attempt, dv_time now)
{
    redis_schedule *self = self_of(schedule);
    self->now_ns = now.mono_ns;
    if (!takes_commands(self)) return;
    argument_member(arguments_begin(self), order_id, attempt);
    script_send(self, FORGET);
}

static void redis_take(dv_schedule *schedule, dv_time now)
{
    redis_schedule *self = self_of(schedule);
    self->now_ns = now.mono_ns;
    if (self->state != WORKING) return; /* never held back: its answer is waited for */
    arguments *a = arguments_begin(self);
    argument_number(a, now.wall_us);
    argument_number(a, now.wall_us + self->config->retry_lease_ms * DV_US_PER_MS);
    argument_number(a, DV_SCHEDULE_TAKE_MAX);
    argument_number(a, HAND_OUTS_MAX);
    script_send(self, TAKE);
}

static bool redis_taken(dv_schedule *schedule, dv_schedule_taken *ret_taken)
{
    redis_schedule *self = self_of(schedule);
    if (!self->has_taken) return false;
    self->has_taken = false;
    *ret_taken = (dv_schedule_taken){self->taken, self->taken_count, self->next_us};
    return true;
}

static int64_t redis_tick(dv_schedule *schedule, dv_time now)
{
    redis_schedule *self = self_of(schedule);
    self->now_ns = now.mono_ns;
    if (self->unanswered > 0 && now.mono_ns >= self->answer_since_ns + ANSWER_TIMEOUT_NS)
        lose(self, "it does not answer");
    if (self->state == AWAY && now.mono_ns >= self->connect_at_ns) begin_connecting(self);
    if (self->state == AWAY) return self->connect_at_ns;
    return self->unanswered > 0 ? self->answer_since_ns + ANSWER_TIMEOUT_NS : DV_NEVER;
}

static uint32_t redis_watch(dv_schedule *schedule, dv_watch ret_watches[DV_WATCH_MAX])
{
    const redis_schedule *self = self_of(schedule);
    if (self->context == NULL || !(self->reads || self->writes)) return 0;
    ret_watches[0] = (dv_watch){self->context->c.fd, self->reads, self->writes};
    return 1;
}

/* Either step may lose the connection, or hiredis may free it. */
static void redis_ready(dv_schedule *schedule, dv_watch watch, dv_time now)
{
    redis_schedule *self = self_of(schedule);
    self->now_ns = now.mono_ns;
    if (watch.readable && self->context != NULL) redisAsyncHandleRead(self->context);
    if (watch.writable && self->context != NULL) redisAsyncHandleWrite(self->context);
}

static void redis_destroy(dv_schedule **schedule)
{
    if (schedule == NULL || *schedule == NULL) return;
    redis_schedule *self = self_of(*schedule);
    lose(self, "closed");
    free(self);
    *schedule = NULL;
}

static const dv_schedule_class REDIS_CLASS = {
    .start = redis_start,
    .fault = redis_fault,
    .arm = redis_arm,
    .forget = redis_forget,
    .take = redis_take,
    .taken = redis_taken,
    .tick = redis_tick,
    .watch = redis_watch,
    .ready = redis_ready,
    .destroy = redis_destroy,
};

dv_schedule *dv_schedule_redis_new(const dv_retry_config *config)
{
    redis_schedule *self = calloc(1, sizeof *self);
    if (self == NULL) abort();
    self->schedule.class = &REDIS_CLASS;
    self->config = config;
    self->back_off_ns = BACK_OFF_LEAST_NS;
    return &self->schedule;
}
