/* audit … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "ctl_private.h"

#define DEFAULT_ROWS "100"

static const struct ctl_column COLUMNS[] = {
    {"row", "ROW"},
    {"at", "TIME"},
    {"actor", "ACTOR"},
    {"action", "ACTION"},
    {"object", "OBJECT"},
    {"detail", "DETAIL"},
    {0},
};

static int check_number(const char *option, const char *text, uint64_t max)
{
    uint64_t number;

    if (!text || text_parse_u64(text, strlen(text), 1, max, &number) == 0)
        return CTL_OK;
    return ctl_fail(CTL_INVALID, "--%s: a number from 1 to %llu", option, (unsigned long long)max);
}

/* One page, unlike other lists: the log has no end that anybody wants to read to. */
int ctl_audit_list(const struct ctl_args *args)
{
    const char *limit = ctl_arg(args, "limit");
    const char *before = ctl_arg(args, "before");
    json_t *page = NULL;
    char *path = NULL;
    int code = check_number("limit", limit, AP_LIST_PAGE_MAX);

    if (code == CTL_OK)
        code = check_number("before", before, INT64_MAX);
    if (code == CTL_OK) {
        path = ctl_path_query(ctl_path("/audit", ""), "limit", limit ? limit : DEFAULT_ROWS);
        path = ctl_path_query(path, "after", before);
        code =
            path ? ctl_call(args, "GET", path, NULL, &page) : ctl_fail(CTL_FAILED, "out of memory");
    }
    if (code == CTL_OK)
        ctl_print_table(args, json_object_get(page, "items"), COLUMNS);
    json_decref(page);
    free(path);
    return code;
}

int ctl_audit_verify(const struct ctl_args *args)
{
    json_t *result = NULL;
    int code = ctl_call(args, "GET", "/audit/verify", NULL, &result);
    const json_t *problems = json_object_get(result, "problems");
    long long rows = json_integer_value(json_object_get(result, "rows"));
    long long count = json_integer_value(json_object_get(result, "problem_count"));

    if (code == CTL_OK && args->json)
        ctl_print_json(result);
    for (size_t i = 0; code == CTL_OK && !args->json && i < json_array_size(problems); i++)
        printf("%s\n", json_string_value(json_array_get(problems, i)));
    if (code == CTL_OK && count > 0)
        code = ctl_fail(CTL_INVALID,
                        "the audit log is broken at %lld places: somebody wrote to the database "
                        "past autoprovd",
                        count);
    else if (code == CTL_OK && !args->json)
        printf("audit log: %lld rows, unbroken\n", rows);
    json_decref(result);
    return code;
}
