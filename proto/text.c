#include "proto/text.h"

#include <stddef.h>

/* Skips whole words of ASCII. The first other byte is in what is left. */
static const uint8_t *ascii_skip(const uint8_t *s, const uint8_t *end)
{
    uint64_t word;
    for (; end - s >= (ptrdiff_t)sizeof word; s += sizeof word) {
        memcpy(&word, s, sizeof word);
        if (word & 0x8080808080808080u) break;
    }
    return s;
}

bool dv_text_is_utf8(dv_text text)
{
    if (text.size == 0) return true;
    const uint8_t *s = (const uint8_t *)text.at, *end = s + text.size;
    s = ascii_skip(s, end);
    while (s < end) {
        uint8_t c = *s++;
        if (c < 0x80) continue;
        int more = c >= 0xc2 && c <= 0xdf   ? 1
                   : c >= 0xe0 && c <= 0xef ? 2
                   : c >= 0xf0 && c <= 0xf4 ? 3
                                            : 0;
        if (more == 0 || end - s < more) return false;
        uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        if (*s < low || *s > high) return false;
        for (s++; --more > 0; s++)
            if ((*s & 0xc0) != 0x80) return false;
    }
    return true;
}
