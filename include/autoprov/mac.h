/* MAC addresses (EUI-48): parse once at the edge, format at the writer. */
#ifndef AUTOPROV_MAC_H
#define AUTOPROV_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

#define AP_MAC_LEN 6
/* "cc:5e:f6:41:b7:94" and a NUL: room for every form below. */
#define AP_MAC_TEXT_MAX 18

enum mac_form {
    MAC_FORM_LOWER,       /* cc5ef641b794, as stored */
    MAC_FORM_UPPER,       /* CC5EF641B794 */
    MAC_FORM_LOWER_COLON, /* cc:5e:f6:41:b7:94, as shown */
    MAC_FORM_UPPER_COLON, /* CC:5E:F6:41:B7:94 */
};

/* Twelve hex digits of any case, bare or in pairs with one kind of separator (':', '-' or '.')
 * throughout; nothing before or after. The group bit (a multicast address) and the zero address
 * are refused: no phone has them.
 * Errors: AP_ESYNTAX not of this form; AP_EINVAL multicast or zero. */
AP_MUSTCHECK int mac_parse(const char *text, size_t len, uint8_t ret_mac[static AP_MAC_LEN]);

/* NUL-terminated. */
void mac_format(const uint8_t mac[static AP_MAC_LEN], enum mac_form form,
                char ret_text[static AP_MAC_TEXT_MAX]);

#endif
