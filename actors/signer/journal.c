#include "actors/signer/journal.h"
#include "proto/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256

struct dv_signer_journal {
    int fd;
    off_t size;      /* bytes that are known to be on the disk, whole lines */
    bool dirty;      /* something may follow them */
    dv_buffer added; /* for the next commit */
};

/* ---- a line ----------------------------------------------------------------------------- */

static void line_write(const dv_signed *line, dv_buffer *to)
{
    char text[LINE_MAX_BYTES], order[DV_ID_TEXT_SIZE], hash[2 * DV_MESSAGE_HASH_SIZE + 1];
    dv_id_format(&line->order_id, order);
    sodium_bin2hex(hash, sizeof hash, line->hash, sizeof line->hash);
    int size = snprintf(text, sizeof text, "%" PRId64 " %s %u %s %s %" PRIu64 " %" PRIu64 "\n",
                        line->at_us, order, line->attempt, hash, *line->mint ? line->mint : "-",
                        line->atoms, line->lamports.count);
    dv_buffer_add(to, text, (size_t)size);
}

/* Reads a line without its end; true only for what line_write writes, to the byte. */
static bool line_read(const char *text, size_t size, dv_signed *ret_line)
{
    char copy[LINE_MAX_BYTES], order[DV_ID_TEXT_SIZE], hash[2 * DV_MESSAGE_HASH_SIZE + 1];
    dv_signed line = {0};
    unsigned attempt;
    if (size >= sizeof copy) return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (sscanf(copy, "%" SCNd64 " %36s %3u %64s %44s %" SCNu64 " %" SCNu64, &line.at_us, order,
               &attempt, hash, line.mint, &line.atoms, &line.lamports.count) != 7 ||
        attempt > UINT8_MAX || !dv_id_parse(dv_text_of(order), &line.order_id) ||
        sodium_hex2bin(line.hash, sizeof line.hash, hash, strlen(hash), NULL, NULL, NULL) != 0)
        return false;
    line.attempt = (uint8_t)attempt;
    if (strcmp(line.mint, "-") == 0) *line.mint = '\0';
    dv_buffer again = {0};
    line_write(&line, &again);
    bool same = again.size == size + 1 && memcmp(again.bytes, text, size) == 0;
    dv_buffer_fini(&again);
    if (same) *ret_line = line;
    return same;
}

/* ---- the file at the start -------------------------------------------------------------- */

static dv_err fail(char *ret_why, const char *file, const char *what)
{
    snprintf(ret_why, DV_REASON_MAX, "signer_journal %.90s: %.80s", file, what);
    return DV_START_FAILED;
}

static bool read_all(int fd, dv_buffer *to)
{
    char part[65536];
    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n == 0) return true;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        dv_buffer_add(to, part, (size_t)n);
    }
}

static bool write_all(int fd, const char *bytes, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, bytes, size, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* Hands out the lines that are young enough and keeps their bytes; what follows the last end of a
   line is dropped. False at a line that is none; ret_number is its number. */
static bool replay(const dv_buffer *all, int64_t oldest_us, dv_signed_reader *reader, void *context,
                   dv_buffer *ret_kept, unsigned *ret_number)
{
    *ret_number = 0;
    if (all->size == 0) return true;
    const char *at = all->bytes, *end = all->bytes + all->size, *newline;
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        dv_signed line;
        ++*ret_number;
        if (!line_read(at, (size_t)(newline - at), &line)) return false;
        if (line.at_us >= oldest_us) {
            reader(context, &line);
            dv_buffer_add(ret_kept, at, (size_t)(newline + 1 - at));
        }
        at = newline + 1;
    }
    return true;
}

/* Puts a file with only these bytes in the place of the old one; the new one's lock is held before
   it is there. -1, and the old one stays, on an error. */
static int replace(const char *file, const dv_buffer *kept)
{
    char made[4096];
    if (snprintf(made, sizeof made, "%s.new", file) >= (int)sizeof made) return -1;
    int fd = open(made, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_all(fd, kept->bytes, kept->size, 0) &&
        fsync(fd) == 0 && rename(made, file) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A name that is new, or now another file's, is on the disk once its folder is. */
static bool folder_sync(const char *file)
{
    char folder[4096];
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 1,
             slash ? file : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool well = fsync(fd) == 0;
    close(fd);
    return well;
}

/* Makes the file hold exactly these bytes, of `size` that it has. */
static bool keep_only(dv_signer_journal *journal, const char *file, size_t size,
                      const dv_buffer *kept, bool cut_off_only)
{
    if (kept->size != size && cut_off_only) {
        if (ftruncate(journal->fd, (off_t)kept->size) != 0 || fsync(journal->fd) != 0) return false;
    } else if (kept->size != size) {
        int fd = replace(file, kept);
        if (fd < 0) return false;
        close(journal->fd);
        journal->fd = fd;
    }
    journal->size = (off_t)kept->size;
    return folder_sync(file);
}

static dv_err load(dv_signer_journal *journal, const char *file, int64_t oldest_us,
                   dv_signed_reader *reader, void *context, char *ret_why)
{
    char what[100];
    dv_buffer all = {0}, kept = {0};
    unsigned number;
    dv_err err = DV_OK;
    if (!read_all(journal->fd, &all)) {
        err = fail(ret_why, file, strerror(errno));
    } else if (!replay(&all, oldest_us, reader, context, &kept, &number)) {
        snprintf(what, sizeof what, "line %u is none that was written here", number);
        err = fail(ret_why, file, what);
    } else {
        bool is_prefix = kept.size == 0 || memcmp(all.bytes, kept.bytes, kept.size) == 0;
        if (!keep_only(journal, file, all.size, &kept, is_prefix))
            err = fail(ret_why, file, strerror(errno));
    }
    dv_buffer_fini(&all);
    dv_buffer_fini(&kept);
    return err;
}

/* Takes the lock; false too when the file was replaced before we had it. */
static bool lock(int fd, const char *file)
{
    struct stat ours, named;
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &ours) == 0 && stat(file, &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

dv_err dv_signer_journal_open(const char *file, int64_t oldest_us, dv_signed_reader *reader,
                              void *context, dv_signer_journal **ret_journal,
                              char ret_why[DV_REASON_MAX])
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) return fail(ret_why, file, strerror(errno));
    dv_signer_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) abort();
    journal->fd = fd;
    dv_err err = lock(fd, file) ? load(journal, file, oldest_us, reader, context, ret_why)
                                : fail(ret_why, file, "another signer has it");
    if (err)
        dv_signer_journal_close(&journal);
    else
        *ret_journal = journal;
    return err;
}

/* ---- while it runs ---------------------------------------------------------------------- */

void dv_signer_journal_add(dv_signer_journal *journal, const dv_signed *line)
{
    line_write(line, &journal->added);
}

dv_err dv_signer_journal_commit(dv_signer_journal *journal)
{
    dv_buffer *added = &journal->added;
    size_t size = added->size;
    added->size = 0;
    if (size == 0) return DV_OK;
    /* What is left of a commit that failed must not follow this one's lines. */
    if (journal->dirty && ftruncate(journal->fd, journal->size) != 0) return DV_SIGNER_JOURNAL_AWAY;
    journal->dirty = true;
    if (write_all(journal->fd, added->bytes, size, journal->size) && fdatasync(journal->fd) == 0) {
        journal->size += (off_t)size;
        journal->dirty = false;
        return DV_OK;
    }
    journal->dirty = ftruncate(journal->fd, journal->size) != 0;
    return DV_SIGNER_JOURNAL_AWAY;
}

void dv_signer_journal_close(dv_signer_journal **journal)
{
    if (*journal == NULL) return;
    close((*journal)->fd);
    dv_buffer_fini(&(*journal)->added);
    free(*journal);
    *journal = NULL;
}
