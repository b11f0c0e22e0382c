/* The JSON custom options: names, types, and where in the text a fault is. Knows neither the conf
 * file nor the store. */
#include "autoprov/options.h"

#include <jansson.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "config_private.h"

#define NAME_SHOWN_MAX 64

/* One row per option: its place in struct options. All are booleans so far. */
static const struct option_row {
    const char *name;
    size_t offset;
} ROWS[] = {
    {"disable_auto_provision_security", offsetof(struct options, disable_auto_provision_security)},
};

struct position {
    int line, column; /* from 1; column in characters, as jansson counts */
};

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at;
}

/* Where the nth member (from 0) of the outer object begins. text is valid JSON: jansson has
 * read it, but tells no positions of members. */
static const char *find_member(const char *text, size_t len, size_t nth)
{
    int depth = 0;
    bool at_name = false;

    for (const char *at = text; at < text + len; at++) {
        if (*at == '"') {
            if (at_name && nth-- == 0)
                return at;
            at_name = false;
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            at_name = depth++ == 0;
        } else if (*at == '}' || *at == ']') {
            depth--;
        } else if (*at == ',' && depth == 1) {
            at_name = true;
        }
    }
    return text;
}

static struct position position_of(const char *text, const char *at)
{
    struct position position = {1, 1};

    for (; text < at; text++) {
        if (*text == '\n')
            position = (struct position){position.line + 1, 1};
        else if (((unsigned char)*text & 0xC0) != 0x80) /* not a UTF-8 continuation byte */
            position.column++;
    }
    return position;
}

static const struct option_row *find_row(const char *name)
{
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        if (strcmp(ROWS[i].name, name) == 0)
            return &ROWS[i];
    }
    return NULL;
}

static int read_members(const char *text, size_t len, json_t *object, struct options *ret_options,
                        struct ap_error *error)
{
    struct options options = {0};
    const char *name;
    json_t *value;
    size_t nth = 0;

    /* jansson keeps the order of the text. */
    json_object_foreach(object, name, value)
    {
        const struct option_row *row = find_row(name);
        if (!row || !json_is_boolean(value)) {
            struct position at = position_of(text, find_member(text, len, nth));
            if (!row)
                return ap_error_set(error, AP_EINVAL, "line %d, column %d: unknown option '%.*s'",
                                    at.line, at.column, NAME_SHOWN_MAX, name);
            return ap_error_set(error, AP_EINVAL, "line %d, column %d: '%s' must be true or false",
                                at.line, at.column, row->name);
        }
        *(bool *)((char *)&options + row->offset) = json_is_true(value);
        nth++;
    }
    *ret_options = options;
    return 0;
}

static int parse_failed(const json_error_t *failure, struct ap_error *error)
{
    if (json_error_code(failure) == json_error_out_of_memory)
        return ap_error_set(error, AP_ENOMEM, "line %d, column %d: %s", failure->line,
                            failure->column, ap_strerror(AP_ENOMEM));
    return ap_error_set(error, AP_ESYNTAX, "line %d, column %d: %s", failure->line, failure->column,
                        failure->text);
}

int options_parse(const char *text, size_t len, struct options *ret_options, struct ap_error *error)
{
    json_error_t failure;
    json_t *root = NULL;
    size_t blank = 0;
    int err;

    if (len > AP_CUSTOM_OPTIONS_MAX_BYTES)
        return ap_error_set(error, AP_ERANGE, "line 1, column 1: longer than %d bytes",
                            AP_CUSTOM_OPTIONS_MAX_BYTES);
    while (blank < len && strchr(" \t\r\n", text[blank]) && text[blank])
        blank++;
    if (blank == len) {
        *ret_options = (struct options){0};
        return 0;
    }
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &failure);
    if (!root)
        err = parse_failed(&failure, error);
    else if (!json_is_object(root))
        err = ap_error_set(error, AP_EINVAL, "line 1, column %zu: must be an object: { … }",
                           blank + 1);
    else
        err = read_members(text, len, root, ret_options, error);
    if (err)
        config_error_one_line(error);
    json_decref(root);
    return err;
}
