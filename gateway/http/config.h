/* The gateway's section: where clients come in, and their limits. */
#ifndef DV_GATEWAY_HTTP_CONFIG_H
#define DV_GATEWAY_HTTP_CONFIG_H

#include "actors/base/config.h"

#define DV_GATEWAY_CONFIG(N, B, T, S, E)                                                           \
    T(host, "127.0.0.1", "HOST", "Address to listen on. 0.0.0.0 listens on every IPv4 address.")   \
    N(port, 3000, 1, 65535, "", "PORT", "Port to listen on, for HTTP and WebSocket alike.")        \
    T(ui_dir, "gateway/ui", "", "Folder of the web page's files.")                                 \
    N(http_threads, 128, 4, 4096, "threads", "",                                                   \
      "HTTP requests served at once. Further requests wait.")                                      \
    N(websockets_max, 1000, 0, 20000, "", "",                                                      \
      "WebSockets open at once. Each one takes a thread. Further ones get 503.")                   \
    N(websocket_queue_max, 4096, 16, 1000000, "frames", "",                                        \
      "Frames that may wait for one slow WebSocket. When the queue is full, the socket closes "    \
      "with 4408 and the position to resume from.")                                                \
    N(websocket_ping_ms, 25000, 1000, 600000, "ms", "",                                            \
      "Silence after which a WebSocket is pinged. The ping detects clients that vanished.")        \
    N(request_timeout_ms, 10000, 100, 600000, "ms", "",                                            \
      "Time to receive a whole request, or to send a reply.")                                      \
    N(keep_alive_timeout_ms, 15000, 100, 600000, "ms", "",                                         \
      "Time that an idle HTTP connection stays open.")                                             \
    N(answer_timeout_ms, 5000, 100, 60000, "ms", "",                                               \
      "Time that a request waits for the engine. After this time the request gets 503.")           \
    N(rate_limit_per_second, 0, 0, 1000000, "orders", "",                                          \
      "Orders a second from one address. Orders beyond the rate get 429. 0 sets no limit.")        \
    N(rate_limit_burst, 100, 1, 1000000, "orders", "",                                             \
      "Orders that one address may send at once, above the rate.")                                 \
    B(broadcast, true, "",                                                                         \
      "Whether a WebSocket may show the orders of all clients. Turn this off when several "        \
      "tenants share the engine.")                                                                 \
    B(bind_upgrade, true, "",                                                                      \
      "Whether an upgrade right after a POST on the same connection follows that order. Turn "     \
      "this off behind a proxy that shares its connections among clients.")

typedef struct dv_gateway_config {
    DV_CONFIG_FIELDS(DV_GATEWAY_CONFIG)
} dv_gateway_config;

extern const dv_config_section DV_GATEWAY_SECTION;

#endif
