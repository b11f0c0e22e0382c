/* Private to api*.c: networks, flat mode, secrets, enrolment windows and HTTP credentials of phones
 * and users, as members of bodies and answers. */
#ifndef AUTOPROV_API_ACCESS_H
#define AUTOPROV_API_ACCESS_H

#include <jansson.h>

#include "autoprov/store_access.h"
#include "autoprov/store_object.h"

struct api_call;

/* -- api_access.c ------------------------------------------------------------------------------ */

/* Networks as the store keeps them ("a,b"; NULL or "": none), as a list. NULL without memory. */
json_t *api_networks_json(const char *networks);
/* The other way round. Errors: AP_EINVAL, AP_ERANGE with a problem of /networks. */
AP_MUSTCHECK int api_join_networks(struct api_call *call, const json_t *list,
                                   const char **ret_networks);
/* The same for a member that may be absent (list NULL: as it is), and for whom none is NULL. */
AP_MUSTCHECK int api_settle_networks(struct api_call *call, const json_t *list,
                                     const char **networks);

/* -- api_auth.c -- */

struct api_auth_fields {
    const char *password; /* NULL: not given, or null */
    bool make;
    const char *made; /* filled by api_settle_auth(); NULL: none */
};
/* Errors: AP_EINVAL with a problem. */
AP_MUSTCHECK int api_settle_auth(struct api_call *call, struct api_auth_fields *fields,
                                 struct store_auth *auth);
/* Add what a phone shows of it to object. Errors: AP_ENOMEM. */
AP_MUSTCHECK int api_auth_show(const struct store_phone *phone, json_t *object);

/* -- api_access.c -- */

/* Members of a phone's body; NULL: not given. */
struct api_access_fields {
    const char *flat, *secrets; /* "": the configuration's */
    json_t *networks;
    struct api_auth_fields auth;
};
/* How long an enrolment window is open, in seconds: "for" of a body. */
#define API_WINDOW_S     900
#define API_WINDOW_MAX_S 86400
/* Its end, UTC seconds; 0 for 0. Errors: AP_EINVAL with a problem of /for. */
AP_MUSTCHECK int api_settle_window(struct api_call *call, struct store_db *db, uint64_t seconds,
                                   int64_t *ret_until);
AP_MUSTCHECK int api_settle_access(struct api_call *call, struct api_access_fields *fields,
                                   struct store_access *access);
/* The members that a phone shows of it. NULL without memory. */
json_t *api_access_json(const struct store_access *access);

#endif
