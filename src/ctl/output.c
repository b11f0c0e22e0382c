/* Tables, JSON and one-line errors. Data to standard output, everything else to standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "ctl_private.h"

/* Longest cell: a public URL. */
#define CELL_MAX 512
/* More than any table has. */
#define COLUMNS_MAX 16

int ctl_fail(int code, const char *fmt, ...)
{
    va_list args;

    fputs("autoprovctl: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("\n", stderr);
    return code;
}

int ctl_exit_of(int err)
{
    switch (err) {
    case 0:
        return CTL_OK;
    case AP_ENOENT:
        return CTL_NOT_FOUND;
    case AP_EEXIST:
        return CTL_EXISTS;
    case AP_EPERM:
        return CTL_NOT_PERMITTED;
    case AP_EINVAL:
    case AP_ESYNTAX:
    case AP_ERANGE:
    case AP_ECORRUPT:
    case AP_ENEWER:
    case AP_EKEY:
        return CTL_INVALID;
    default:
        return CTL_FAILED;
    }
}

int ctl_finish(int code)
{
    bool is_whole = fflush(stdout) == 0 && !ferror(stdout);

    return is_whole ? code : ctl_fail(CTL_FAILED, "standard output cannot be written");
}

void ctl_print_json(const json_t *json)
{
    if (json && json_dumpf(json, stdout, JSON_INDENT(2)) == 0)
        fputs("\n", stdout);
}

static bool is_time(const char *key)
{
    size_t len = strlen(key);

    return strcmp(key, "at") == 0 || strcmp(key, "since") == 0 || strcmp(key, "enrol_until") == 0 ||
           (len > 3 && strcmp(key + len - 3, "_at") == 0);
}

static void format_time(json_int_t seconds, char *out, size_t room)
{
    time_t when = (time_t)seconds;
    struct tm parts;

    if (seconds == 0)
        (void)snprintf(out, room, "never"); /* room is CELL_MAX */
    else if (!localtime_r(&when, &parts) || strftime(out, room, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        (void)snprintf(out, room, "?");
}

/* "line 1: 1001@pbx, …" for lists of objects, "a, b" for lists of strings. */
static void format_list(const json_t *list, char *out, size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list) && used < room; i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = json_is_object(item)
                               ? json_string_value(json_object_get(item, "account"))
                               : json_string_value(item);
        int len = snprintf(out + used, room - used, "%s%s", i > 0 ? ", " : "", text ? text : "?");
        used += len > 0 ? (size_t)len : 0;
    }
}

static void format_cell(const json_t *object, const char *key, char *out, size_t room)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_integer(value) && is_time(key))
        format_time(json_integer_value(value), out, room);
    else if (json_is_integer(value))
        (void)snprintf(out, room, "%lld", (long long)json_integer_value(value)); /* 20 digits */
    else if (json_is_boolean(value))
        (void)snprintf(out, room, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        format_list(value, out, room);
    else
        (void)snprintf(out, room, "%s",
                       json_is_string(value) ? json_string_value(value) : ""); /* may be cut */
    /* What was refused as input cannot come back, but a terminal is easily fooled. */
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

/* Columns as a terminal counts them: continuation bytes of UTF-8 take none. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, int width, bool last)
{
    printf("%s", text);
    if (!last)
        printf("%*s", width - width_of(text) + 2, "");
}

static int width_of_column(const json_t *items, const struct ctl_column *column)
{
    char cell[CELL_MAX];
    int width = width_of(column->header);

    for (size_t i = 0; i < json_array_size(items); i++) {
        format_cell(json_array_get(items, i), column->key, cell, sizeof(cell));
        width = width_of(cell) > width ? width_of(cell) : width;
    }
    return width;
}

/* item NULL: the headers. */
static void print_row(const json_t *item, const struct ctl_column *columns,
                      const int widths[static COLUMNS_MAX])
{
    char cell[CELL_MAX];

    for (size_t i = 0; columns[i].key && i < COLUMNS_MAX; i++) {
        if (item)
            format_cell(item, columns[i].key, cell, sizeof(cell));
        print_cell(item ? cell : columns[i].header, widths[i], !columns[i + 1].key);
    }
    fputs("\n", stdout);
}

void ctl_print_table(const struct ctl_args *args, const json_t *items,
                     const struct ctl_column *columns)
{
    int widths[COLUMNS_MAX] = {0};

    if (args->json) {
        ctl_print_json(items);
        return;
    }
    for (size_t i = 0; columns[i].key && i < COLUMNS_MAX; i++)
        widths[i] = width_of_column(items, &columns[i]);
    for (size_t row = 0; row <= json_array_size(items); row++)
        print_row(row > 0 ? json_array_get(items, row - 1) : NULL, columns, widths);
}

void ctl_print_object(const struct ctl_args *args, const json_t *object,
                      const struct ctl_column *columns)
{
    char cell[CELL_MAX];

    if (args->json) {
        ctl_print_json(object);
        return;
    }
    for (const struct ctl_column *column = columns; column->key; column++) {
        format_cell(object, column->key, cell, sizeof(cell));
        printf("%-15s %s\n", column->header, cell);
    }
}

static int add(json_t *body, const char *member, json_t *value)
{
    if (json_object_set_new(body, member, value) == 0)
        return CTL_OK;
    return ctl_fail(CTL_FAILED, "out of memory");
}

static int add_text(json_t *body, const char *member, const char *text, size_t len)
{
    if (!text_is_utf8(text, len))
        return ctl_fail(CTL_INVALID, "%s: not UTF-8", member);
    return add(body, member, json_stringn(text, len));
}

int ctl_add_secret(const struct ctl_args *args, const char *option, const char *member,
                   bool required, json_t *body)
{
    const char *path = ctl_arg(args, option);
    struct secret secret = {0};
    struct ap_error error;

    if (!path)
        return required ? ctl_fail(CTL_USAGE, "--%s is missing (a file, or - for standard input)",
                                   option)
                        : CTL_OK;
    int err = file_read_secret(path, AP_SECRET_FILE_MAX_BYTES, true, &secret, &error);
    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    int code = secret.len > 0 ? add_text(body, member, (const char *)secret.bytes, secret.len)
                              : ctl_fail(CTL_INVALID, "%s: empty", path);
    secret_done(&secret);
    return code;
}

int ctl_add_string(const struct ctl_args *args, const char *option, const char *member,
                   json_t *body)
{
    const char *value = ctl_arg(args, option);

    return value ? add_text(body, member, value, strlen(value)) : CTL_OK;
}

int ctl_add_number(const struct ctl_args *args, const char *option, const char *member,
                   json_t *body)
{
    const char *value = ctl_arg(args, option);
    uint64_t number;

    if (!value)
        return CTL_OK;
    if (text_parse_u64(value, strlen(value), 0, UINT32_MAX, &number) != 0)
        return ctl_fail(CTL_INVALID, "--%s: not a number", option);
    return add(body, member, json_integer((json_int_t)number));
}
