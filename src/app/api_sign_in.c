/* Signing in with a password, changing it, and who may not try now. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"

/* -- tries ------------------------------------------------------------------------------------- */

void api_sign_in_source(const struct api_call *call, char ret_text[static AP_ADDRESS_TEXT_MAX])
{
    address_format(http_exchange_request(call->exchange)->peer, ret_text);
}

static int begin(struct api_call *call, const char *name, const struct address *peer,
                 uint32_t *ret_tries)
{
    struct api *api = call->api;
    char source[AP_ADDRESS_TEXT_MAX];
    int err = sign_in_throttle_begin(api->door.throttle, name, peer, clock_monotonic_ms(api->clock),
                                     &call->retry_after_s, ret_tries);

    if (err != AP_EBUSY)
        return err;
    api->door.failed_sign_ins++;
    api_sign_in_source(call, source);
    log_event(LOG_LEVEL_INFO, "admin_refused", "source=%s reason=throttled", source);
    return api_problem(call, AP_ETHROTTLED, NULL, "too many wrong tries: come back later");
}

int api_sign_in_begin(struct api_call *call, const char *name, uint32_t *ret_tries)
{
    if (api_passwords_are_full(call))
        return AP_EBUSY;
    return begin(call, name, http_exchange_request(call->exchange)->peer, ret_tries);
}

int api_sign_in_begin_named(struct api_call *call, const char *name, uint32_t *ret_tries)
{
    return begin(call, name, NULL, ret_tries);
}

void api_sign_in_right(struct api_call *call, const char *name)
{
    sign_in_throttle_right(call->api->door.throttle, name,
                           http_exchange_request(call->exchange)->peer);
}

void api_sign_in_wrong(struct api_call *call, const char *what)
{
    char source[AP_ADDRESS_TEXT_MAX];

    call->api->door.failed_sign_ins++;
    api_sign_in_source(call, source);
    log_event(LOG_LEVEL_WARNING, "admin_refused", "source=%s reason=%s", source, what);
}

/* -- in ---------------------------------------------------------------------------------------- */

struct sign_in {
    const char *name;         /* as typed */
    struct store_admin admin; /* id NULL: there is none of that name who may */
    uint32_t tries;
    bool is_in;
};

int api_sign_in_before(struct api_call *call)
{
    struct sign_in *sign_in = arena_alloc(&call->arena, sizeof(*sign_in));
    const char *text = NULL;
    int err = sign_in ? 0 : AP_ENOMEM;

    if (err)
        return err;
    const struct api_field fields[] = {
        {.name = "name", .type = API_FIELD_RAW, .required = true, .target = &sign_in->name},
        {.name = "password", .type = API_FIELD_RAW, .required = true, .target = &text},
    };
    call->more = sign_in;
    err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err && strlen(text) > AP_ADMIN_PASSWORD_MAX_BYTES)
        err = api_problem(call, AP_ERANGE, "/password", "a password has at most %d bytes",
                          AP_ADMIN_PASSWORD_MAX_BYTES);
    if (!err)
        err = api_sign_in_begin(call, sign_in->name, &sign_in->tries);
    if (err)
        return err;
    err = store_admin_get(call->api->reader, &call->arena, sign_in->name, &sign_in->admin);
    if (err && err != AP_ENOENT)
        return err;
    /* An id is no name to sign in by: it would be an account of its own to who guesses. */
    if (err || !sign_in->admin.enabled || strcasecmp(sign_in->admin.name, sign_in->name) != 0)
        sign_in->admin = (struct store_admin){.id = NULL};
    call->password.checked = text;
    call->password.hash = sign_in->admin.hash;
    return 0;
}

/* One row for each time that the wait grows, not one for each try. A name that is not known may be
 * a password. */
static int audit_refusal(struct api_call *call, struct store_db *db, const struct sign_in *sign_in)
{
    char source[AP_ADDRESS_TEXT_MAX];

    if (sign_in->tries <= AP_SIGN_IN_FREE)
        return 0;
    api_sign_in_source(call, source);
    const struct store_audit entry = {
        .actor = api_text(call, "source=%s", source),
        .action = "session.refused",
        .object = sign_in->admin.id ? api_text(call, "admin=%s", sign_in->admin.name) : "",
        .detail = api_text(call, "tries=%u", (unsigned)sign_in->tries),
    };
    if (!entry.actor || !entry.object || !entry.detail)
        return AP_ENOMEM;
    return store_audit_add(db, &entry);
}

/* Is what was looked at still so? While it waited, the password may have become another. */
static int read_again(struct api_call *call, struct store_db *db, const struct sign_in *sign_in)
{
    struct store_admin now;
    int err = call->password.is_right && sign_in->admin.id
                  ? store_admin_get(db, &call->arena, sign_in->admin.id, &now)
                  : AP_ENOENT;

    if (!err && (!now.enabled || now.version != sign_in->admin.version))
        err = AP_ENOENT;
    return err;
}

int api_sign_in(struct api_call *call, struct store_db *db)
{
    struct sign_in *sign_in = call->more;
    const struct store_session session = {.kind = STORE_SESSION_ADMIN,
                                          .holder_id = sign_in->admin.id};
    int err = read_again(call, db, sign_in);

    if (err == AP_ENOENT)
        return audit_refusal(call, db, sign_in);
    if (!err)
        err = api_session_begin(call, db, &session);
    if (!err)
        err = store_admin_signed_in(db, sign_in->admin.id);
    (void)snprintf(call->actor, sizeof(call->actor), "admin=%s", /* 70 bytes at most */
                   sign_in->admin.name);
    if (!err)
        err = api_audit(call, db, call->actor, "");
    sign_in->is_in = !err;
    return err;
}

int api_sign_in_after(struct api_call *call)
{
    const struct sign_in *sign_in = call->more;
    char source[AP_ADDRESS_TEXT_MAX];

    if (!sign_in->is_in) {
        api_sign_in_wrong(call, "wrong_password");
        return api_problem(call, AP_EAUTH, NULL, "wrong name or password");
    }
    api_sign_in_right(call, sign_in->name);
    call->api->door.sign_ins++;
    api_sign_in_source(call, source);
    log_event(LOG_LEVEL_NOTICE, "admin_signed_in", "%s source=%s", call->actor, source);
    return 0;
}

/* -- another password -------------------------------------------------------------------------- */

int api_session_password_before(struct api_call *call)
{
    struct sign_in *change = arena_alloc(&call->arena, sizeof(*change));
    const char *current = NULL, *text = NULL;
    const struct api_field fields[] = {
        {.name = "current", .type = API_FIELD_RAW, .required = true, .target = &current},
        {.name = "password", .type = API_FIELD_RAW, .required = true, .target = &text},
    };
    int err = change ? api_read_fields(call, fields, AP_COUNT(fields)) : AP_ENOMEM;

    if (!err)
        err = api_password_check(call, "/password", text, call->session->name);
    if (!err && strlen(current) > AP_ADMIN_PASSWORD_MAX_BYTES)
        err = api_problem(call, AP_EINVAL, "/current", "this is not the password");
    if (!err)
        err = api_sign_in_begin(call, call->session->name, &change->tries);
    if (!err)
        err = store_admin_get(call->api->reader, &call->arena, call->session->holder_id,
                              &change->admin);
    if (err)
        return err;
    change->name = call->session->name;
    call->more = change;
    call->password.checked = current;
    call->password.hash = change->admin.hash;
    call->password.made_of = text;
    return 0;
}

int api_session_password(struct api_call *call, struct store_db *db)
{
    struct sign_in *change = call->more;
    struct store_admin admin = {.id = NULL};
    int err = read_again(call, db, change);

    if (err == AP_ENOENT)
        return audit_refusal(call, db, change);
    if (!err)
        err = store_admin_get(db, &call->arena, change->admin.id, &admin);
    admin.hash = call->password.made;
    if (!err)
        err = store_admin_set(db, &admin);
    if (!err)
        err = store_session_end_others(db, admin.id, call->session->id);
    if (!err)
        err = api_audit(call, db, api_text(call, "admin=%s", admin.name), "password=changed");
    change->is_in = !err;
    return err ? err : api_session_show(call, db);
}

int api_session_password_after(struct api_call *call)
{
    const struct sign_in *change = call->more;

    if (!change->is_in) {
        api_sign_in_wrong(call, "wrong_password");
        return api_problem(call, AP_EINVAL, "/current", "this is not the password");
    }
    api_sign_in_right(call, change->name);
    return 0;
}
