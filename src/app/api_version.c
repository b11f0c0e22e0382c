/* Versions of objects as entity tags: a change that says what it was made from is refused when
 * another one came first. */
#include <stdio.h>
#include <string.h>

#include "api_private.h"

/* An object that was deleted and made anew begins at version 1 again: the end of its id tells, as
 * ids begin with the time. */
#define ID_SHOWN 12

void api_version_tag(const json_t *object, char ret_tag[static API_TAG_MAX])
{
    const char *id = json_string_value(json_object_get(object, "id"));
    const json_t *version = json_object_get(object, "version");

    ret_tag[0] = '\0';
    if (id && strlen(id) >= ID_SHOWN && json_is_integer(version))
        (void)snprintf(ret_tag, API_TAG_MAX, "\"%s-%llu\"", /* 35 bytes at most */
                       id + strlen(id) - ID_SHOWN, (unsigned long long)json_integer_value(version));
}

/* One of a list of tags, or "*" for whatever is there. A weak one (W/"…") matches nothing. */
static bool matches(const char *if_match, const char *version)
{
    for (const char *at = if_match; *at;) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,");
        if ((len == 1 && *at == '*') || (strncmp(at, version, len) == 0 && version[len] == '\0'))
            return true;
        at += len;
    }
    return false;
}

int api_check_if_match(struct api_call *call, struct store_db *db)
{
    const struct api_route *show = api_shown_by(call->route);
    char tag[API_TAG_MAX];

    if (!call->if_match[0] || call->route->method == GATE_GET)
        return 0;
    if ((call->route->method == GATE_POST && !call->route->shown_by) || !show ||
        show->kind != API_READ)
        return api_problem(call, AP_EINVAL, NULL, "this path gives no ETag: leave If-Match out");
    int err = show->run(call, db);
    if (err)
        return err;
    api_version_tag(call->result, tag);
    json_decref(call->result);
    call->result = NULL;
    if (!tag[0])
        return api_problem(call, AP_EINVAL, NULL, "this path gives no ETag: leave If-Match out");
    return matches(call->if_match, tag)
               ? 0
               : api_problem(call, AP_ESTALE, NULL,
                             "it was changed meanwhile: get it anew, its ETag is %s now", tag);
}
