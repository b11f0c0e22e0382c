/* Private: what both schemes begin with. */
#ifndef AUTOPROV_NET_AUTHORIZATION_PRIVATE_H
#define AUTOPROV_NET_AUTHORIZATION_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

/* The scheme in any case, and at least one blank. *ret_at: where its credentials begin. */
bool authorization_has_scheme(const char *text, size_t len, const char *scheme, size_t *ret_at);

#endif
