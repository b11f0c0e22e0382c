/* Typed members of JSON bodies: what is not allowed is refused here, once. */
#include <stdio.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/address.h"
#include "autoprov/text.h"

static bool all_of(const char *text, size_t len, const char *others)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum(text[i]) && !strchr(others, text[i]))
            return false;
    }
    return true;
}

/* A path that ends in such a name would lead elsewhere (RFC 3986, 5.2.4). */
static bool is_dot_segment(const char *text, size_t len)
{
    return (len == 1 || len == 2) && memcmp(text, "..", len) == 0;
}

static bool has_no_controls(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            return false;
        /* C1 controls, U+0080 to U+009F in UTF-8. */
        if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
            return false;
    }
    return text_is_utf8(text, len);
}

static bool is_domain(const char *text, size_t len)
{
    return len > 0 && len <= AP_HOST_MAX_BYTES && text[0] != '-' && text[0] != '.' &&
           all_of(text, len, ".-");
}

static bool is_host(const char *text, size_t len)
{
    char copy[AP_HOST_MAX_BYTES + 1];
    struct address address;

    if (is_domain(text, len))
        return true;
    if (len > AP_HOST_MAX_BYTES)
        return false;
    /* "[2001:db8::1]", as in a SIP URI (RFC 3261, 25.1: IPv6reference). */
    if (len < 4 || text[0] != '[' || text[len - 1] != ']')
        return false;
    memcpy(copy, text + 1, len - 2);
    copy[len - 2] = '\0';
    return address_parse(copy, &address) == 0 && address.family == AF_INET6;
}

static bool is_host_with_port(const char *text, size_t len)
{
    const char *colon = memrchr(text, ':', len);
    const char *bracket = memrchr(text, ']', len);
    uint64_t port;

    if (!colon || (bracket && bracket > colon))
        return is_host(text, len);
    size_t host_len = (size_t)(colon - text);
    return is_host(text, host_len) &&
           text_parse_u64(colon + 1, len - host_len - 1, 1, 65535, &port) == 0;
}

int api_check_text(enum api_field_type type, const char *text, size_t len)
{
    switch (type) {
    case API_FIELD_NAME:
        if (len > AP_NAME_MAX_BYTES)
            return AP_ERANGE;
        return all_of(text, len, "._@-") && !is_dot_segment(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_TEXT:
        if (len > AP_TEXT_MAX_BYTES)
            return AP_ERANGE;
        return has_no_controls(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_DOMAIN:
        return is_domain(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_HOST:
        return is_host(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_PROXY:
        return is_host_with_port(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_SIP_USER:
        if (len > AP_NAME_MAX_BYTES)
            return AP_ERANGE;
        return all_of(text, len, "-_.~+*!") && !is_dot_segment(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_PASSWORD:
        if (len > AP_PASSWORD_MAX_BYTES)
            return AP_ERANGE;
        return has_no_controls(text, len) ? 0 : AP_EINVAL;
    case API_FIELD_TEMPLATE:
        return len > AP_TEMPLATE_MAX_BYTES ? AP_ERANGE : 0;
    case API_FIELD_RAW:
        return len > AP_CUSTOM_OPTIONS_MAX_BYTES ? AP_ERANGE : 0;
    case API_FIELD_NUMBER:
    case API_FIELD_BOOL:
    case API_FIELD_LIST:
    case API_FIELD_OBJECT:
        break;
    }
    return AP_EINVAL;
}

const char *api_rule_of(enum api_field_type type)
{
    switch (type) {
    case API_FIELD_NAME:
        return "letters, digits and ._@- only, 64 at most, and neither '.' nor '..'";
    case API_FIELD_TEXT:
        return "UTF-8 without control characters, 128 bytes at most";
    case API_FIELD_DOMAIN:
        return "a name or an IPv4 address; an IPv6 address goes into registrar_host";
    case API_FIELD_HOST:
        return "a host name or an address (IPv6 in brackets)";
    case API_FIELD_PROXY:
        return "a host name or an address, with an optional :port";
    case API_FIELD_SIP_USER:
        return "letters, digits and -_.~+*! only, 64 at most, and neither '.' nor '..'";
    case API_FIELD_PASSWORD:
        return "1 to 128 bytes of UTF-8 without control characters";
    case API_FIELD_TEMPLATE:
        return "a text of 262144 bytes at most";
    case API_FIELD_RAW:
        return "a string of 16384 bytes at most";
    case API_FIELD_NUMBER:
    case API_FIELD_BOOL:
    case API_FIELD_LIST:
    case API_FIELD_OBJECT:
        break;
    }
    return "";
}

/* The value is never quoted: it may be a secret. */
static int read_string(struct api_call *call, const struct api_field *field, const json_t *value)
{
    char pointer[API_POINTER_MAX];
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (field->may_be_null && json_is_null(value)) {
        *(const char **)field->target = NULL;
        return 0;
    }
    (void)snprintf(pointer, sizeof(pointer), "/%s", field->name); /* our own short names */
    if (!text)
        return api_problem(call, AP_EINVAL, pointer, "%s must be a string", field->name);
    /* jansson refuses \u0000 by default, so len and NUL agree. */
    if (len == 0 && !field->may_be_empty)
        return api_problem(call, AP_EINVAL, pointer, "%s must not be empty", field->name);
    int err = len > 0 ? api_check_text(field->type, text, len) : 0;
    if (err)
        return api_problem(call, err, pointer, "%s: %s", field->name, api_rule_of(field->type));
    *(const char **)field->target = text;
    return 0;
}

static int read_field(struct api_call *call, const struct api_field *field, json_t *value)
{
    char pointer[API_POINTER_MAX];

    (void)snprintf(pointer, sizeof(pointer), "/%s", field->name); /* our own short names */
    switch (field->type) {
    case API_FIELD_NUMBER:
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            (uint64_t)json_integer_value(value) < field->min ||
            (uint64_t)json_integer_value(value) > field->max)
            return api_problem(call, AP_ERANGE, pointer, "%s must be a number from %llu to %llu",
                               field->name, (unsigned long long)field->min,
                               (unsigned long long)field->max);
        *(uint64_t *)field->target = (uint64_t)json_integer_value(value);
        return 0;
    case API_FIELD_BOOL:
        if (!json_is_boolean(value))
            return api_problem(call, AP_EINVAL, pointer, "%s must be true or false", field->name);
        *(bool *)field->target = json_is_true(value);
        return 0;
    case API_FIELD_LIST:
        if (!json_is_array(value))
            return api_problem(call, AP_EINVAL, pointer, "%s must be a list", field->name);
        *(json_t **)field->target = value;
        return 0;
    case API_FIELD_OBJECT:
        if (!json_is_object(value))
            return api_problem(call, AP_EINVAL, pointer, "%s must be an object", field->name);
        *(json_t **)field->target = value;
        return 0;
    case API_FIELD_NAME:
    case API_FIELD_TEXT:
    case API_FIELD_DOMAIN:
    case API_FIELD_HOST:
    case API_FIELD_PROXY:
    case API_FIELD_SIP_USER:
    case API_FIELD_PASSWORD:
    case API_FIELD_RAW:
    case API_FIELD_TEMPLATE:
        break;
    }
    return read_string(call, field, value);
}

static const struct api_field *find_field(const struct api_field *fields, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

static int unknown_member(struct api_call *call, const char *name)
{
    char pointer[AP_NAME_MAX_BYTES + 2] = "";

    /* A plain name needs no escapes (RFC 6901, 3). */
    if (api_check_text(API_FIELD_NAME, name, strlen(name)) == 0)
        (void)snprintf(pointer, sizeof(pointer), "/%s", name); /* 64 bytes at most */
    return api_problem(call, AP_EINVAL, pointer, "unknown member in the body");
}

int api_read_fields(struct api_call *call, const struct api_field *fields, size_t count)
{
    const char *name;
    json_t *value;

    json_object_foreach(call->body, name, value)
    {
        const struct api_field *field = find_field(fields, count, name);
        if (!field)
            return unknown_member(call, name);
        int err = read_field(call, field, value);
        if (err)
            return err;
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && !json_object_get(call->body, fields[i].name))
            return api_problem(call, AP_EINVAL, NULL, "%s is missing", fields[i].name);
    }
    return 0;
}
