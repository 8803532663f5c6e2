/* Returns memory of a thread's stack to the kernel. */
#ifndef DV_GATEWAY_HTTP_STACK_H
#define DV_GATEWAY_HTTP_STACK_H

/* Returns the pages of the stack below the caller. For a thread of civetweb that may wait long for its
   client: there are as many threads as connections, and a handshake or an order reaches some 20 KiB
   deeper than the wait. */
void dv_stack_release(void);

#endif
