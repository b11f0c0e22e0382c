/* refusal list, fetch list */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "ctl_private.h"

#define DEFAULT_ROWS 100
/* Ten years: no record is older. */
#define SINCE_MAX_MS (3650ULL * 86400000)

static const struct ctl_column REFUSALS[] = {
    {"at", "TIME"}, {"source", "FROM"}, {"reason", "REASON"}, {"count", "COUNT"},
    {"mac", "MAC"}, {"role", "FILE"},   {"token", "TOKEN"},   {0},
};
static const struct ctl_column FETCHES[] = {
    {"at", "TIME"},       {"mac", "MAC"},     {"source", "FROM"},      {"role", "FILE"},
    {"status", "STATUS"}, {"bytes", "BYTES"}, {"agent", "USER AGENT"}, {0},
};

/* path with --since, which counts backwards from now. */
static int add_since(const struct ctl_args *args, char **path)
{
    const char *since = ctl_arg(args, "since");
    uint64_t since_ms;
    char text[TEXT_DECIMAL_MAX];

    if (!since)
        return CTL_OK;
    if (text_parse_duration_ms(since, strlen(since), 1000, SINCE_MAX_MS, &since_ms) != 0)
        return ctl_fail(CTL_INVALID, "--since: a number with a unit, as in 30m, 24h, 7d");
    (void)text_decimal((uint64_t)time(NULL) - since_ms / 1000, text);
    *path = ctl_path_query(*path, "since", text);
    return CTL_OK;
}

static int read_limit(const struct ctl_args *args, uint64_t *ret_limit)
{
    const char *limit = ctl_arg(args, "limit");

    *ret_limit = DEFAULT_ROWS;
    if (limit && text_parse_u64(limit, strlen(limit), 1, UINT32_MAX, ret_limit) != 0)
        return ctl_fail(CTL_INVALID, "--limit: a number from 1 up");
    return CTL_OK;
}

/* The newest limit rows: a log may have millions, so not all pages as other lists have it. */
static int call_newest(const struct ctl_args *args, const char *path, uint64_t limit, json_t *items)
{
    char *after = NULL;
    int code = CTL_OK;

    do {
        uint64_t wanted = limit - json_array_size(items);
        char number[TEXT_DECIMAL_MAX];
        json_t *page = NULL;
        (void)text_decimal(wanted < AP_LIST_PAGE_MAX ? wanted : AP_LIST_PAGE_MAX, number);
        char *page_path = ctl_path_query(strdup(path), "limit", number);
        page_path = ctl_path_query(page_path, "after", after);
        free(after);
        code = page_path ? ctl_call(args, "GET", page_path, NULL, &page)
                         : ctl_fail(CTL_INVALID, "an argument is too long");
        if (code == CTL_OK && json_array_extend(items, json_object_get(page, "items")) != 0)
            code = ctl_fail(CTL_FAILED, "the daemon's answer is no list");
        const char *next = json_string_value(json_object_get(page, "next"));
        after = code == CTL_OK && next ? strdup(next) : NULL;
        json_decref(page);
        free(page_path);
    } while (after && json_array_size(items) < limit);
    free(after);
    return code;
}

static int list(const struct ctl_args *args, const char *what, const struct ctl_column *columns)
{
    static const char *const FILTERS[] = {"phone", "reason", "from"};
    json_t *items = json_array();
    uint64_t limit;
    char *path = strdup(what);
    int code = read_limit(args, &limit);

    for (size_t i = 0; i < AP_COUNT(FILTERS); i++)
        path = ctl_path_query(path, FILTERS[i], ctl_arg(args, FILTERS[i]));
    if (code == CTL_OK)
        code = add_since(args, &path);
    if (code == CTL_OK)
        code = path && items ? call_newest(args, path, limit, items)
                             : ctl_fail(CTL_INVALID, "an argument is too long");
    if (code == CTL_OK)
        ctl_print_table(args, items, columns);
    json_decref(items);
    free(path);
    return code;
}

int ctl_refusal_list(const struct ctl_args *args)
{
    return list(args, "/refusals", REFUSALS);
}

int ctl_fetch_list(const struct ctl_args *args)
{
    return list(args, "/fetches", FETCHES);
}
