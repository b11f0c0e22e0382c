/* HTTP credentials of phones. Knows no paths and no answers. */
#include "provision_auth.h"

#include <stdio.h>
#include <string.h>

static bool text_is(const struct gate_text *text, const char *word)
{
    return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

/* What is no Digest, or is not for our realm, is as good as nothing. */
static bool read_digest(const struct http_request *request, enum config_auth asked,
                        const struct auth_table *table, int64_t now_ms,
                        struct provision_credentials *credentials, bool *ret_stale)
{
    struct authorization_digest *digest = &credentials->digest;
    const char *text = request->authorization;

    if (authorization_read_digest(text, strlen(text), digest) != 0 ||
        !text_is(&digest->realm, AUTHORIZATION_REALM) ||
        (asked == CONFIG_AUTH_DIGEST_MD5 && digest->hash != AUTHORIZATION_MD5))
        return false;
    *ret_stale = !auth_table_is_fresh(table, digest->nonce.data, digest->nonce.len, now_ms);
    credentials->kind = PROVISION_DIGEST;
    credentials->is_for_this = text_is(&digest->uri, request->target);
    return !*ret_stale;
}

static bool read_basic(const struct http_request *request,
                       struct provision_credentials *credentials)
{
    const char *text = request->authorization;

    credentials->kind = PROVISION_BASIC;
    credentials->is_for_this = true;
    return authorization_read_basic(text, strlen(text), &credentials->basic) == 0;
}

int provision_auth_read(const struct http_request *request, enum config_auth asked,
                        const struct auth_table *table, int64_t now_ms, struct arena *arena,
                        const struct provision_credentials **ret_credentials, bool *ret_stale)
{
    struct provision_credentials *credentials;

    *ret_credentials = NULL;
    *ret_stale = false;
    if (asked == CONFIG_AUTH_NONE || !request->authorization || !request->authorization[0])
        return 0;
    credentials = arena_alloc(arena, sizeof(*credentials));
    if (!credentials)
        return AP_ENOMEM;
    credentials->method = request->method == GATE_HEAD ? "HEAD" : "GET";
    if (asked == CONFIG_AUTH_BASIC
            ? read_basic(request, credentials)
            : read_digest(request, asked, table, now_ms, credentials, ret_stale))
        *ret_credentials = credentials;
    return 0;
}

const char *provision_auth_user(const struct provision_credentials *credentials)
{
    switch (credentials->kind) {
    case PROVISION_BASIC:
        return credentials->basic.user;
    case PROVISION_DIGEST:
        return credentials->digest.user;
    case PROVISION_ASSUMED_RIGHT:
    case PROVISION_ASSUMED_WRONG:
        break;
    }
    return "";
}

bool provision_auth_is_right(const struct provision_credentials *credentials,
                             const struct store_auth *auth, const uint8_t mac[static AP_MAC_LEN])
{
    char mac_text[AP_MAC_TEXT_MAX];

    if (!auth->password)
        return false;
    if (credentials->kind == PROVISION_ASSUMED_RIGHT ||
        credentials->kind == PROVISION_ASSUMED_WRONG)
        return credentials->kind == PROVISION_ASSUMED_RIGHT;
    mac_format(mac, MAC_FORM_LOWER, mac_text);
    bool is_user = strcmp(provision_auth_user(credentials),
                          auth->user && auth->user[0] ? auth->user : mac_text) == 0;
    bool is_password = credentials->kind == PROVISION_BASIC
                           ? authorization_basic_matches(&credentials->basic, auth->password)
                           : authorization_digest_matches(&credentials->digest, credentials->method,
                                                          auth->password);
    return is_user && is_password && credentials->is_for_this;
}

static void digest_challenge(const char *algorithm, const char *nonce, bool stale,
                             char out[static HTTP_CHALLENGE_MAX])
{
    (void)snprintf(out, HTTP_CHALLENGE_MAX,
                   "Digest realm=\"" AUTHORIZATION_REALM
                   "\", qop=\"auth\", algorithm=%s, nonce=\"%s\"%s",
                   algorithm, nonce, stale ? ", stale=true" : ""); /* 154 bytes at most */
}

/* RFC 7616, 3.7: the strongest first. Phones know MD5, as a rule. */
int provision_auth_challenge(enum config_auth asked, struct auth_table *table, int64_t now_ms,
                             bool stale, struct provision_challenge *ret_challenge)
{
    char nonce[AUTH_NONCE_TEXT_MAX];

    if (asked == CONFIG_AUTH_BASIC) {
        (void)snprintf(ret_challenge->first, HTTP_CHALLENGE_MAX,
                       "Basic realm=\"" AUTHORIZATION_REALM "\", charset=\"UTF-8\""); /* 45 */
        ret_challenge->second[0] = '\0';
        return 0;
    }
    int err = auth_table_make_nonce(table, now_ms, nonce);
    if (err)
        return err;
    ret_challenge->second[0] = '\0';
    digest_challenge("MD5", nonce, stale, ret_challenge->first);
    if (asked == CONFIG_AUTH_DIGEST_MD5)
        return 0;
    memcpy(ret_challenge->second, ret_challenge->first, HTTP_CHALLENGE_MAX);
    digest_challenge("SHA-256", nonce, stale, ret_challenge->first);
    return 0;
}
