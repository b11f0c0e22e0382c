/* Which certificates serve a client, by the name that it asks for (RFC 6066, 3) and the names that
 * they hold (RFC 6125). Must not know files or connections. */
#include <openssl/x509v3.h>
#include <string.h>

#include "tls_private.h"

/* A name that stands for those under a wildcard. */
#define WILDCARD_SAMPLE "autoprov"

#define KEY_TYPES       2

static size_t type_of(const struct tls_pair *pair)
{
    return pair->key_type == EVP_PKEY_RSA ? 0 : 1;
}

static bool holds(const struct tls_pair *pair, const char *name, unsigned flags)
{
    return X509_check_host(pair->leaf, name, strlen(name), flags, NULL) == 1;
}

/* An exact name goes before a wildcard, of equals the earlier certificate. */
unsigned tls_names_match(const struct tls_pair *pairs, size_t count, const char *name)
{
    static const unsigned PASSES[] = {X509_CHECK_FLAG_NO_WILDCARDS,
                                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS};
    bool is_found[KEY_TYPES] = {false};
    unsigned chosen = 0;

    /* To X509_check_host(3) that would be a whole domain. */
    if (name[0] == '.')
        return 0;
    for (size_t pass = 0; pass < sizeof(PASSES) / sizeof(PASSES[0]); pass++) {
        for (size_t i = 0; i < count; i++) {
            if (is_found[type_of(&pairs[i])] || !holds(&pairs[i], name, PASSES[pass]))
                continue;
            is_found[type_of(&pairs[i])] = true;
            chosen |= 1U << i;
        }
    }
    return chosen;
}

/* The nth DNS name of a certificate, or when it has none its CN, as text. False: there is no such,
 * or it cannot be one. */
static bool name_at(const GENERAL_NAMES *names, const X509 *leaf, int nth,
                    char ret_name[static TLS_NAME_MAX])
{
    const ASN1_STRING *text = NULL;
    bool has_dns = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        has_dns = true;
        if (nth-- == 0)
            text = name->d.dNSName;
    }
    if (!has_dns && nth == 0) {
        const X509_NAME *subject = X509_get_subject_name(leaf);
        int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
        if (at >= 0)
            text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    }
    if (!text)
        return false;
    size_t len = (size_t)ASN1_STRING_length(text);
    if (len >= TLS_NAME_MAX)
        len = 0; /* no name that a client could ask for */
    memcpy(ret_name, ASN1_STRING_get0_data(text), len);
    ret_name[len] = '\0';
    return true;
}

/* "*.x" becomes a name that it holds. False: none that a client could ask for. */
static bool make_sample(const char *name, char ret_sample[static TLS_NAME_MAX])
{
    bool is_wildcard = strncmp(name, "*.", 2) == 0;
    size_t used = is_wildcard ? strlen(WILDCARD_SAMPLE) : 0;

    if (!name[0] || used + strlen(name) >= TLS_NAME_MAX)
        return false;
    memcpy(ret_sample, WILDCARD_SAMPLE, used);
    memcpy(ret_sample + used, name + is_wildcard, strlen(name + is_wildcard) + 1);
    return true;
}

bool tls_names_sample(const struct tls_pair *pairs, size_t count, size_t index,
                      char ret_name[static TLS_NAME_MAX])
{
    const X509 *leaf = pairs[index].leaf;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool is_found = false;
    char name[TLS_NAME_MAX];

    for (int nth = 0; !is_found && name_at(names, leaf, nth, name); nth++)
        is_found =
            make_sample(name, ret_name) && (tls_names_match(pairs, count, ret_name) & 1U << index);
    GENERAL_NAMES_free(names);
    return is_found;
}

bool tls_names_matter(const struct tls_pair *pairs, size_t count)
{
    unsigned by_default = tls_names_default(pairs, count);
    bool matter = false;
    char name[TLS_NAME_MAX], sample[TLS_NAME_MAX];

    for (size_t i = 0; i < count; i++) {
        GENERAL_NAMES *names = X509_get_ext_d2i(pairs[i].leaf, NID_subject_alt_name, NULL, NULL);
        for (int nth = 0; !matter && name_at(names, pairs[i].leaf, nth, name); nth++)
            matter =
                make_sample(name, sample) && tls_names_match(pairs, count, sample) != by_default;
        GENERAL_NAMES_free(names);
    }
    return matter;
}

/* Does other hold a name of pair's? */
static bool holds_one_of(const struct tls_pair *other, const struct tls_pair *pair)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(pair->leaf, NID_subject_alt_name, NULL, NULL);
    bool is_found = false;
    char name[TLS_NAME_MAX];

    for (int nth = 0; !is_found && name_at(names, pair->leaf, nth, name); nth++)
        is_found = holds(other, name, X509_CHECK_FLAG_NO_WILDCARDS) ||
                   holds(other, name, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    for (int i = 0; !is_found && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *item = sk_GENERAL_NAME_value(names, i);
        is_found = item->type == GEN_IPADD &&
                   X509_check_ip(other->leaf, ASN1_STRING_get0_data(item->d.iPAddress),
                                 (size_t)ASN1_STRING_length(item->d.iPAddress), 0) == 1;
    }
    GENERAL_NAMES_free(names);
    return is_found;
}

unsigned tls_names_default(const struct tls_pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (type_of(&pairs[i]) != type_of(&pairs[0]) &&
            (holds_one_of(&pairs[i], &pairs[0]) || holds_one_of(&pairs[0], &pairs[i])))
            return 1U | 1U << i;
    }
    return 1U;
}
