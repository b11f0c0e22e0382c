/* The first admin: by a token that only this machine's own people can have. And what a browser may
 * know before somebody has signed in. */
#include <stdio.h>
#include <string.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/log.h"
#include "autoprov/secret.h"

int api_portal_show(struct api_call *call, struct store_db *db)
{
    struct store_admin_counts counts;
    int err = store_admin_counts(db, &counts);

    return err ? err : api_result(call, 200, json_pack("{s:b}", "setup_needed", counts.all == 0));
}

static int is_closed(struct api_call *call)
{
    return api_problem(call, AP_ECONFLICT, NULL,
                       "there is an admin already: sign in, or let an admin add you");
}

int api_setup_token(struct api_call *call, struct store_db *db)
{
    char text[STORE_TICKET_TEXT_MAX] = "";
    uint8_t digest[STORE_TICKET_DIGEST_BYTES];
    int64_t ends_at = store_now(db) + AP_SETUP_TOKEN_S;
    int err = api_read_fields(call, NULL, 0);

    if (!err)
        err = store_ticket_make(text);
    if (!err)
        err = store_ticket_digest(text, strlen(text), digest);
    if (!err)
        err = store_admin_open_setup(db, digest, ends_at);
    if (err == AP_ECONFLICT)
        err = is_closed(call);
    if (!err)
        err = api_audit(call, db, "", "");
    if (!err)
        err = api_result(call, 201,
                         json_pack("{s:s, s:I}", "token", text, "ends_at", (json_int_t)ends_at));
    secret_wipe(text, sizeof(text));
    return err;
}

/* -- by the token ------------------------------------------------------------------------------ */

struct setup {
    const char *name;
    uint8_t digest[STORE_TICKET_DIGEST_BYTES];
};

static int no_token(struct api_call *call)
{
    return api_problem(call, AP_EAUTH, NULL,
                       "this is not the setup token, or its hour is over: autoprovctl admin "
                       "setup-token makes another");
}

int api_setup_before(struct api_call *call)
{
    struct setup *setup = arena_alloc(&call->arena, sizeof(*setup));
    const char *token = NULL, *text = NULL;
    uint32_t tries;

    if (!setup)
        return AP_ENOMEM;
    const struct api_field fields[] = {
        {.name = "token", .type = API_FIELD_RAW, .required = true, .target = &token},
        {.name = "name", .type = API_FIELD_NAME, .required = true, .target = &setup->name},
        {.name = "password", .type = API_FIELD_RAW, .required = true, .target = &text},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = api_password_check(call, "/password", text, setup->name);
    if (!err)
        err = store_ticket_digest(token, strlen(token), setup->digest);
    if (err)
        return err;
    int found = store_admin_check_setup(call->api->reader, setup->digest);
    if (found == AP_ECONFLICT)
        return is_closed(call);
    err = api_sign_in_begin(call, NULL, &tries);
    if (!err && found == AP_ENOENT) {
        api_sign_in_wrong(call, "setup_token");
        return no_token(call);
    }
    if (!err)
        err = found;
    call->more = setup;
    call->password.made_of = text;
    return err;
}

int api_setup(struct api_call *call, struct store_db *db)
{
    const struct setup *setup = call->more;
    const struct store_admin admin = {.name = setup->name,
                                      .role = api_role_name(API_ROLE_ADMIN),
                                      .hash = call->password.made,
                                      .enabled = true};
    struct store_session session = {.kind = STORE_SESSION_ADMIN};
    char id[STORE_ID_TEXT_MAX];
    int err = store_admin_use_setup(db, setup->digest);

    if (err == AP_ECONFLICT)
        return is_closed(call);
    if (err == AP_ENOENT)
        return no_token(call);
    (void)snprintf(call->actor, sizeof(call->actor), "admin=%s", /* 70 bytes at most */
                   setup->name);
    if (!err)
        err = api_admin_insert(call, db, &admin, id);
    session.holder_id = id;
    if (!err)
        err = api_session_begin(call, db, &session);
    if (!err)
        err = store_admin_signed_in(db, id);
    return err ? err : api_audit(call, db, call->actor, "role=admin");
}

int api_setup_after(struct api_call *call)
{
    char source[AP_ADDRESS_TEXT_MAX];

    api_sign_in_right(call, NULL);
    call->api->door.sign_ins++;
    api_sign_in_source(call, source);
    log_event(LOG_LEVEL_NOTICE, "admin_signed_in", "%s source=%s; the first one", call->actor,
              source);
    return 0;
}
