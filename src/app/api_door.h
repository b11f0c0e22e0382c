/* Private to api*.c: what the door for browsers adds to the API: its checks before a call,
 * sessions, passwords. */
#ifndef AUTOPROV_APP_API_DOOR_H
#define AUTOPROV_APP_API_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/config.h"
#include "autoprov/http.h"
#include "autoprov/limits.h"
#include "autoprov/store_admin.h"
#include "autoprov/store_invitation.h"
#include "autoprov/store_session.h"
#include "sign_in_throttle.h"

struct api;
struct api_call;

/* -- api_door.c: before a call ----------------------------------------------------------------- */

/* The name says to browsers: this host and path alone, over TLS (RFC 6265bis, 4.1.3.2). */
#define API_COOKIE "__Host-autoprovd"

/* Did the request come to a listener for the portal? */
bool api_door_is_portal(const struct config *config, const struct http_request *request);
/* Answer what is no call of a request to the portal: 421 for a Host that is none of the listener's
 * names (DNS rebinding), files, unknown paths. False: it is for the API, and nothing was done. */
bool api_door_answer(struct api *api, struct http_exchange *exchange);
/* Does a page of ours send the request, as far as the browser tells (Fetch Metadata)? */
bool api_door_is_same_origin(const struct http_request *request);
/* The session's text in a Cookie header. False: there is none, or more than one, or it is none that
 * we make. */
bool api_door_cookie(const char *cookie, char ret_text[static STORE_TICKET_TEXT_MAX]);

/* -- api_session.c ----------------------------------------------------------------------------- */

/* Whose last use was written down lately. */
struct api_touched {
    char id[STORE_ID_TEXT_MAX];
    int64_t at_ms;
};

/* Settle the call's session, role and actor from the cookie. Errors with a problem: AP_EAUTH, those
 * of the store. Control loop's thread. */
AP_MUSTCHECK int api_session_identify(struct api_call *call, const struct http_request *request);

/* Begin a session and give its cookie with the answer, whose body is that of GET /session. By kind,
 * holder_id, invitation_id of session. On the writer. Errors: those of store_session_add(). */
AP_MUSTCHECK int api_session_begin(struct api_call *call, struct store_db *db,
                                   const struct store_session *session);

/* -- api_sign_in.c ----------------------------------------------------------------------------- */

/* Count a try at an account (name NULL: at what has none) from the call's source. Errors with a
 * problem: AP_ETHROTTLED, with Retry-After; AP_EBUSY no password can be looked at now, and nothing
 * was counted. *ret_tries: how many there were. Control loop's thread, as all of these. */
AP_MUSTCHECK int api_sign_in_begin(struct api_call *call, const char *name, uint32_t *ret_tries);
/* The same of what has a name alone: the source does not count. */
AP_MUSTCHECK int api_sign_in_begin_named(struct api_call *call, const char *name,
                                         uint32_t *ret_tries);
/* It was right. */
void api_sign_in_right(struct api_call *call, const char *name);
/* It was wrong: counted, and told to the log. */
void api_sign_in_wrong(struct api_call *call, const char *what);
/* Where the call comes from, for logs and rows. */
void api_sign_in_source(const struct api_call *call, char ret_text[static AP_ADDRESS_TEXT_MAX]);

/* -- api_password.c ---------------------------------------------------------------------------- */

/* What the job thread does for a call of API_PASSWORD, and what came of it. */
struct api_password {
    const char *checked; /* a secret; NULL: nothing is checked */
    const char *hash;    /* of what it should be; NULL: of nobody, which takes as long */
    const char *made_of; /* a secret: its hash is made, unless what is checked is wrong; or NULL */
    bool is_right;
    char made[STORE_ADMIN_HASH_MAX_BYTES + 1]; /* "" : none was */
    struct api_call *next;                     /* in the queue */
};

struct api_passwords {
    struct api_call *first, *last;
    size_t running, waiting;
    bool stopping;
};

/* Let the call's password be worked on, and then write it (api_run_write()); at once when there is
 * nothing to do. Control loop's thread. */
void api_password_start(struct api_call *call);
/* Would this one find no place? Of one source AP_ARGON2_SOURCE_MAX wait at most; all of this
 * machine are one. */
bool api_passwords_are_full(const struct api_call *call);
/* Answer those that wait; none waits from now on. */
void api_passwords_stop(struct api *api);
/* Is text fit to be the password of somebody called name? Errors with a problem of pointer. */
AP_MUSTCHECK int api_password_check(struct api_call *call, const char *pointer, const char *text,
                                    const char *name);

/* -- api_admin.c ------------------------------------------------------------------------------- */

/* Add an admin. Errors with a problem: AP_EEXIST. On the writer. */
AP_MUSTCHECK int api_admin_insert(struct api_call *call, struct store_db *db,
                                  const struct store_admin *admin,
                                  char ret_id[static STORE_ID_TEXT_MAX]);

/* -- what struct api has of it ----------------------------------------------------------------- */

struct api_door {
    struct sign_in_throttle *throttle;
    struct api_passwords passwords;
    struct api_touched touched[AP_SESSIONS_TOUCHED];
    size_t next_touched;
    uint64_t sign_ins, failed_sign_ins, activations; /* since the start */
};

#endif
