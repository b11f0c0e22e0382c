/* Alphabets of single values: account names, paths, URLs. Knows neither files nor lines. */
#include "config_private.h"

#include <string.h>

#include "autoprov/address.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

#define TITLE_MAX_BYTES 64

static bool is_printable(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    }
    return true;
}

/* useradd(8): what Debian's NAME_REGEX lets pass. */
int config_check_account(const struct config_key *key, const char *text, struct ap_error *reason)
{
    bool valid = (text[0] >= 'a' && text[0] <= 'z') || text[0] == '_';

    (void)key; /* the check's type wants it */
    for (const char *c = text; valid && *c; c++)
        valid = (*c >= 'a' && *c <= 'z') || text_is_digit(*c) || *c == '_' || *c == '-';
    if (!valid)
        return ap_error_set(reason, AP_EINVAL,
                            "must be an account name: a-z, 0-9, '_' and '-', a letter first");
    return 0;
}

int config_check_path(const struct config_key *key, const char *text, struct ap_error *reason)
{
    (void)key; /* the check's type wants it */
    if (text[0] != '/' || !is_printable(text))
        return ap_error_set(reason, AP_EINVAL, "must be an absolute path");
    return 0;
}

/* systemd.exec(5), credentials: a name is a file name in one folder. */
int config_check_path_or_name(const struct config_key *key, const char *text,
                              struct ap_error *reason)
{
    (void)key; /* the check's type wants it */
    if (!is_printable(text) || (text[0] != '/' && strchr(text, '/')) || strcmp(text, ".") == 0 ||
        strcmp(text, "..") == 0 || strcmp(text, "-") == 0)
        return ap_error_set(reason, AP_EINVAL,
                            "must be an absolute path or the name of a systemd credential");
    return 0;
}

/* RFC 3986, 2.3: only characters that no client rewrites. */
static bool is_unreserved(char c)
{
    return text_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int config_check_prefix(const struct config_key *key, const char *text, struct ap_error *reason)
{
    bool valid = text[0] == '/';
    const char *segment = text;

    (void)key; /* the check's type wants it */
    while (valid && *segment == '/') {
        const char *end = ++segment;
        while (is_unreserved(*end))
            end++;
        size_t len = (size_t)(end - segment);
        valid = len > 0 && strncmp(segment, "..", len) != 0;
        segment = end;
    }
    if (!valid || *segment)
        return ap_error_set(reason, AP_EINVAL,
                            "must begin with '/', must not end with it, and has letters, digits, "
                            "'-', '.', '_' or '~' between slashes");
    return 0;
}

/* RFC 1123, 2.1. A name whose last label is all digits would be read as an IPv4 address. */
static bool is_host_name(const char *host, size_t len)
{
    size_t label = 0;
    bool digits_only = true;

    if (len == 0 || len > AP_HOST_MAX_BYTES || host[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        if (c == '.') {
            if (label == 0 || host[i - 1] == '-')
                return false;
            label = 0;
            digits_only = true;
            continue;
        }
        if ((!text_is_alnum(c) && c != '-') || (c == '-' && label == 0) || ++label > 63)
            return false;
        digits_only = digits_only && text_is_digit(c);
    }
    return label > 0 && !digits_only;
}

bool config_is_host(const char *host, size_t len)
{
    char text[AP_ADDRESS_TEXT_MAX];
    struct address address;
    bool brackets = len > 2 && host[0] == '[' && host[len - 1] == ']';

    if (is_host_name(host, len))
        return true;
    if (brackets) {
        host++;
        len -= 2;
    }
    if (len >= sizeof(text))
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    /* A zone ("%eth0") means nothing to a phone. */
    if (strchr(text, '%') || address_parse(text, &address) != 0)
        return false;
    return brackets == (strchr(text, ':') != NULL);
}

int config_check_public_url(const struct config_key *key, const char *text, struct ap_error *reason)
{
    const char *scheme = strstr(text, "://");
    uint64_t port;

    (void)key; /* the check's type wants it */
    /* Which of the two it must be depends on the listener (config_rules.c). */
    if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
        return ap_error_set(reason, AP_EINVAL, "must begin with https://");
    const char *host = scheme + strlen("://");
    size_t rest = strcspn(host, "/?#@");
    if (host[rest])
        return ap_error_set(reason, AP_EINVAL,
                            "must be https://HOST or https://HOST:PORT: '%c' and what follows does "
                            "not belong here",
                            host[rest]);
    const char *colon = strrchr(host, ':');
    const char *bracket = strrchr(host, ']');
    if (colon && bracket && colon < bracket)
        colon = NULL;
    if (!config_is_host(host, colon ? (size_t)(colon - host) : rest))
        return ap_error_set(reason, AP_EINVAL,
                            "must name a host: a DNS name, an IPv4 address, or an IPv6 address in "
                            "brackets");
    if (colon && text_parse_u64(colon + 1, strlen(colon + 1), 1, 65535, &port) != 0)
        return ap_error_set(reason, AP_EINVAL, "must have a port from 1 to 65535 after ':'");
    return 0;
}

bool config_title_is_valid(const char *title)
{
    size_t len = strlen(title);

    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum(title[i]) && !strchr("._-", title[i]))
            return false;
    }
    return len > 0 && len <= TITLE_MAX_BYTES;
}

void config_error_one_line(struct ap_error *error)
{
    for (char *c = error ? error->text : NULL; c && *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}
