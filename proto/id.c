#include "proto/id.h"

dv_id dv_id_make(int64_t wall_us, const uint8_t random[10])
{
    dv_id id;
    uint64_t ms = (uint64_t)wall_us / 1000;
    for (int i = 0; i < 6; i++) id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    memcpy(id.bytes + 6, random, 10);
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

void dv_id_format(const dv_id *id, char ret_text[DV_ID_TEXT_SIZE])
{
    static const char HEX[] = "0123456789abcdef";
    char *out = ret_text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = HEX[id->bytes[i] >> 4];
        *out++ = HEX[id->bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool dv_id_parse(dv_text text, dv_id *ret_id)
{
    if (text.size != DV_ID_TEXT_SIZE - 1) return false;
    dv_id id;
    const char *in = text.at;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (*in++ != '-') return false;
        }
        int high = hex_digit(*in++), low = hex_digit(*in++);
        if (high < 0 || low < 0) return false;
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_id = id;
    return true;
}
