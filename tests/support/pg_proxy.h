/* A proxy in front of a test's PostgreSQL that can be made to lose what passes through it. */
#ifndef DV_TEST_PG_PROXY_H
#define DV_TEST_PG_PROXY_H

#include <pthread.h>
#include <stdbool.h>

#define PROXY_PAIRS 32

/* What becomes of the connections there are. */
typedef enum proxy_mode {
    PROXY_PASS,
    PROXY_DEAF,   /* the server gets what is asked, but its answers do not come back */
    PROXY_FROZEN, /* nothing passes, and nobody is told */
    PROXY_CUT,    /* they end */
} proxy_mode;

typedef struct proxy {
    int listener, port, server_port;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    proxy_mode mode[PROXY_PAIRS];
    int client[PROXY_PAIRS], server[PROXY_PAIRS]; /* sockets; client -1: free */
    bool end;
} proxy;

/* Listens on 127.0.0.1 and passes connections to a port there. */
void proxy_start(proxy *ret_proxy, int server_port);

/* Sets the mode of every connection there is now; later ones pass. */
void proxy_set(proxy *proxy, proxy_mode mode);

/* Ends every connection, and the thread. */
void proxy_stop(proxy *proxy);

#endif
