/* The value of Authorization: Digest. */
#include <string.h>

#include "autoprov/authorization.h"
#include "fuzz.h"

static void check_view(const struct gate_text *view, const char *text, size_t size)
{
    CHECK(view->len > 0 && view->data >= text && view->data + view->len <= text + size);
    CHECK(!memchr(view->data, '"', view->len) && !memchr(view->data, '\0', view->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct authorization_digest digest;
    /* Of exactly this size, so that address sanitizer sees one byte over. */
    char *copy = malloc(size > 0 ? size : 1);

    if (!copy)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    if (authorization_read_digest(copy, size, &digest) == 0) {
        CHECK(digest.user[0] && strlen(digest.user) <= AP_NAME_MAX_BYTES);
        CHECK(digest.count > 0 && digest.count_text.len == 8);
        CHECK(digest.response_len == (digest.hash == AUTHORIZATION_MD5 ? 16U : 32U));
        check_view(&digest.realm, copy, size);
        check_view(&digest.nonce, copy, size);
        check_view(&digest.uri, copy, size);
        check_view(&digest.cnonce, copy, size);
        (void)authorization_digest_matches(&digest, "GET", "password");
    }
    free(copy);
    return 0;
}
