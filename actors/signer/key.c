#include "actors/signer/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct dv_signer_key {
    dv_pubkey wallet;
    dv_keypair *pair; /* of sodium_malloc: no access but while it signs */
};

static dv_err fail(char *ret_why, const char *what, const char *why)
{
    snprintf(ret_why, DV_REASON_MAX, "%.110s: %s", what, why);
    return DV_START_FAILED;
}

/* Memory that neither swaps nor is dumped, and that sodium_free wipes. NULL: it cannot be locked.
 */
static void *locked_new(size_t size)
{
    void *memory = sodium_malloc(size);
    if (memory == NULL) return NULL;
    if (sodium_mlock(memory, size) == 0) return memory;
    sodium_free(memory);
    return NULL;
}

/* Whether only this user, or root, could have written the file, and nobody else can read it. */
static const char *file_fault(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0) return strerror(errno);
    if (!S_ISREG(status.st_mode)) return "it is no plain file";
    if (status.st_mode & (S_IRWXG | S_IRWXO)) return "others than its owner may use it: chmod 600";
    if (status.st_uid != geteuid() && status.st_uid != 0) return "it belongs to another user";
    return NULL;
}

/* Reads the file's text into locked memory; ret_size: at most DV_KEY_FILE_TEXT_MAX + 1. */
static dv_err file_read(const char *file, char *to, uint32_t *ret_size, char *ret_why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(ret_why, file, strerror(errno));
    const char *fault = file_fault(fd);
    uint32_t size = 0;
    ssize_t n = 0;
    while (fault == NULL && size <= DV_KEY_FILE_TEXT_MAX &&
           (n = read(fd, to + size, DV_KEY_FILE_TEXT_MAX + 1 - size)) > 0)
        size += (uint32_t)n;
    if (n < 0) fault = strerror(errno);
    close(fd);
    if (fault != NULL) return fail(ret_why, file, fault);
    *ret_size = size;
    return DV_OK;
}

static dv_err parse(dv_text text, const char *origin, dv_signer_key **ret_key, char *ret_why)
{
    dv_signer_key *key = calloc(1, sizeof *key);
    if (key == NULL) abort();
    key->pair = locked_new(sizeof *key->pair);
    dv_err err = DV_OK;
    if (key->pair == NULL)
        err = fail(ret_why, origin, "memory for the key cannot be locked (ulimit -l)");
    else if (dv_keypair_parse(text, key->pair) != DV_OK)
        err =
            fail(ret_why, origin, "it holds no key: a JSON array of 64 bytes, seed and public key");
    if (err) {
        dv_signer_key_destroy(&key);
        return err;
    }
    key->wallet = dv_keypair_pubkey(key->pair);
    sodium_mprotect_noaccess(key->pair);
    *ret_key = key;
    return DV_OK;
}

dv_err dv_signer_key_load(const char *file, char *text, dv_signer_key **ret_key,
                          char ret_why[DV_REASON_MAX])
{
    dv_err err = DV_OK;
    uint32_t size = 0;
    if (*file != '\0') {
        char *memory = sodium_init() < 0 ? NULL : locked_new(DV_KEY_FILE_TEXT_MAX + 1);
        if (memory == NULL)
            err = fail(ret_why, file, "memory for the key cannot be locked (ulimit -l)");
        else
            err = file_read(file, memory, &size, ret_why);
        if (err == DV_OK) err = parse((dv_text){memory, size}, file, ret_key, ret_why);
        sodium_free(memory);
    } else if (*text != '\0') {
        err = parse(dv_text_of(text), "PRIVATE_KEY", ret_key, ret_why);
    } else {
        *ret_key = NULL;
    }
    sodium_memzero(text, strlen(text));
    return err;
}

dv_pubkey dv_signer_key_wallet(const dv_signer_key *key)
{
    return key->wallet;
}

dv_signature dv_signer_key_sign(dv_signer_key *key, const uint8_t *bytes, size_t size)
{
    sodium_mprotect_readonly(key->pair);
    dv_signature signature = dv_keypair_sign(key->pair, bytes, size);
    sodium_mprotect_noaccess(key->pair);
    return signature;
}

void dv_signer_key_destroy(dv_signer_key **key)
{
    if (*key == NULL) return;
    sodium_free((*key)->pair); /* wipes */
    free(*key);
    *key = NULL;
}
