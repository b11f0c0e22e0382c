/* phone enrol, token status: who may fetch, and who has not moved to its token URL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/buf.h"
#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/mac.h"
#include "autoprov/text.h"
#include "ctl_private.h"

#define WINDOW_MAX_MS 86400000ULL
/* A CSV of as many lines as one call takes has less. */
#define ENROL_FILE_MAX_BYTES 1048576

static const struct ctl_column UNMOVED[] = {
    {"mac", "MAC"},
    {"user", "USER"},
    {"why", "WAITS FOR"},
    {"since", "SINCE"},
    {"ends_at", "ENDS"},
    {"last_fetch_at", "LAST FETCH"},
    {0},
};

int ctl_add_networks(const struct ctl_args *args, json_t *body)
{
    const char *at = ctl_arg(args, "networks");
    json_t *list;

    if (!at)
        return CTL_OK;
    list = json_array();
    while (list && *at) {
        size_t len = strcspn(at, ",");
        if (json_array_append_new(list, json_stringn(at, len)) != 0) {
            json_decref(list);
            return ctl_fail(CTL_INVALID, "--networks: not UTF-8");
        }
        at += len;
        at += *at == ',';
    }
    return json_object_set_new(body, "networks", list) == 0 ? CTL_OK
                                                            : ctl_fail(CTL_FAILED, "out of memory");
}

/* -- HTTP credentials -------------------------------------------------------------------------- */

int ctl_add_auth(const struct ctl_args *args, json_t *body)
{
    const char *required = ctl_arg(args, "auth-required");
    bool make = ctl_arg(args, "auth-password-make") != NULL;
    bool remove = ctl_arg(args, "auth-password-del") != NULL;
    bool yes = required && strcmp(required, "yes") == 0;
    int code = ctl_add_string(args, "auth-user", "auth_user", body);

    if (code == CTL_OK && required && !yes && strcmp(required, "no") != 0)
        code = ctl_fail(CTL_USAGE, "--auth-required is yes or no");
    if (code == CTL_OK && make + remove + (ctl_arg(args, "auth-password-file") != NULL) > 1)
        code = ctl_fail(CTL_USAGE, "one of --auth-password-file, --auth-password-make and "
                                   "--auth-password-del");
    if (code == CTL_OK)
        code = ctl_add_secret(args, "auth-password-file", "auth_password", false, body);
    if (code == CTL_OK && required &&
        json_object_set_new(body, "auth_required", json_boolean(yes)) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK && remove && json_object_set_new(body, "auth_password", json_null()) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK && make && json_object_set_new(body, "auth_password_make", json_true()) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    return code;
}

void ctl_print_made(const json_t *phone)
{
    const char *made = json_string_value(json_object_get(phone, "auth_password"));
    const char *user = json_string_value(json_object_get(phone, "auth_user"));

    if (!made)
        return;
    printf("HTTP user %s, password %s: told this once; the phone's file carries both, where its "
           "vendor has a parameter for them\n",
           user ? user : "", made);
    if (json_is_true(json_object_get(phone, "auth_required")))
        fputs("it is refused from now on where a listener does not ask: a phone that fetches there "
              "gets neither; '--auth-required no' until it has fetched\n",
              stderr);
}

/* -- phone enrol ------------------------------------------------------------------------------- */

/* The nth cell of a line, without quotes; false: there is none. */
static bool cell_of(const char *line, size_t len, size_t nth, const char **ret_cell,
                    size_t *ret_len)
{
    const char *end = line + len;

    for (; nth > 0; nth--) {
        line = memchr(line, ',', (size_t)(end - line));
        if (!line)
            return false;
        line++;
    }
    const char *comma = memchr(line, ',', (size_t)(end - line));
    size_t cell_len = (size_t)((comma ? comma : end) - line);
    if (cell_len >= 2 && line[0] == '"' && line[cell_len - 1] == '"') {
        line++;
        cell_len -= 2;
    }
    *ret_cell = line;
    *ret_len = cell_len;
    return true;
}

/* The column that is called "mac"; -1: the line is no header. */
static int mac_column(const char *line, size_t len)
{
    const char *cell;
    size_t cell_len;

    for (size_t i = 0; cell_of(line, len, i, &cell, &cell_len); i++) {
        if (cell_len == 3 && memcmp(cell, "mac", 3) == 0)
            return (int)i;
    }
    return -1;
}

/* The MACs of a text: one in a line, or the column "mac" of a CSV text with a header. */
static int add_lines(const char *path, const char *text, size_t len, json_t *macs)
{
    size_t number = 0;
    int column = 0;

    for (size_t at = 0; at < len;) {
        const char *line = text + at;
        const char *end = memchr(line, '\n', len - at);
        size_t line_len = end ? (size_t)(end - line) : len - at;
        const char *cell;
        size_t cell_len;
        uint8_t mac[AP_MAC_LEN];
        at += line_len + 1;
        number++;
        line_len -= line_len > 0 && line[line_len - 1] == '\r';
        if (number == 1 && mac_column(line, line_len) >= 0) {
            column = mac_column(line, line_len);
            continue;
        }
        if (line_len == 0)
            continue;
        /* A line of a CSV text may have no phone. */
        if (!cell_of(line, line_len, (size_t)column, &cell, &cell_len) || cell_len == 0)
            continue;
        if (mac_parse(cell, cell_len, mac) != 0)
            return ctl_fail(CTL_INVALID, "%s:%zu: this is no MAC; nothing was opened", path,
                            number);
        if (json_array_append_new(macs, json_stringn(cell, cell_len)) != 0)
            return ctl_fail(CTL_FAILED, "out of memory");
    }
    return CTL_OK;
}

static int add_file(const char *path, json_t *macs)
{
    struct ap_error error;
    struct buf text;

    buf_init(&text, ENROL_FILE_MAX_BYTES);
    int err = file_read(path, &text, &error);
    int code = err ? ctl_fail(ctl_exit_of(err), "%s", error.text)
                   : add_lines(path, text.data ? text.data : "", text.len, macs);
    buf_done(&text);
    return code;
}

/* MACs of the command line and of --file. */
static int add_macs(const struct ctl_args *args, json_t *body)
{
    const char *path = ctl_arg(args, "file");
    json_t *macs = json_array();
    int code = macs ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    for (size_t i = 0; code == CTL_OK && i < args->positional_count; i++) {
        if (json_array_append_new(macs, json_string(args->positionals[i])) != 0)
            code = ctl_fail(CTL_INVALID, "an argument is not UTF-8");
    }
    if (code == CTL_OK && path)
        code = add_file(path, macs);
    if (code != CTL_OK) {
        json_decref(macs);
        return code;
    }
    return json_object_set_new(body, "macs", macs) == 0 ? CTL_OK
                                                        : ctl_fail(CTL_FAILED, "out of memory");
}

static int add_window(json_t *body, uint64_t window_ms)
{
    return json_object_set_new(body, "for", json_integer((json_int_t)(window_ms / 1000))) == 0
               ? CTL_OK
               : ctl_fail(CTL_FAILED, "out of memory");
}

int ctl_add_window(const struct ctl_args *args, json_t *body)
{
    const char *text = ctl_arg(args, "for");
    uint64_t window_ms;

    if (!text)
        return CTL_OK;
    if (text_parse_duration_ms(text, strlen(text), 60000, WINDOW_MAX_MS, &window_ms) != 0)
        return ctl_fail(CTL_INVALID, "--for: a number with a unit, 1m to 24h");
    return add_window(body, window_ms);
}

static int add_whom(const struct ctl_args *args, json_t *body)
{
    bool by_user = ctl_arg(args, "user") != NULL;
    bool by_mac = args->positional_count > 0 || ctl_arg(args, "file");

    if (by_user == by_mac)
        return ctl_fail(CTL_USAGE, "give MACs, or --file, or --user USER");
    if (ctl_arg(args, "for") && ctl_arg(args, "close"))
        return ctl_fail(CTL_USAGE, "either --for or --close");
    return by_user ? ctl_add_string(args, "user", "user", body) : add_macs(args, body);
}

int ctl_phone_enrol(const struct ctl_args *args)
{
    json_t *body = json_object();
    json_t *result = NULL;
    int code = body ? add_whom(args, body) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_arg(args, "close") ? add_window(body, 0) : ctl_add_window(args, body);
    if (code == CTL_OK)
        code = ctl_call(args, "POST", "/enrolments", body, &result);
    else
        json_decref(body);
    size_t count = json_array_size(json_object_get(result, "macs"));
    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    else if (code == CTL_OK && ctl_arg(args, "close"))
        printf("the windows of %zu phone%s are closed\n", count, count == 1 ? "" : "s");
    else if (code == CTL_OK)
        printf("%zu phone%s may enrol now; the window of each ends with its first fetch\n", count,
               count == 1 ? "" : "s");
    json_decref(result);
    return code;
}

/* -- token status ------------------------------------------------------------------------------ */

int ctl_token_status(const struct ctl_args *args)
{
    const char *user = args->positional_count > 0 ? args->positionals[0] : NULL;
    json_t *items = NULL;
    char *path = ctl_path_query(strdup("/unmoved-phones"), "user", user);
    int code = path ? ctl_call_list(args, path, &items) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK && !args->json && json_array_size(items) == 0)
        printf("every phone is on its user's own token\n");
    else if (code == CTL_OK)
        ctl_print_table(args, items, UNMOVED);
    json_decref(items);
    free(path);
    return code;
}
