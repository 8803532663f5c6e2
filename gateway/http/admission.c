#include "gateway/http/admission.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define SHUT_FOR_NS (25 * DV_NS_PER_MS)

struct dv_admission {
    sem_t room;
    int64_t wait_ns;
    _Atomic int64_t shut_until_ns; /* monotonic */
};

dv_admission *dv_admission_new(uint32_t room, int64_t wait_ns)
{
    dv_admission *door = calloc(1, sizeof *door);
    if (door == NULL) abort();
    door->wait_ns = wait_ns;
    sem_init(&door->room, 0, room);
    return door;
}

void dv_admission_destroy(dv_admission **door)
{
    if (*door == NULL) return;
    sem_destroy(&(*door)->room);
    free(*door);
    *door = NULL;
}

bool dv_admission_enter(dv_admission *door, dv_time now)
{
    if (now.mono_ns < door->shut_until_ns) return false;
    if (sem_trywait(&door->room) == 0) return true;
    int64_t until_ns = now.mono_ns + door->wait_ns;
    struct timespec until = {until_ns / DV_NS_PER_S, until_ns % DV_NS_PER_S};
    int rc;
    while ((rc = sem_clockwait(&door->room, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR) {
    }
    return rc == 0;
}

void dv_admission_leave(dv_admission *door)
{
    sem_post(&door->room);
}

void dv_admission_shut(dv_admission *door, dv_time now)
{
    door->shut_until_ns = now.mono_ns + SHUT_FOR_NS;
}
