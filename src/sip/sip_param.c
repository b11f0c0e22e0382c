/* Parameters of header values: ";name=value" of Event, "name=value, …" of challenges. */
#include <string.h>

#include "autoprov/text.h"
#include "sip_private.h"

static const char *skip_blanks(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

/* RFC 3261, 25.1: token. */
static bool is_token_char(char c)
{
    return text_is_alnum(c) || (c != '\0' && strchr("-.!%*_+`'~", c));
}

/* Behind the closing quote; NULL: there is none. */
static const char *read_quoted(const char *at, struct sip_param *param)
{
    param->value = at + 1;
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && *++at == '\0')
            return NULL;
    }
    if (!*at)
        return NULL;
    param->value_len = (size_t)(at - param->value);
    param->quoted = true;
    return at + 1;
}

/* Whatever is no quote, up to the separator. */
static const char *read_bare(const char *at, char separator, struct sip_param *param)
{
    param->value = at;
    while (*at && *at != separator && *at != '"')
        at++;
    param->value_len = (size_t)(at - param->value);
    while (param->value_len > 0 && param->value[param->value_len - 1] == ' ')
        param->value_len--;
    return param->value_len > 0 ? at : NULL;
}

enum sip_param_found sip_param_next(const char **at, char separator, struct sip_param *ret_param)
{
    struct sip_param param = {0};
    const char *next = *at;

    while (*next == ' ' || *next == separator)
        next++;
    if (!*next)
        return SIP_PARAM_END;
    param.name = next;
    while (is_token_char(*next))
        next++;
    param.name_len = (size_t)(next - param.name);
    if (param.name_len == 0)
        return SIP_PARAM_BROKEN;
    next = skip_blanks(next);
    if (*next == '=') {
        next = skip_blanks(next + 1);
        next = *next == '"' ? read_quoted(next, &param) : read_bare(next, separator, &param);
        if (!next)
            return SIP_PARAM_BROKEN;
        next = skip_blanks(next);
    }
    if (*next && *next != separator)
        return SIP_PARAM_BROKEN;
    *at = next;
    *ret_param = param;
    return SIP_PARAM_FOUND;
}

bool sip_param_is(const struct sip_param *param, const char *name)
{
    return text_equal_nocase(param->name, param->name_len, name, strlen(name));
}

const char *sip_uri_begin(const char *value)
{
    bool quoted = false;

    for (const char *at = value; *at; at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (*at == '<' && !quoted)
            return at + 1;
    }
    return value;
}

const char *sip_param_copy(struct arena *arena, const struct sip_param *param)
{
    char *copy = arena_take(arena, param->value_len + 1);
    size_t len = 0;

    if (!copy)
        return NULL;
    for (size_t i = 0; i < param->value_len; i++) {
        if (param->quoted && param->value[i] == '\\')
            i++; /* never the last one: read_quoted() */
        copy[len++] = param->value[i];
    }
    copy[len] = '\0';
    return copy;
}
