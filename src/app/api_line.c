/* Lines of phones, and phones that go to another user with new ones. */
#include "api_line.h"

#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"

/* The accounts named in the body become lines 1, 2, … in their order. */
static int lines_from_list(struct api_call *call, struct store_db *db, const json_t *list,
                           struct store_phone *phone)
{
    size_t count = json_array_size(list);

    if (count > AP_LINES_PER_PHONE_MAX)
        return api_problem(call, AP_ERANGE, "/lines", "at most %d lines", AP_LINES_PER_PHONE_MAX);
    phone->lines = arena_alloc_array(&call->arena, count, sizeof(*phone->lines));
    if (!phone->lines)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name)
            return api_problem(call, AP_EINVAL, "/lines", "lines must hold account names");
        int err = store_account_get(db, &call->arena, name, &phone->lines[i].account);
        if (err == AP_ENOENT)
            return api_problem(call, err, "/lines", "there is no account '%.*s'", AP_TEXT_MAX_BYTES,
                               name);
        if (err)
            return err;
        phone->lines[i].position = (uint32_t)i + 1;
    }
    phone->line_count = count;
    return 0;
}

/* Without a list: the user's accounts, oldest first as they were added. */
static int lines_from_user(struct api_call *call, struct store_db *db, struct store_phone *phone)
{
    struct store_account *accounts = NULL;
    size_t count = 0;
    int err = store_account_list(db, &call->arena, phone->user_id, "", AP_LINES_PER_PHONE_MAX,
                                 &accounts, &count);

    if (err)
        return err;
    phone->lines = arena_alloc_array(&call->arena, count, sizeof(*phone->lines));
    if (!phone->lines)
        return AP_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        /* Pages come in the order of ids; created_at is what a person expects. */
        size_t at = i;
        while (at > 0 && phone->lines[at - 1].account.created_at > accounts[i].created_at) {
            phone->lines[at] = phone->lines[at - 1];
            at--;
        }
        phone->lines[at].account = accounts[i];
    }
    for (size_t i = 0; i < count; i++)
        phone->lines[i].position = (uint32_t)i + 1;
    phone->line_count = count;
    return 0;
}

int api_settle_lines(struct api_call *call, struct store_db *db, const json_t *list,
                     struct store_phone *phone)
{
    return list ? lines_from_list(call, db, list, phone) : lines_from_user(call, db, phone);
}

int api_phone_move(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    struct store_user user;
    const char *name = "", *from;
    json_t *list = NULL;
    const struct api_field fields[] = {
        {.name = "user", .type = API_FIELD_NAME, .required = true, .target = &name},
        {.name = "lines", .type = API_FIELD_LIST, .target = &list},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = api_get_phone(call, db, &phone);
    if (err)
        return err;
    err = store_user_get(db, &call->arena, name, &user);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/user", "there is no user '%s'", name);
    if (!err && strcmp(user.id, phone.user_id) == 0)
        return api_problem(call, AP_ECONFLICT, "/user", "it is a phone of '%s' already", name);
    from = phone.user_name;
    phone.user_id = user.id;
    if (!err)
        err = api_settle_lines(call, db, list, &phone);
    if (!err)
        err = api_tell_range(call, store_phone_move(db, &phone));
    if (!err && phone.enabled)
        err = api_check_phone(call, db, phone.mac);
    if (!err)
        err = api_audit(call, db, api_phone_object(call, phone.mac),
                        api_text(call, "from=%s to=%s", from, user.name));
    return err ? err : api_phone_result(call, db, &phone, 200, NULL);
}
