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
    dv_admission *admission = calloc(1, sizeof *admission);
    if (admission == NULL) abort();
    admission->wait_ns = wait_ns;
    sem_init(&admission->room, 0, room);
    return admission;
}

void dv_admission_destroy(dv_admission **admission)
{
    if (*admission == NULL) return;
    sem_destroy(&(*admission)->room);
    free(*admission);
    *admission = NULL;
}

bool dv_admission_enter(dv_admission *admission, dv_time now)
{
    if (now.mono_ns < admission->shut_until_ns) return false;
    if (sem_trywait(&admission->room) == 0) return true;
    int64_t until_ns = now.mono_ns + admission->wait_ns;
    struct timespec until = {until_ns / DV_NS_PER_S, until_ns % DV_NS_PER_S};
    int rc;
    while ((rc = sem_clockwait(&admission->room, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR) {
    }
    return rc == 0;
}

void dv_admission_leave(dv_admission *admission)
{
    sem_post(&admission->room);
}

void dv_admission_shut(dv_admission *admission, dv_time now)
{
    admission->shut_until_ns = now.mono_ns + SHUT_FOR_NS;
}
