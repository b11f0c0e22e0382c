/* The value of Authorization: Basic. */
#include <string.h>

#include "autoprov/authorization.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct authorization_basic basic;
    /* Of exactly this size, so that address sanitizer sees one byte over. */
    char *copy = malloc(size > 0 ? size : 1);

    if (!copy)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    if (authorization_read_basic(copy, size, &basic) == 0) {
        CHECK(basic.user[0] && !strchr(basic.user, ':'));
        CHECK(strlen(basic.user) <= AP_NAME_MAX_BYTES);
        CHECK(strlen(basic.password) <= AP_PASSWORD_MAX_BYTES);
        CHECK(authorization_basic_matches(&basic, basic.password));
    }
    free(copy);
    return 0;
}
