/* What a caller whose key belongs to one site may see and change: that site's users, with their
 * accounts and phones, and what is set for the site, for them and for those. A route that is not in
 * the table is not for such a caller. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"

enum reach {
    REACH_NONE,
    REACH_ALL,      /* tells of no site */
    REACH_LIST,     /* the route asks the store for what is of the site */
    REACH_USER,     /* the path names a user */
    REACH_ACCOUNT,  /* an account */
    REACH_PHONE,    /* a phone */
    REACH_MOVE,     /* the path a phone, the body a user */
    REACH_NEW_USER, /* the body is one: the route brings it to the site */
    REACH_BODY,     /* the body names a user */
    REACH_ROUTE,    /* the route asks, when it knows whose */
};

static const struct {
    const char *path;
    enum gate_method method;
    enum reach reach;
} REACHES[] = {
    {"/vendors", GATE_GET, REACH_ALL},
    {"/models", GATE_GET, REACH_ALL},
    {"/models/*/*", GATE_GET, REACH_ALL},
    {"/users", GATE_GET, REACH_LIST},
    {"/users", GATE_POST, REACH_NEW_USER},
    {"/users/by-external/*", GATE_PUT, REACH_NEW_USER},
    {"/users/*", GATE_GET, REACH_USER},
    {"/users/*", GATE_PATCH, REACH_USER},
    {"/users/*", GATE_DELETE, REACH_USER},
    {"/users/*/token", GATE_POST, REACH_USER},
    {"/users/*/token/rotate", GATE_POST, REACH_USER},
    {"/users/*/burn", GATE_POST, REACH_USER},
    {"/users/*/invitations", GATE_GET, REACH_USER},
    {"/users/*/invitations", GATE_POST, REACH_USER},
    {"/users/*/keys", GATE_GET, REACH_USER},
    {"/users/*/keys", GATE_POST, REACH_USER},
    {"/users/*/keys/*", GATE_PUT, REACH_USER},
    {"/users/*/keys/*", GATE_DELETE, REACH_USER},
    {"/accounts", GATE_GET, REACH_LIST},
    {"/accounts", GATE_POST, REACH_BODY},
    {"/accounts/by-external/*", GATE_PUT, REACH_BODY},
    {"/accounts/*", GATE_GET, REACH_ACCOUNT},
    {"/accounts/*", GATE_PATCH, REACH_ACCOUNT},
    {"/accounts/*", GATE_DELETE, REACH_ACCOUNT},
    {"/phones", GATE_GET, REACH_LIST},
    {"/phones", GATE_POST, REACH_BODY},
    {"/phones/by-external/*", GATE_PUT, REACH_BODY},
    {"/phones/*", GATE_GET, REACH_PHONE},
    {"/phones/*", GATE_PATCH, REACH_PHONE},
    {"/phones/*", GATE_DELETE, REACH_PHONE},
    {"/phones/*/move", GATE_POST, REACH_MOVE},
    {"/phones/*/url", GATE_GET, REACH_PHONE},
    {"/phones/*/url", GATE_POST, REACH_PHONE},
    {"/phones/count", GATE_GET, REACH_LIST},
    {"/phones/*/settings", GATE_GET, REACH_PHONE},
    {"/phones/*/files", GATE_GET, REACH_PHONE},
    {"/phones/*/preview", GATE_GET, REACH_PHONE},
    {"/phones/*/difference", GATE_GET, REACH_PHONE},
    {"/phones/*/preview/secrets", GATE_GET, REACH_PHONE},
    {"/phones/*/preview/secrets", GATE_POST, REACH_PHONE},
    {"/phones/*/keys", GATE_GET, REACH_PHONE},
    {"/phones/*/keys", GATE_POST, REACH_PHONE},
    {"/phones/*/keys", GATE_PUT, REACH_PHONE},
    {"/phones/*/keys/*", GATE_PUT, REACH_PHONE},
    {"/phones/*/keys/*", GATE_DELETE, REACH_PHONE},
    {"/enrolments", GATE_POST, REACH_ROUTE},
    {"/resyncs", GATE_GET, REACH_LIST},
    {"/resyncs", GATE_POST, REACH_ROUTE},
    {"/resyncs", GATE_DELETE, REACH_LIST},
    {"/resyncs/status", GATE_GET, REACH_LIST},
    {"/settings", GATE_GET, REACH_ROUTE},
    {"/settings", GATE_PUT, REACH_ROUTE},
    {"/settings", GATE_DELETE, REACH_ROUTE},
};

static enum reach reach_of(const struct api_route *route)
{
    for (size_t i = 0; i < AP_COUNT(REACHES); i++) {
        if (REACHES[i].method == route->method && strcmp(REACHES[i].path, route->path) == 0)
            return REACHES[i].reach;
    }
    return REACH_NONE;
}

static int not_here(struct api_call *call, const char *pointer, const char *name)
{
    char shown[API_SHOWN_MAX];

    return api_problem(call, AP_ENOENT, pointer, "there is no '%s' in site '%s'",
                       api_shown(name, shown), call->site_name);
}

bool api_scope_has_site(const struct api_call *call, const char *site_id)
{
    return !call->site_id || (site_id && strcmp(site_id, call->site_id) == 0);
}

int api_scope_has_user(struct api_call *call, struct store_db *db, const char *user)
{
    struct store_user found;
    int err = store_user_get(db, &call->arena, user, &found);

    if (err)
        return err;
    return api_scope_has_site(call, found.site_id) ? 0 : AP_ENOENT;
}

/* The same with a problem. */
static int check_user(struct api_call *call, struct store_db *db, const char *user,
                      const char *pointer)
{
    int err = api_scope_has_user(call, db, user);

    return err == AP_ENOENT ? not_here(call, pointer, user) : err;
}

static int check_account(struct api_call *call, struct store_db *db, const char *name,
                         const char *pointer)
{
    struct store_account account;
    int err = store_account_get(db, &call->arena, name, &account);

    if (!err)
        err = api_scope_has_user(call, db, account.user_name);
    return err == AP_ENOENT ? not_here(call, pointer, name) : err;
}

static int check_phone(struct api_call *call, struct store_db *db)
{
    struct store_phone phone;
    int err = api_get_phone(call, db, &phone);

    if (!err)
        err = api_scope_has_user(call, db, phone.user_name);
    return err == AP_ENOENT ? not_here(call, NULL, call->params[0]) : err;
}

/* By its id: while a call waits for the writer, the site's name may pass to another. */
static int check_site(struct api_call *call, struct store_db *db, const json_t *name)
{
    struct store_site site;
    int err = json_is_string(name)
                  ? store_site_get(db, &call->arena, json_string_value(name), &site)
                  : AP_ENOENT;

    if (err == AP_ENOENT || (!err && !api_scope_has_site(call, site.id)))
        return api_problem(call, AP_EPERM, "/site", "the key is of site '%s'", call->site_name);
    return err;
}

/* A user stays in the site; a phone's lines are accounts of the site. */
static int check_body(struct api_call *call, struct store_db *db)
{
    const json_t *site = json_object_get(call->body, "site");
    json_t *lines = json_object_get(call->body, "lines");
    int err = site ? check_site(call, db, site) : 0;

    for (size_t i = 0; !err && i < json_array_size(lines); i++) {
        const char *account = json_string_value(json_array_get(lines, i));
        if (account) /* another type is refused by who reads it */
            err = check_account(call, db, account, "/lines");
    }
    return err;
}

static int check_body_user(struct api_call *call, struct store_db *db)
{
    const char *user = json_string_value(json_object_get(call->body, "user"));

    return user ? check_user(call, db, user, "/user") : 0; /* without one it is refused anyway */
}

int api_scope_admit(struct api_call *call)
{
    if (!call->site_id || reach_of(call->route) != REACH_NONE)
        return 0;
    return api_problem(call, AP_EPERM, NULL,
                       "this is not of one site: a key of site '%s' may not do it",
                       call->site_name);
}

int api_scope_check(struct api_call *call, struct store_db *db)
{
    int err = call->site_id && call->body ? check_body(call, db) : 0;

    if (err || !call->site_id)
        return err;
    switch (reach_of(call->route)) {
    case REACH_NONE:
        return AP_EPERM;
    case REACH_ALL:
    case REACH_LIST:
    case REACH_NEW_USER:
    case REACH_ROUTE:
        return 0;
    case REACH_USER:
        return check_user(call, db, call->params[0], NULL);
    case REACH_ACCOUNT:
        return check_account(call, db, call->params[0], NULL);
    case REACH_PHONE:
        return check_phone(call, db);
    case REACH_MOVE:
        err = check_phone(call, db);
        return err ? err : check_body_user(call, db);
    case REACH_BODY:
        return check_body_user(call, db);
    }
    return AP_EPERM;
}

int api_scope_check_setting(struct api_call *call, enum store_scope scope)
{
    if (!call->site_id || scope >= STORE_SCOPE_SITE)
        return 0;
    return api_problem(call, AP_EPERM, NULL,
                       "a setting of scope %s is not of one site: a key of site '%s' has those of "
                       "scope site, user and phone",
                       store_scope_name(scope), call->site_name);
}
