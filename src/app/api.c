/* The table of routes: what there is, and whom each is for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_private.h"
#include "autoprov/array.h"

/* A row cannot be written without naming its role: the macro has no default for it, and
 * API_ROLE_NONE in a row does not compile. */
#define ROUTE(method_, path_, role_, kind_, run_, action_)                                         \
    {                                                                                              \
        .method = (method_), .path = (path_), .kind = (kind_), .run = (run_), .action = (action_), \
        .role = (enum api_role)(sizeof(char[(role_) > API_ROLE_NONE ? 1 : -1]) * (role_)),         \
    }

#define LIST(path_, run_, query_)                                                                  \
    {                                                                                              \
        .method = GATE_GET, .path = (path_), .kind = API_READ, .run = (run_), .query = (query_),   \
        .role = API_ROLE_VIEWER,                                                                   \
    }

#define LIST_MY(path_, run_, query_)                                                               \
    {                                                                                              \
        .method = GATE_GET, .path = (path_), .kind = API_READ, .run = (run_), .query = (query_),   \
        .role = API_ROLE_USER, .who = API_WHO_USER_SESSION,                                        \
    }

/* A row with a query of its own. */
#define ROUTE_QUERY(method_, path_, role_, kind_, run_, action_, query_)                           \
    {                                                                                              \
        .method = (method_), .path = (path_), .kind = (kind_), .run = (run_), .action = (action_), \
        .query = (query_),                                                                         \
        .role = (enum api_role)(sizeof(char[(role_) > API_ROLE_NONE ? 1 : -1]) * (role_)),         \
    }

/* A row with something on the control loop before it runs, and behind its commit. */
#define ROUTE_AROUND(method_, path_, role_, kind_, run_, action_, before_, after_)                 \
    {                                                                                              \
        .method = (method_), .path = (path_), .kind = (kind_), .run = (run_), .action = (action_), \
        .before = (before_), .after = (after_),                                                    \
        .role = (enum api_role)(sizeof(char[(role_) > API_ROLE_NONE ? 1 : -1]) * (role_)),         \
    }

/* A row for some callers alone, with something on the control loop before it runs, and behind its
 * commit. */
#define ROUTE_WHO(method_, path_, role_, who_, kind_, run_, action_, before_, after_)              \
    {                                                                                              \
        .method = (method_), .path = (path_), .kind = (kind_), .run = (run_), .action = (action_), \
        .before = (before_), .after = (after_), .who = (who_),                                     \
        .role = (enum api_role)(sizeof(char[(role_) > API_ROLE_NONE ? 1 : -1]) * (role_)),         \
    }

/* A change of what another path shows, with its ETag. */
#define ROUTE_PART(method_, path_, role_, run_, action_, shown_by_)                                \
    {                                                                                              \
        .method = (method_), .path = (path_), .kind = API_WRITE, .run = (run_),                    \
        .action = (action_), .shown_by = (shown_by_),                                              \
        .role = (enum api_role)(sizeof(char[(role_) > API_ROLE_NONE ? 1 : -1]) * (role_)),         \
    }

/* A change of templates, which is looked at on a job thread before. */
#define ROUTE_TEMPLATE(method_, path_, role_, look_, run_, action_)                                \
    {                                                                                              \
        .method = (method_), .path = (path_), .kind = API_TEMPLATES, .look = (look_),              \
        .run = (run_), .action = (action_),                                                        \
        .role = (enum api_role)(sizeof(char[(role_) > API_ROLE_NONE ? 1 : -1]) * (role_)),         \
    }

/* A list that is a search by some of its query. */
#define LIST_LONG(path_, run_, is_long_, query_)                                                   \
    {                                                                                              \
        .method = GATE_GET, .path = (path_), .kind = API_READ, .run = (run_), .query = (query_),   \
        .is_long = (is_long_), .role = API_ROLE_VIEWER,                                            \
    }

static const char *const PAGE_QUERY[] = {"limit", "after", NULL};
static const char *const FILTER_QUERY[] = {"limit", "after", "user", NULL};
static const char *const PHONE_QUERY[] = {"limit", "after",         "user", "vendor",
                                          "model", "never_fetched", "q",    "sort",
                                          "order", "state",         "site", NULL};
static const char *const REFUSAL_QUERY[] = {"limit", "after", "phone", "reason",
                                            "from",  "since", NULL};
static const char *const ALARM_QUERY[] = {"limit", "after", "open", NULL};
static const char *const PNP_QUERY[] = {"limit", "after", "known", NULL};
static const char *const FETCH_QUERY[] = {"limit", "after", "phone", "from", "since", NULL};
static const char *const MAC_QUERY[] = {"mac", NULL};
static const char *const VENDOR_QUERY[] = {"vendor", NULL};
static const char *const SETTING_QUERY[] = {"limit", "after", "scope", "id", NULL};
static const char *const FILE_QUERY[] = {"file", NULL};
static const char *const RESYNC_QUERY[] = {"limit", "after", "outcome", "user", "mac", NULL};
static const char *const CURSOR_QUERY[] = {"after", NULL};
static const char *const HOURS_QUERY[] = {"hours", NULL};
static const char *const UNSET_QUERY[] = {"scope", "id", "name", NULL};

static const struct api_route ROUTES[] = {
    ROUTE(GATE_GET, "/status", API_ROLE_VIEWER, API_READ, api_status, NULL),
    ROUTE(GATE_POST, "/reload", API_ROLE_OPERATOR, API_RELOAD, NULL, "reload"),

    LIST("/users", api_user_list, PAGE_QUERY),
    ROUTE(GATE_POST, "/users", API_ROLE_ADMIN, API_WRITE, api_user_add, "user.add"),
    ROUTE(GATE_GET, "/users/*", API_ROLE_VIEWER, API_READ, api_user_show, NULL),
    ROUTE(GATE_PATCH, "/users/*", API_ROLE_ADMIN, API_WRITE, api_user_set, "user.set"),
    ROUTE(GATE_DELETE, "/users/*", API_ROLE_ADMIN, API_WRITE, api_user_del, "user.del"),
    ROUTE(GATE_POST, "/users/*/token", API_ROLE_ADMIN, API_WRITE, api_token_show, "token.show"),
    ROUTE(GATE_POST, "/users/*/token/rotate", API_ROLE_ADMIN, API_WRITE, api_token_rotate,
          "token.rotate"),
    ROUTE_AROUND(GATE_POST, "/users/*/burn", API_ROLE_ADMIN, API_WRITE, api_user_burn, "user.burn",
                 NULL, api_burn_after),
    ROUTE(GATE_GET, "/users/*/keys", API_ROLE_VIEWER, API_READ, api_user_key_list, NULL),
    ROUTE(GATE_POST, "/users/*/keys", API_ROLE_ADMIN, API_WRITE, api_user_key_add, "key.add"),
    ROUTE(GATE_PUT, "/users/*/keys/*", API_ROLE_ADMIN, API_WRITE, api_user_key_set, "key.set"),
    ROUTE(GATE_DELETE, "/users/*/keys/*", API_ROLE_ADMIN, API_WRITE, api_user_key_del, "key.del"),

    LIST("/sites", api_site_list, PAGE_QUERY),
    ROUTE(GATE_POST, "/sites", API_ROLE_ADMIN, API_WRITE, api_site_add, "site.add"),
    ROUTE(GATE_GET, "/sites/*", API_ROLE_VIEWER, API_READ, api_site_show, NULL),
    ROUTE(GATE_PATCH, "/sites/*", API_ROLE_ADMIN, API_WRITE, api_site_set, "site.set"),
    ROUTE(GATE_DELETE, "/sites/*", API_ROLE_ADMIN, API_WRITE, api_site_del, "site.del"),

    LIST("/accounts", api_account_list, FILTER_QUERY),
    ROUTE(GATE_POST, "/accounts", API_ROLE_ADMIN, API_WRITE, api_account_add, "account.add"),
    ROUTE(GATE_GET, "/accounts/*", API_ROLE_VIEWER, API_READ, api_account_show, NULL),
    ROUTE(GATE_PATCH, "/accounts/*", API_ROLE_ADMIN, API_WRITE, api_account_set, "account.set"),
    ROUTE(GATE_DELETE, "/accounts/*", API_ROLE_ADMIN, API_WRITE, api_account_del, "account.del"),

    LIST_LONG("/phones", api_phone_list, api_phone_list_is_long, PHONE_QUERY),
    /* Looks at every phone: on a job thread. */
    ROUTE_QUERY(GATE_GET, "/phones/count", API_ROLE_VIEWER, API_JOB, api_phone_count, NULL,
                PHONE_QUERY),
    ROUTE(GATE_POST, "/phones", API_ROLE_ADMIN, API_WRITE, api_phone_add, "phone.add"),
    ROUTE(GATE_GET, "/phones/*", API_ROLE_VIEWER, API_READ, api_phone_show, NULL),
    ROUTE(GATE_PATCH, "/phones/*", API_ROLE_ADMIN, API_WRITE, api_phone_set, "phone.set"),
    ROUTE(GATE_DELETE, "/phones/*", API_ROLE_ADMIN, API_WRITE, api_phone_del, "phone.del"),
    ROUTE_PART(GATE_POST, "/phones/*/move", API_ROLE_ADMIN, api_phone_move, "phone.move",
               "/phones/*"),
    /* A write, for its audit row: the URL opens the file with the SIP passwords. */
    ROUTE(GATE_GET, "/phones/*/url", API_ROLE_ADMIN, API_WRITE, api_phone_url, "phone.url"),
    /* The same for browsers, which keep what they GET, and a QR code. */
    ROUTE(GATE_POST, "/phones/*/url", API_ROLE_ADMIN, API_WRITE, api_phone_url, "phone.url"),

    ROUTE(GATE_GET, "/phones/*/settings", API_ROLE_VIEWER, API_READ, api_phone_settings, NULL),
    ROUTE(GATE_GET, "/phones/*/files", API_ROLE_VIEWER, API_READ, api_phone_files, NULL),
    ROUTE_QUERY(GATE_GET, "/phones/*/preview", API_ROLE_OPERATOR, API_READ, api_phone_preview, NULL,
                FILE_QUERY),
    ROUTE_QUERY(GATE_GET, "/phones/*/difference", API_ROLE_OPERATOR, API_READ, api_phone_difference,
                NULL, FILE_QUERY),
    /* A write, for its audit row. */
    ROUTE_QUERY(GATE_GET, "/phones/*/preview/secrets", API_ROLE_ADMIN, API_WRITE,
                api_phone_preview_secrets, "phone.preview", FILE_QUERY),
    ROUTE_QUERY(GATE_POST, "/phones/*/preview/secrets", API_ROLE_ADMIN, API_WRITE,
                api_phone_preview_secrets, "phone.preview", FILE_QUERY),
    ROUTE(GATE_GET, "/phones/*/keys", API_ROLE_VIEWER, API_READ, api_phone_key_list, NULL),
    ROUTE(GATE_POST, "/phones/*/keys", API_ROLE_ADMIN, API_WRITE, api_phone_key_add, "key.add"),
    ROUTE_PART(GATE_PUT, "/phones/*/keys", API_ROLE_ADMIN, api_phone_key_replace, "key.set",
               "/phones/*"),
    ROUTE(GATE_PUT, "/phones/*/keys/*", API_ROLE_ADMIN, API_WRITE, api_phone_key_set, "key.set"),
    ROUTE(GATE_DELETE, "/phones/*/keys/*", API_ROLE_ADMIN, API_WRITE, api_phone_key_del, "key.del"),
    ROUTE(GATE_POST, "/enrolments", API_ROLE_OPERATOR, API_WRITE, api_enrol, "phone.enrol"),
    LIST("/pnp", api_pnp_list, PNP_QUERY),
    ROUTE(GATE_GET, "/pnp/*", API_ROLE_VIEWER, API_READ, api_pnp_show, NULL),
    ROUTE(GATE_DELETE, "/pnp/*", API_ROLE_OPERATOR, API_WRITE, api_pnp_del, "pnp.forget"),
    ROUTE(GATE_POST, "/pnp/*/adopt", API_ROLE_ADMIN, API_WRITE, api_pnp_adopt, "pnp.adopt"),
    LIST("/unmoved-phones", api_unmoved_list, FILTER_QUERY),
    /* Renders every phone's files: on a job thread. */
    ROUTE_QUERY(GATE_GET, "/stale-phones", API_ROLE_VIEWER, API_JOB, api_stale, NULL, PAGE_QUERY),

    ROUTE_QUERY(GATE_GET, "/phone-states", API_ROLE_VIEWER, API_JOB, api_phone_states, NULL,
                CURSOR_QUERY),
    ROUTE_QUERY(GATE_GET, "/activity", API_ROLE_VIEWER, API_JOB, api_activity, NULL, HOURS_QUERY),

    ROUTE_AROUND(GATE_POST, "/resyncs", API_ROLE_OPERATOR, API_WRITE, api_resync_add, "resync.add",
                 api_resync_add_before, api_resync_add_after),
    LIST("/resyncs", api_resync_list, RESYNC_QUERY),
    ROUTE_AROUND(GATE_DELETE, "/resyncs", API_ROLE_OPERATOR, API_WRITE, api_resync_cancel,
                 "resync.stop", api_resync_before, api_resync_cancel_after),
    /* Looks at each phone of each order: on a job thread. */
    ROUTE_AROUND(GATE_GET, "/resyncs/status", API_ROLE_VIEWER, API_JOB, api_resync_status, NULL,
                 api_resync_status_before, NULL),
    /* Whoever takes orders is told URLs, which are secrets. */
    ROUTE_AROUND(GATE_POST, "/notifications/take", API_ROLE_ADMIN, API_LATER, api_notification_take,
                 NULL, api_resync_before, NULL),
    ROUTE_AROUND(GATE_POST, "/notifications/*", API_ROLE_ADMIN, API_READ, api_notification_report,
                 NULL, api_resync_before, NULL),

    /* May look at every row: on a job thread. */
    ROUTE_QUERY(GATE_GET, "/refusals", API_ROLE_VIEWER, API_JOB, api_refusal_list, NULL,
                REFUSAL_QUERY),
    ROUTE_QUERY(GATE_GET, "/fetches", API_ROLE_VIEWER, API_JOB, api_fetch_list, NULL, FETCH_QUERY),

    LIST("/alarms", api_alarm_list, ALARM_QUERY),
    ROUTE(GATE_GET, "/alarms/*", API_ROLE_VIEWER, API_READ, api_alarm_show, NULL),
    ROUTE(GATE_POST, "/alarms/*/ack", API_ROLE_OPERATOR, API_WRITE, api_alarm_ack, "alarm.ack"),

    LIST("/settings", api_setting_list, SETTING_QUERY),
    ROUTE(GATE_PUT, "/settings", API_ROLE_ADMIN, API_WRITE, api_setting_set, "setting.set"),
    ROUTE_QUERY(GATE_DELETE, "/settings", API_ROLE_ADMIN, API_WRITE, api_setting_unset,
                "setting.unset", UNSET_QUERY),

    /* Whoever reads the list learns where each key works; only an admin is told. */
    ROUTE_QUERY(GATE_GET, "/api-keys", API_ROLE_ADMIN, API_READ, api_apikey_list, NULL, PAGE_QUERY),
    ROUTE(GATE_POST, "/api-keys", API_ROLE_ADMIN, API_WRITE, api_apikey_add, "apikey.add"),
    ROUTE(GATE_GET, "/api-keys/*", API_ROLE_ADMIN, API_READ, api_apikey_show, NULL),
    ROUTE(GATE_DELETE, "/api-keys/*", API_ROLE_ADMIN, API_WRITE, api_apikey_del, "apikey.del"),

    ROUTE_WHO(GATE_GET, "/portal", API_ROLE_USER, API_WHO_BROWSER, API_READ, api_portal_show, NULL,
              NULL, NULL),
    ROUTE_WHO(GATE_POST, "/setup", API_ROLE_USER, API_WHO_BROWSER, API_PASSWORD, api_setup,
              "admin.setup", api_setup_before, api_setup_after),
    ROUTE_WHO(GATE_POST, "/session", API_ROLE_USER, API_WHO_BROWSER, API_PASSWORD, api_sign_in,
              "session.add", api_sign_in_before, api_sign_in_after),
    ROUTE_WHO(GATE_GET, "/session", API_ROLE_USER, API_WHO_SESSION, API_READ, api_session_show,
              NULL, NULL, NULL),
    ROUTE_WHO(GATE_DELETE, "/session", API_ROLE_USER, API_WHO_SESSION, API_WRITE,
              api_session_sign_out, "session.del", NULL, NULL),
    ROUTE_WHO(GATE_POST, "/session/password", API_ROLE_VIEWER, API_WHO_ADMIN_SESSION, API_PASSWORD,
              api_session_password, "admin.password", api_session_password_before,
              api_session_password_after),
    ROUTE_WHO(GATE_POST, "/activation", API_ROLE_USER, API_WHO_BROWSER, API_WRITE, api_activation,
              "activation", api_activation_before, api_activation_after),
    LIST("/sessions", api_session_list, PAGE_QUERY),
    ROUTE(GATE_DELETE, "/sessions/*", API_ROLE_VIEWER, API_WRITE, api_session_end, "session.end"),
    ROUTE_QUERY(GATE_GET, "/admins", API_ROLE_ADMIN, API_READ, api_admin_list, NULL, PAGE_QUERY),
    ROUTE_AROUND(GATE_POST, "/admins", API_ROLE_ADMIN, API_PASSWORD, api_admin_add, "admin.add",
                 api_admin_add_before, NULL),
    ROUTE_WHO(GATE_POST, "/admins/setup-token", API_ROLE_ADMIN, API_WHO_SOCKET, API_WRITE,
              api_setup_token, "admin.setup_token", NULL, NULL),
    ROUTE(GATE_GET, "/admins/*", API_ROLE_ADMIN, API_READ, api_admin_show, NULL),
    ROUTE_AROUND(GATE_PATCH, "/admins/*", API_ROLE_ADMIN, API_PASSWORD, api_admin_set, "admin.set",
                 api_admin_set_before, api_admin_set_after),
    ROUTE(GATE_DELETE, "/admins/*", API_ROLE_ADMIN, API_WRITE, api_admin_del, "admin.del"),
    ROUTE_QUERY(GATE_GET, "/users/*/invitations", API_ROLE_ADMIN, API_READ, api_invitation_list,
                NULL, PAGE_QUERY),
    ROUTE(GATE_POST, "/users/*/invitations", API_ROLE_ADMIN, API_WRITE, api_invitation_add,
          "invitation.add"),
    ROUTE(GATE_DELETE, "/invitations/*", API_ROLE_ADMIN, API_WRITE, api_invitation_del,
          "invitation.del"),
    LIST_MY("/my/phones", api_my_phone_list, PAGE_QUERY),
    ROUTE_WHO(GATE_GET, "/my/models", API_ROLE_USER, API_WHO_USER_SESSION, API_READ,
              api_my_model_list, NULL, NULL, NULL),
    ROUTE_WHO(GATE_POST, "/my/phones", API_ROLE_USER, API_WHO_USER_SESSION, API_WRITE,
              api_my_phone_add, "phone.add", api_my_phone_add_before, api_my_phone_add_after),
    ROUTE_WHO(GATE_POST, "/my/phones/*/url", API_ROLE_USER, API_WHO_USER_SESSION, API_WRITE,
              api_my_phone_url, "phone.url", NULL, NULL),

    ROUTE_QUERY(GATE_GET, "/audit", API_ROLE_ADMIN, API_READ, api_audit_list, NULL, PAGE_QUERY),
    /* Reads the whole log: on a job thread. */
    ROUTE(GATE_GET, "/audit/verify", API_ROLE_ADMIN, API_JOB, api_audit_verify, NULL),

    LIST("/vendors", api_vendor_list, MAC_QUERY),
    LIST("/models", api_model_list, VENDOR_QUERY),
    ROUTE(GATE_GET, "/models/*/*", API_ROLE_VIEWER, API_READ, api_model_show, NULL),
    /* A POST, since a URL that is asked about holds a token; it changes nothing. */
    ROUTE(GATE_POST, "/explain", API_ROLE_OPERATOR, API_READ, api_explain, NULL),

    ROUTE(GATE_PUT, "/users/by-external/*", API_ROLE_ADMIN, API_WRITE, api_user_put, "user.put"),
    ROUTE(GATE_PUT, "/accounts/by-external/*", API_ROLE_ADMIN, API_WRITE, api_account_put,
          "account.put"),
    ROUTE(GATE_PUT, "/phones/by-external/*", API_ROLE_ADMIN, API_WRITE, api_phone_put, "phone.put"),

    ROUTE(GATE_POST, "/imports", API_ROLE_ADMIN, API_READ, api_import_add, NULL),
    ROUTE(GATE_PUT, "/imports/*/chunks/*", API_ROLE_ADMIN, API_UPLOAD, api_import_receive, NULL),
    ROUTE(GATE_POST, "/imports/*/apply", API_ROLE_ADMIN, API_READ, api_import_apply, NULL),
    ROUTE(GATE_GET, "/imports/*", API_ROLE_ADMIN, API_READ, api_import_show, NULL),
    ROUTE_QUERY(GATE_GET, "/imports/*/problems", API_ROLE_ADMIN, API_READ, api_import_problems,
                NULL, PAGE_QUERY),
    ROUTE_QUERY(GATE_GET, "/imports/*/changes", API_ROLE_ADMIN, API_READ, api_import_changes, NULL,
                PAGE_QUERY),
    ROUTE(GATE_DELETE, "/imports/*", API_ROLE_ADMIN, API_READ, api_import_del, NULL),
    ROUTE_QUERY(GATE_GET, "/export", API_ROLE_VIEWER, API_READ, api_export, NULL, PAGE_QUERY),
    /* A write, for its audit row. */
    ROUTE_QUERY(GATE_GET, "/export/secrets", API_ROLE_ADMIN, API_WRITE, api_export_secrets,
                "export", PAGE_QUERY),

    ROUTE(GATE_GET, "/templates", API_ROLE_VIEWER, API_JOB, api_template_list, NULL),
    ROUTE(GATE_GET, "/templates/*", API_ROLE_VIEWER, API_READ, api_template_show, NULL),
    ROUTE(GATE_POST, "/templates/*/check", API_ROLE_OPERATOR, API_JOB, api_template_check, NULL),
    ROUTE(GATE_POST, "/templates/*/preview", API_ROLE_OPERATOR, API_JOB, api_template_preview,
          NULL),
    ROUTE_TEMPLATE(GATE_PUT, "/templates/*", API_ROLE_ADMIN, api_template_set_look,
                   api_template_set, "template.set"),
    ROUTE_TEMPLATE(GATE_DELETE, "/templates/*", API_ROLE_ADMIN, api_template_del_look,
                   api_template_del, "template.del"),

    ROUTE(GATE_GET, "/options", API_ROLE_VIEWER, API_READ, api_options_show, NULL),
    ROUTE(GATE_PUT, "/options", API_ROLE_ADMIN, API_OPTIONS, api_options_set, "options.set"),
    ROUTE(GATE_DELETE, "/options", API_ROLE_ADMIN, API_OPTIONS, api_options_unset, "options.unset"),
};

const struct api_route *api_shown_by(const struct api_route *route)
{
    const char *path = route->shown_by ? route->shown_by : route->path;

    for (size_t i = 0; i < AP_COUNT(ROUTES); i++) {
        if (ROUTES[i].method == GATE_GET && strcmp(ROUTES[i].path, path) == 0)
            return &ROUTES[i];
    }
    return NULL;
}

/* Not below API_PREFIX: where programs look for them by custom. */
static const struct api_route ROOT_ROUTES[] = {
    LIST("/metrics", api_metrics, NULL),
};

/* Compare segment by segment; parameters go to params, borrowed from the arena. */
static int match_path(const char *pattern, const char *path, struct arena *arena,
                      const char *params[static API_PARAMS_MAX])
{
    size_t used = 0;

    while (*pattern == '/' && *path == '/') {
        size_t pattern_len = strcspn(++pattern, "/");
        size_t path_len = strcspn(++path, "/");
        if (pattern_len == 1 && *pattern == '*' && path_len > 0 && used < API_PARAMS_MAX) {
            params[used] = arena_strndup(arena, path, path_len);
            if (!params[used++])
                return AP_ENOMEM;
        } else if (pattern_len != path_len || memcmp(pattern, path, path_len) != 0) {
            return AP_ENOENT;
        }
        pattern += pattern_len;
        path += path_len;
    }
    return *pattern == '\0' && *path == '\0' ? 0 : AP_ENOENT;
}

/* Allow of a path that has not the method (RFC 9110, 10.2.1), by the methods that it has. */
#define HAS(method) (1u << (method))
static const struct {
    unsigned methods;
    const char *allow;
} ALLOWED[] = {
    {HAS(GATE_GET), "GET"},
    {HAS(GATE_POST), "POST"},
    {HAS(GATE_GET) | HAS(GATE_POST), "GET, POST"},
    {HAS(GATE_GET) | HAS(GATE_POST) | HAS(GATE_PUT), "GET, POST, PUT"},
    {HAS(GATE_GET) | HAS(GATE_DELETE), "GET, DELETE"},
    {HAS(GATE_GET) | HAS(GATE_POST) | HAS(GATE_DELETE), "GET, POST, DELETE"},
    {HAS(GATE_GET) | HAS(GATE_PATCH) | HAS(GATE_DELETE), "GET, PATCH, DELETE"},
    {HAS(GATE_GET) | HAS(GATE_PUT) | HAS(GATE_DELETE), "GET, PUT, DELETE"},
    {HAS(GATE_PUT) | HAS(GATE_DELETE), "PUT, DELETE"},
    {HAS(GATE_PUT), "PUT"},
    {HAS(GATE_DELETE), "DELETE"},
    {HAS(GATE_POST) | HAS(GATE_GET) | HAS(GATE_PATCH) | HAS(GATE_DELETE),
     "GET, POST, PATCH, DELETE"},
};

int api_find_route(struct api_call *call, const struct http_request *request,
                   const char **ret_allow)
{
    size_t prefix = strlen(API_PREFIX);
    bool is_root = strncmp(request->path, API_PREFIX, prefix) != 0;
    const struct api_route *routes = is_root ? ROOT_ROUTES : ROUTES;
    size_t count = is_root ? AP_COUNT(ROOT_ROUTES) : AP_COUNT(ROUTES);
    const char *path = is_root ? request->path : request->path + prefix;
    unsigned methods = 0;

    for (size_t i = 0; i < count; i++) {
        int err = match_path(routes[i].path, path, &call->arena, call->params);
        if (err == AP_ENOMEM)
            return err;
        if (err)
            continue;
        if (routes[i].method == request->method) {
            call->route = &routes[i];
            return 0;
        }
        methods |= HAS(routes[i].method);
    }
    if (methods == 0)
        return AP_ENOENT;
    *ret_allow = "GET";
    for (size_t i = 0; i < AP_COUNT(ALLOWED); i++) {
        if (ALLOWED[i].methods == methods)
            *ret_allow = ALLOWED[i].allow;
    }
    return AP_EINVAL;
}
