/* Patterns of file names: what they may hold, and the keys that they become. */
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "catalogue_private.h"

static const struct placeholder_row {
    const char *text;
    enum catalogue_placeholder which;
} PLACEHOLDERS[] = {
    {"{mac}", CATALOGUE_PLACEHOLDER_MAC},
    {"{model}", CATALOGUE_PLACEHOLDER_MODEL},
    {"{code}", CATALOGUE_PLACEHOLDER_CODE},
    {"{any}", CATALOGUE_PLACEHOLDER_ANY},
};

size_t catalogue_placeholder(const char *text, enum catalogue_placeholder *ret_which)
{
    for (size_t i = 0; i < AP_COUNT(PLACEHOLDERS); i++) {
        size_t len = strlen(PLACEHOLDERS[i].text);
        if (strncmp(text, PLACEHOLDERS[i].text, len) == 0) {
            *ret_which = PLACEHOLDERS[i].which;
            return len;
        }
    }
    return 0;
}

bool catalogue_is_wild_char(char c)
{
    return text_is_alnum(c) || c == '_' || c == '.' || c == '-';
}

/* A path's segments: none empty, none that a client would resolve. */
static bool has_good_segments(const char *pattern)
{
    for (const char *at = pattern;;) {
        size_t len = strcspn(at, "/");
        if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
            return false;
        if (at[len] == '\0')
            return true;
        at += len + 1;
    }
}

static int take_placeholder(enum catalogue_placeholder which, struct catalogue_pattern *holds,
                            const char **ret_why)
{
    if (which == CATALOGUE_PLACEHOLDER_MAC) {
        if (holds->has_mac) {
            *ret_why = "holds {mac} twice";
            return AP_EINVAL;
        }
        holds->has_mac = true;
        return 0;
    }
    if (holds->has_model || holds->has_code || holds->has_any) {
        *ret_why = "holds more than one of {model}, {code}, {any}";
        return AP_EINVAL;
    }
    holds->has_model = which == CATALOGUE_PLACEHOLDER_MODEL;
    holds->has_code = which == CATALOGUE_PLACEHOLDER_CODE;
    holds->has_any = which == CATALOGUE_PLACEHOLDER_ANY;
    return 0;
}

int catalogue_pattern_check(const char *pattern, struct catalogue_pattern *ret_holds,
                            const char **ret_why)
{
    struct catalogue_pattern holds = {0};

    if (!has_good_segments(pattern)) {
        *ret_why = "is no path: it is empty, begins or ends with '/', or has an empty, '.' or '..' "
                   "segment";
        return AP_EINVAL;
    }
    for (const char *at = pattern; *at;) {
        enum catalogue_placeholder which;
        size_t len = catalogue_placeholder(at, &which);
        if (len > 0) {
            int err = take_placeholder(which, &holds, ret_why);
            if (err)
                return err;
            at += len;
            continue;
        }
        if (*at == '{' || *at == '}') {
            *ret_why = "holds a brace that is none of {mac}, {model}, {code}, {any}";
            return AP_EINVAL;
        }
        if (*at <= ' ' || *at >= 0x7f || strchr("\\?#%\"", *at)) {
            *ret_why = "holds a character that no file name of a phone has";
            return AP_EINVAL;
        }
        at++;
    }
    *ret_holds = holds;
    return 0;
}

static size_t put_word(char *key, size_t used, const char *word)
{
    for (; *word; word++)
        key[used++] = text_lower(*word);
    return used;
}

const char *catalogue_pattern_key(struct arena *arena, const char *pattern,
                                  const struct catalogue_pattern *holds, const char *word)
{
    /* At most one placeholder becomes longer than it is written. */
    char *key = arena_alloc(arena, strlen(pattern) + strlen(word) + 1);
    size_t used = 0;

    if (!key)
        return NULL;
    for (const char *at = pattern; *at;) {
        enum catalogue_placeholder which;
        size_t len = catalogue_placeholder(at, &which);
        if (len == 0) {
            key[used++] = text_lower(*at++);
            continue;
        }
        at += len;
        if (which == CATALOGUE_PLACEHOLDER_MAC)
            key[used++] = CATALOGUE_WILD_MAC;
        else if (which == CATALOGUE_PLACEHOLDER_ANY)
            key[used++] = CATALOGUE_WILD_ANY;
        else if (which == CATALOGUE_PLACEHOLDER_MODEL && holds->has_mac)
            key[used++] = CATALOGUE_WILD_MODEL;
        else
            used = put_word(key, used, word);
    }
    return key;
}
