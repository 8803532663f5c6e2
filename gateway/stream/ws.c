#include "gateway/stream/ws.h"

#include <civetweb.h>
#include <string.h>

#define CODE_SIZE 2 /* bytes of a close frame's code */

static bool ws_write(void *to, const char *bytes, size_t size)
{
    return mg_websocket_write(to, MG_WEBSOCKET_OPCODE_TEXT, bytes, size) == (int)size;
}

/* civetweb's own thread ends the connection: as soon as the client answers, or at its next look. */
static void ws_close(void *to, uint16_t code, const char *reason)
{
    char payload[CODE_SIZE + DV_CLOSE_REASON_SIZE];
    size_t size = strnlen(reason, DV_CLOSE_REASON_SIZE);
    payload[0] = (char)(code >> 8);
    payload[1] = (char)(code & 0xff);
    memcpy(payload + CODE_SIZE, reason, size);
    mg_websocket_write(to, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, payload, CODE_SIZE + size);
}

static void ws_end(void *to)
{
    mg_disable_connection_keep_alive(to);
}

const dv_sink DV_WS_SINK = {.write = ws_write, .close = ws_close, .end = ws_end};

void dv_ws_answer_close(struct mg_connection *connection, const char *payload, size_t size)
{
    size_t answer_size = size < CODE_SIZE ? 0 : CODE_SIZE;
    mg_websocket_write(connection, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, payload, answer_size);
}
