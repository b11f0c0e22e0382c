/* MAC addresses. */
#include "autoprov/mac.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "autoprov/text.h"

static bool is_separator(char c)
{
    return c == ':' || c == '-' || c == '.';
}

int mac_parse(const char *text, size_t len, uint8_t ret_mac[static AP_MAC_LEN])
{
    static const uint8_t ZERO[AP_MAC_LEN];
    char digits[2 * AP_MAC_LEN];
    uint8_t mac[AP_MAC_LEN];

    if (len == 2 * AP_MAC_LEN) {
        memcpy(digits, text, sizeof(digits));
    } else if (len == 3 * AP_MAC_LEN - 1 && is_separator(text[2])) {
        for (size_t i = 0; i < AP_MAC_LEN; i++) {
            if (i > 0 && text[3 * i - 1] != text[2])
                return AP_ESYNTAX;
            digits[2 * i] = text[3 * i];
            digits[2 * i + 1] = text[3 * i + 1];
        }
    } else {
        return AP_ESYNTAX;
    }
    int err = text_unhex(digits, sizeof(digits), mac);
    if (err)
        return err;
    /* The group bit, IEEE 802-2014, 8.2. */
    if ((mac[0] & 1) != 0 || memcmp(mac, ZERO, sizeof(mac)) == 0)
        return AP_EINVAL;
    memcpy(ret_mac, mac, sizeof(mac));
    return 0;
}

void mac_format(const uint8_t mac[static AP_MAC_LEN], enum mac_form form,
                char ret_text[static AP_MAC_TEXT_MAX])
{
    static const char LOWER[] = "0123456789abcdef";
    static const char UPPER[] = "0123456789ABCDEF";
    bool upper = form == MAC_FORM_UPPER || form == MAC_FORM_UPPER_COLON;
    bool colons = form == MAC_FORM_LOWER_COLON || form == MAC_FORM_UPPER_COLON;
    const char *digits = upper ? UPPER : LOWER;
    char *out = ret_text;

    for (size_t i = 0; i < AP_MAC_LEN; i++) {
        if (colons && i > 0)
            *out++ = ':';
        *out++ = digits[mac[i] >> 4];
        *out++ = digits[mac[i] & 15];
    }
    *out = '\0';
}
