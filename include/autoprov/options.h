/* The JSON custom options: {"disable_auto_provision_security": true}. */
#ifndef AUTOPROV_OPTIONS_H
#define AUTOPROV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"

/* All false or zero is the default. */
struct options {
    bool disable_auto_provision_security; /* flat mode is on */
};

/* Parse text (len bytes, need not end in NUL). An empty string, or nothing but JSON white space,
 * means none: all defaults. Strict: one object, known names, right types, no duplicates, no
 * trailing text, AP_CUSTOM_OPTIONS_MAX_BYTES.
 * On error *ret_options is untouched and error reads "line L, column C: …".
 * Errors: AP_ESYNTAX, AP_EINVAL (unknown name, wrong type), AP_ERANGE, AP_ENOMEM. */
AP_MUSTCHECK int options_parse(const char *text, size_t len, struct options *ret_options,
                               struct ap_error *error);

#endif
