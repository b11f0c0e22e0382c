/* What the files of the admin API share. */
#ifndef AUTOPROV_APP_API_PRIVATE_H
#define AUTOPROV_APP_API_PRIVATE_H

#include <stdatomic.h>

#include <jansson.h>

#include "api_door.h"
#include "api_field.h"
#include "autoprov/api.h"
#include "autoprov/arena.h"
#include "autoprov/limits.h"
#include "autoprov/rendering.h"
#include "autoprov/resync.h"
#include "autoprov/store_alarm.h"
#include "autoprov/store_object.h"
#include "autoprov/store_setting.h"
#include "freshness.h"

#define API_PREFIX     "/api/v1"
#define API_PARAMS_MAX 2
#define API_ACTOR_MAX  72 /* "key=" and a name */
/* "/api/v1/phones/…/lines/17/…": longest place in a body that a problem points to. */
#define API_POINTER_MAX 128
/* Quotes, a UUID's last group, '-', a 64-bit number and a NUL. */
#define API_TAG_MAX 40
/* A UUID is what clients send; with its NUL. */
#define API_IDEMPOTENCY_KEY_MAX 65

enum api_kind {
    API_READ,      /* runs at once, on the control loop's reader */
    API_WRITE,     /* runs on the writer thread; answered after the commit */
    API_OPTIONS,   /* API_WRITE, then all workers switch to the changed options */
    API_TEMPLATES, /* API_WRITE, then all workers switch to the changed templates */
    API_RELOAD,    /* no run: the daemon reloads */
    API_UPLOAD,    /* API_READ whose body is text/csv: call->text */
    API_JOB,       /* runs on a job thread with a reader of its own; writes nothing */
    API_PASSWORD,  /* API_WRITE behind work on passwords on a job thread (api_password.c) */
    API_LATER,     /* API_READ that may keep the call (is_kept), and answer it when it can */
};

struct api_call;

/* Who may call a route, beside the role. */
enum api_who {
    API_WHO_ANYBODY,       /* whoever has the role: by socket, key or session */
    API_WHO_SOCKET,        /* of the control socket alone */
    API_WHO_BROWSER,       /* the portal's pages before somebody has signed in: no role is asked */
    API_WHO_SESSION,       /* with a session */
    API_WHO_ADMIN_SESSION, /* an admin's */
    API_WHO_USER_SESSION,  /* a user's */
};

struct api_route {
    enum gate_method method;
    const char *path;   /* below API_PREFIX; a segment "*" is a parameter */
    enum api_role role; /* least role that may call it */
    enum api_who who;
    enum api_kind kind;
    /* Returns 0 with call->status and call->result set, or an error: with a problem set by
     * api_problem(), else with the general one of that error. */
    int (*run)(struct api_call *call, struct store_db *db);
    const char *action;       /* of the audit row; NULL for reads */
    const char *const *query; /* the parameters it takes, ends with NULL; NULL: none */
    /* NULL, or of writes: on a job thread with a reader of its own, before all of it. Errors as of
     * run. */
    int (*look)(struct api_call *call, struct store_db *db);
    /* NULL, or: on the control loop before it runs where it runs, and when its write is committed.
     * Errors as of run. */
    int (*before)(struct api_call *call);
    int (*after)(struct api_call *call);
    /* NULL, or of API_READ: does this call take long? Then it is an API_JOB. */
    bool (*is_long)(struct api_call *call);
    const char
        *shown_by; /* NULL: path; else the path whose ETag If-Match names, parameters alike */
};

/* One call on its way. On the writer thread while it runs there, else on the control loop's. */
struct api_call {
    struct store_write write;
    struct mailbox_message message;
    struct api_job job; /* of API_JOB, with its reader */
    struct store_db *job_reader;
    struct api *api;
    struct http_exchange *exchange;
    const struct api_route *route;
    struct snapshot *snapshot; /* referenced */
    struct arena arena;
    enum api_role role;
    const struct store_session *session; /* from the arena; NULL: the caller has none */
    const char *key_id;                  /* of the caller's key; NULL: it is none */
    const char *site_id;                 /* of the caller's key, from the arena; NULL: all sites */
    const char *site_name;               /* of that */
    const char *params[API_PARAMS_MAX];
    const char *query;
    const char *if_match;        /* "" : none; borrowed from the request */
    const char *idempotency_key; /* the same; at most API_IDEMPOTENCY_KEY_MAX - 1 bytes */
    json_t *body;                /* an object, or NULL without one */
    const char *upload;          /* of API_UPLOAD, while it runs */
    size_t upload_len;
    char actor[API_ACTOR_MAX];
    struct api_password password; /* of API_PASSWORD */
    const char *set_cookie;       /* of the answer, a secret from the arena; NULL: none */
    uint32_t retry_after_s;       /* of the answer; 0: none */
    void *more;                   /* what before, run and after of a route share, from the arena */
    const char *object;           /* for the log, from the arena; NULL: none */
    bool is_looking;              /* while look runs */
    bool is_kept;                 /* of API_LATER */
    int64_t due_ms;               /* then: when it is answered at the latest */
    int err;
    int status;      /* HTTP, of success */
    struct buf text; /* of success instead of result, if text_type is set */
    const char *text_type;
    json_t *result; /* owned; NULL: no body (204) */
    struct ap_error problem;
    char pointer[API_POINTER_MAX]; /* RFC 6901, into the body; "" : none */
};

/* -- api.c ------------------------------------------------------------------------------------- */

/* Find the call's route. Errors: AP_ENOENT no such path, or AP_ENOMEM; AP_EINVAL path known, not
 * the method: *ret_allow says which it has. */
AP_MUSTCHECK int api_find_route(struct api_call *call, const struct http_request *request,
                                const char **ret_allow);
/* The GET that gives the ETag of what a route changes; NULL: none. */
const struct api_route *api_shown_by(const struct api_route *route);

/* -- api_admit.c ------------------------------------------------------------------------------- */

/* Settle the call's role, site and actor. Errors with a problem: AP_EAUTH no key, or an unknown
 * one; AP_EPERM a peer or a source that may not; those of the store. */
AP_MUSTCHECK int api_identify(struct api_call *call, const struct http_request *request);

/* Is the caller one for the route? Errors: AP_EPERM with a problem. */
AP_MUSTCHECK int api_check_who(struct api_call *call);

/* While the call waited for its turn, is the caller still who was let in? Before a change, in its
 * transaction. Errors with a problem: AP_EAUTH; those of the store. */
AP_MUSTCHECK int api_identify_again(struct api_call *call, struct store_db *db);

/* "viewer", "operator", "admin". Errors: AP_EINVAL. */
AP_MUSTCHECK int api_role_parse(const char *text, enum api_role *ret_role);
const char *api_role_name(enum api_role role);

/* -- api_scope.c: callers of one site ---------------------------------------------------------- */

/* Is the route one for the caller at all? Errors: AP_EPERM with a problem. */
AP_MUSTCHECK int api_scope_admit(struct api_call *call);
/* Before the route runs, where it runs: is all that path and body name of the caller's site? What
 * only the route finds (a setting's owner, an external id's) it asks for itself, below.
 * Errors: AP_ENOENT, AP_EPERM with a problem. */
AP_MUSTCHECK int api_scope_check(struct api_call *call, struct store_db *db);
/* Of a caller of one site: is the site with that id (NULL: none) it? Of others true. */
bool api_scope_has_site(const struct api_call *call, const char *site_id);
/* The same of a user, by name or id. Errors, without a problem: AP_ENOENT, also for one of another
 * site. */
AP_MUSTCHECK int api_scope_has_user(struct api_call *call, struct store_db *db, const char *user);
/* May settings of that scope be the caller's? Errors: AP_EPERM with a problem. */
AP_MUSTCHECK int api_scope_check_setting(struct api_call *call, enum store_scope scope);

/* -- api_run.c --------------------------------------------------------------------------------- */

/* Run an admitted call and answer it, now or later; the call is gone then. */
void api_run(struct api_call *call);
/* The same of what is to be written, without what goes before. */
void api_run_write(struct api_call *call);

/* -- api_version.c ----------------------------------------------------------------------------- */

/* The entity tag of an object: of its id and version. "" for what is none. */
void api_version_tag(const json_t *object, char ret_tag[static API_TAG_MAX]);

/* Is what the call is about to change still what If-Match names (RFC 9110, 13.1.1)? In the
 * transaction of the change. Errors with a problem: AP_ESTALE it is not; AP_EINVAL the path has no
 * tags; those of the show that the path has. */
AP_MUSTCHECK int api_check_if_match(struct api_call *call, struct store_db *db);

/* -- api_call.c -------------------------------------------------------------------------------- */

/* Set the problem's detail. pointer: NULL or "/member". */
void api_problem_write(struct api_call *call, const char *pointer, const char *fmt, ...)
    AP_PRINTF(3, 4);

/* The same with err as its value; a macro as ap_error_set() is. */
#define api_problem(call, err, pointer, ...)                                                       \
    (api_problem_write((call), (pointer), __VA_ARGS__), (err))

/* Foreign text for a message: cut, what is not printable ASCII as '?'. */
#define API_SHOWN_MAX 65
const char *api_shown(const char *text, char out[static API_SHOWN_MAX]);

/* A name for the audit: cut, what is not printable ASCII as '?'; NULL without memory. */
const char *api_object_name(struct api_call *call, const char *name);

/* Give object (borrowed; NULL: no body) with that status and type. */
void api_answer_json(struct http_exchange *exchange, int status, const char *content_type,
                     json_t *object);

/* Answer from call->err, status, result, problem; frees the call. */
void api_call_answer(struct api_call *call);
void api_call_free(struct api_call *call);

/* A problem of a request that became no call. */
struct api_problem_text {
    int status;
    const char *title;
    const char *detail;
    const char *allow; /* of a 405, static; else NULL */
};
void api_answer_problem(struct http_exchange *exchange, const struct api_problem_text *text);
/* The problem of a request that the gate refused. */
void api_answer_refused(struct http_exchange *exchange, enum gate_reason reason);

/* Take ownership of result (NULL: AP_ENOMEM). */
AP_MUSTCHECK int api_result(struct api_call *call, int status, json_t *result);

/* Parse the request's body into call->body. Errors with a problem: AP_EINVAL wrong content type,
 * AP_ESYNTAX with line and column, AP_EINVAL no object. */
AP_MUSTCHECK int api_read_body(struct api_call *call, const struct http_request *request);

/* Let call->text be the request's body. Errors with a problem: AP_EINVAL it is no text/csv. */
AP_MUSTCHECK int api_take_text(struct api_call *call, const struct http_request *request);

/* A query parameter's value, decoded, borrowed from the call's arena; NULL: absent. */
const char *api_query(struct api_call *call, const char *name);

/* Refuse query parameters that the route does not take. */
AP_MUSTCHECK int api_check_query(struct api_call *call);

/* "limit" and "after" of a list. */
AP_MUSTCHECK int api_query_page(struct api_call *call, uint32_t *ret_limit, const char **ret_after);

/* The id of the user that "user" of the query names; NULL: not given. Errors with a problem:
 * AP_ENOENT, also for one that is not of the caller's site. */
AP_MUSTCHECK int api_query_user(struct api_call *call, struct store_db *db, const char **ret_id);

/* {"items": items, "next": cursor or null}; items is taken over. */
AP_MUSTCHECK int api_page_result(struct api_call *call, json_t *items, const char *next);

/* The audit row of the route's action. object and detail: no secrets. */
AP_MUSTCHECK int api_audit(struct api_call *call, struct store_db *db, const char *object,
                           const char *detail);

/* Text of the printf form in the call's arena; NULL without memory. */
const char *api_text(struct api_call *call, const char *fmt, ...) AP_PRINTF(2, 3);

/* -- api_check.c ------------------------------------------------------------------------------- */

/* Can the vendor's files carry all that the phone now has? In the transaction, after the change.
 * Errors: AP_EINVAL with a problem. */
AP_MUSTCHECK int api_check_phone(struct api_call *call, struct store_db *db,
                                 const uint8_t mac[static AP_MAC_LEN]);

/* The same for all phones of a user. */
AP_MUSTCHECK int api_check_phones_of(struct api_call *call, struct store_db *db,
                                     const char *user_id);

/* The same for one object and every vendor whose phones read it. */
struct api_check {
    int (*run)(const struct catalogue_vendor *vendor, const void *object, struct ap_error *error);
    const void *object;
    enum store_scope scope; /* whose phones; STORE_SCOPE_COUNT: of the account id */
    const char *id;
    const char *pointer;
};
AP_MUSTCHECK int api_check_vendors(struct api_call *call, struct store_db *db,
                                   const struct api_check *check);
int api_check_account(const struct catalogue_vendor *vendor, const void *object,
                      struct ap_error *error);
int api_check_key(const struct catalogue_vendor *vendor, const void *object,
                  struct ap_error *error);
int api_check_setting(const struct catalogue_vendor *vendor, const void *object,
                      struct ap_error *error);
int api_check_user(const struct catalogue_vendor *vendor, const void *object,
                   struct ap_error *error);

/* -- what several nouns need ------------------------------------------------------------------- */

/* The vendor as given; else the only one with the model; else a hint from the MAC; else generic. A
 * model by its whole name, or by a beginning that only one has. Errors: AP_EINVAL with a problem.
 */
AP_MUSTCHECK int api_settle_vendor(struct api_call *call, struct store_phone *phone,
                                   bool vendor_given);

/* Registration time of an account that is added without one. */
#define API_DEFAULT_EXPIRES_S 3600
const char *api_transport_name(enum store_transport transport);
/* Errors: AP_EINVAL. */
AP_MUSTCHECK int api_parse_transport(const char *name, enum store_transport *ret_transport);

/* A MAC of the path or body. Errors: AP_EINVAL with a problem. */
AP_MUSTCHECK int api_parse_mac(struct api_call *call, const char *text, const char *pointer,
                               uint8_t ret_mac[static AP_MAC_LEN]);
/* Add phone to the user of that name, with the lines that list names or, NULL, all of the user's;
 * user_id and user_name of phone are filled. Not audited. Errors with a problem: AP_ENOENT,
 * AP_EEXIST, AP_EINVAL. */
AP_MUSTCHECK int api_add_phone(struct api_call *call, struct store_db *db,
                               struct store_phone *phone, const char *user_name,
                               const json_t *list);
/* Give the phone as it is now, and how many lines its model has no place for. made_password: told
 * this once; NULL: none was made. */
AP_MUSTCHECK int api_phone_result(struct api_call *call, struct store_db *db,
                                  struct store_phone *phone, int status, const char *made_password);
/* What the path's first parameter names. Errors: AP_ENOENT with a problem. */
AP_MUSTCHECK int api_get_phone(struct api_call *call, struct store_db *db,
                               struct store_phone *ret_phone);
/* The same with passwords, settings and keys: as a fetch sees it. */
AP_MUSTCHECK int api_get_whole_phone(struct api_call *call, struct store_db *db,
                                     struct store_phone *ret_phone);
AP_MUSTCHECK int api_get_user(struct api_call *call, struct store_db *db,
                              struct store_user *ret_user);
/* What a phone is told of its file: url, provisioning_base_url, phone_url; secrets. phone: whole.
 * *ret_json: the caller's. Errors with a problem: AP_EINVAL, AP_ENOENT. */
AP_MUSTCHECK int api_phone_urls(struct api_call *call, struct store_db *db,
                                const struct store_phone *phone, json_t **ret_json);
/* Add the QR code of its url. Errors: AP_ENOMEM. */
AP_MUSTCHECK int api_phone_add_qr(json_t *urls);
/* "mac=…" for the audit; NULL without memory. */
const char *api_phone_object(struct api_call *call, const uint8_t mac[static AP_MAC_LEN]);
/* with_lines: the phone was read with them; none is an empty list. NULL without memory. */
json_t *api_phone_json(const struct store_phone *phone, bool with_lines);
/* Add to object what the phone's fetches and refusals tell of it. */
AP_MUSTCHECK int api_phone_sum(struct api_call *call, struct store_db *db,
                               const struct store_phone *phone, json_t *object);
/* The vendor of a phone, or NULL with a problem (AP_ENOENT) when its catalogue file is gone. */
const struct catalogue_vendor *api_phone_vendor(struct api_call *call,
                                                const struct store_phone *phone);
/* A body in its file's character set as text. NULL without memory. */
json_t *api_body_json(const char *body, size_t len, const struct catalogue_file *file);
/* Let the job be for the file that "file" of the query names; absent: for the phone's own. Errors
 * with a problem: AP_ENOENT. */
AP_MUSTCHECK int api_settle_file(struct api_call *call, struct rendering_job *job);
const char *api_freshness_name(enum freshness freshness);
/* A job for one file of a whole phone; token (room of the caller) is filled with its folder's: a
 * secret, to be wiped. */
AP_MUSTCHECK int api_phone_job(struct api_call *call, struct store_db *db, struct arena *arena,
                               const struct store_phone *phone, struct token *token,
                               struct rendering_job *ret_job);

/* The name that the phone asks for its own file by. Errors with a problem: AP_ENOENT nothing is
 * served to it; AP_EINVAL the name is not known. */
AP_MUSTCHECK int api_phone_file_name(struct api_call *call, const struct rendering_job *job,
                                     const char **ret_name);

/* What runs, by route: api_routes.h. */
#include "api_routes.h"

/* Who gets what, and by which credentials: api_access.h. */
#include "api_access.h"

/* -- api_resync.c ------------------------------------------------------------------------------ */

/* A phone's MACs as texts become the order's, in the call's arena. Errors: AP_ENOMEM. */
AP_MUSTCHECK int api_resync_macs(struct api_call *call, const char *const *texts, size_t count,
                                 struct resync_order *order);
/* Check a phone's contact, "" : none. Errors: AP_EINVAL, AP_ERANGE with a problem. */
AP_MUSTCHECK int api_check_contact(struct api_call *call, const char *contact);

/* -- api_alarm.c ------------------------------------------------------------------------------- */

/* Open alarms, a member for each kind. *ret_json: the caller's. Errors: the store's, AP_ENOMEM. */
AP_MUSTCHECK int api_alarm_counts(struct store_db *db, json_t **ret_json);

/* -- api_health.c ------------------------------------------------------------------------------ */

/* Answer /healthz and /readyz; false: it is another path, and nothing was done. */
bool api_health_answer(const struct api *api, struct http_exchange *exchange);

/* The folder URL of a token at the first listener: "https://HOST/provision/TOKEN/". A secret.
 * NULL without memory. */
const char *api_folder_url(struct api_call *call, const struct token *token);

/* -- api_import.c ------------------------------------------------------------------------------ */

struct import;

/* The one import there may be, and what takes away those that never finished. Control loop's
 * thread. */
struct api_imports {
    struct import *current; /* NULL: none */
    /* Idempotency-Key of the call that began current, and of the one that applied it; "" : none. */
    char begin_key[API_IDEMPOTENCY_KEY_MAX];
    char apply_key[API_IDEMPOTENCY_KEY_MAX];
    struct api_job sweep;
    struct store_db *sweep_reader;
    bool sweeping;
    _Atomic bool stopping;
};
/* After the last job was done. NULL is fine. */
void api_import_free(struct api *api);
/* What api_tick() and api_stop() do of imports. */
void api_import_tick(struct api *api);
void api_import_stop(struct api *api);

/* -- api_notification.c ------------------------------------------------------------------------ */

/* Programs that wait for something to take: kept calls, the first come first. */
struct api_takers {
    struct api_call *calls[AP_RESYNC_TAKERS_MAX];
    size_t count;
    bool stopping; /* nobody waits any more */
};
/* Answer those whose time has come. */
void api_takers_tick(struct api *api);
/* Answer all of them. */
void api_takers_stop(struct api *api);
/* resync_listen()'s ready; data is the struct api. */
void api_takers_ready(void *data);

struct api {
    struct store_db *reader;
    struct store_writer *writer;
    struct mailbox *mailbox;
    const struct ap_clock *clock;
    struct api_daemon daemon;
    uid_t own_uid;
    gid_t group_gid;
    struct api_imports imports;
    struct resync *resync; /* NULL: nobody can be told to fetch */
    struct api_takers takers;
    struct api_door door;
};

#endif
