/* QR codes (ISO/IEC 18004) as data: who draws them is no concern of the one who makes them. */
#ifndef AUTOPROV_QR_ROWS_H
#define AUTOPROV_QR_ROWS_H

#include <jansson.h>

#include "autoprov/err.h"

/* The symbol of text (bytes, error correction M, the smallest version that holds it): a list with a
 * string for each row from the top, a character for each module from the left, '1' dark and '0'
 * light. All rows have as many characters as there are rows: 21 to 177. The quiet zone of four
 * light modules is not in it.
 * text: a secret, if it is a provisioning URL; then so are the rows. *ret_rows: the caller's.
 * Errors: AP_EINVAL an empty text; AP_ERANGE longer than a symbol holds (2331 bytes); AP_ENOMEM.
 * Any thread. */
AP_MUSTCHECK int qr_rows_json(const char *text, json_t **ret_rows);

#endif
