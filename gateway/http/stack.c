#include "gateway/http/stack.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096u /* or a divisor of the page size */
#define KEPT_BYTES 2048u /* below our frame, for the calls of this function */

void dv_stack_release(void)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t end = (here - KEPT_BYTES) / PAGE_BYTES * PAGE_BYTES;
    if (end > (uintptr_t)low) madvise(low, end - (uintptr_t)low, MADV_DONTNEED);
}
