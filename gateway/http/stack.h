/* What a thread gives back before it waits: there are as many threads as connections. */
#ifndef DV_GATEWAY_HTTP_STACK_H
#define DV_GATEWAY_HTTP_STACK_H

/* For a thread of civetweb that may have no work for long: gives the kernel the pages of its stack
   below the caller. A handshake or an order reaches some 20 KiB deeper than the thread does while
   it waits for its client. */
void dv_stack_release(void);

#endif
