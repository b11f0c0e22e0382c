/* The MAC in what a phone says of itself: "MAC%3a0015651234AB", "MAC=…", "MAC…", bare. In raw text:
 * libosipparser2 takes "MAC:0015…" for a user and his password. */
#include <string.h>
#include <strings.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "sip_private.h"

#define BARE_LEN  (2 * AP_MAC_LEN)
#define PAIRS_LEN (3 * AP_MAC_LEN - 1)

static bool is_separator(char c)
{
    return c == ':' || c == '-' || c == '.';
}

/* "MAC" ends at that place. */
static bool is_after_word(const char *text, size_t at)
{
    return at >= 3 && strncasecmp(text + at - 3, "MAC", 3) == 0;
}

/* Not in the middle of a longer row of digits, or of pairs. */
static bool is_apart(const char *text, size_t len, size_t at, size_t mac_len)
{
    bool pairs = mac_len == PAIRS_LEN;

    if (at > 0 && !is_after_word(text, at)) {
        char before = text[at - 1];
        if (text_is_alnum(before) ||
            (pairs && is_separator(before) && !is_after_word(text, at - 1)))
            return false;
    }
    if (at + mac_len == len)
        return true;
    char behind = text[at + mac_len];
    return !text_is_alnum(behind) && !(pairs && is_separator(behind) && at + mac_len + 1 < len &&
                                       text_is_hex(text[at + mac_len + 1]));
}

bool sip_mac_of_text(const char *text, size_t len, uint8_t ret_mac[static AP_MAC_LEN])
{
    bool found = false;

    for (size_t at = 0; at + BARE_LEN <= len; at++) {
        size_t mac_len = is_separator(text[at + 2]) ? PAIRS_LEN : BARE_LEN;
        if (at + mac_len <= len && is_apart(text, len, at, mac_len) &&
            mac_parse(text + at, mac_len, ret_mac) == 0)
            found = true;
    }
    return found;
}

/* The URI's user, between its scheme and '@'; of a name-addr that of the URI in it. */
static bool find_user(const char *text, const char **ret_user, size_t *ret_len)
{
    text = sip_uri_begin(text);
    const char *colon = strchr(text, ':');
    const char *at = memchr(text, '@', strcspn(text, ">"));

    if (!colon || !at || colon > at)
        return false;
    *ret_user = colon + 1;
    *ret_len = (size_t)(at - colon) - 1;
    return true;
}

bool sip_mac_of_uri(const char *text, uint8_t ret_mac[static AP_MAC_LEN])
{
    char plain[AP_SIP_DATAGRAM_MAX_BYTES];
    const char *user;
    size_t len, plain_len = 0;

    if (!find_user(text, &user, &len) || len > sizeof(plain))
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte;
        if (user[i] == '%' && i + 2 < len && text_unhex(user + i + 1, 2, &byte) == 0) {
            plain[plain_len++] = (char)byte;
            i += 2;
        } else {
            plain[plain_len++] = user[i];
        }
    }
    return sip_mac_of_text(plain, plain_len, ret_mac);
}
