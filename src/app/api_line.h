/* Private to api*.c: lines of a phone that is written. */
#ifndef AUTOPROV_API_LINE_H
#define AUTOPROV_API_LINE_H

#include <jansson.h>

#include "autoprov/err.h"
#include "autoprov/store_object.h"

struct api_call;

/* The accounts that list names become lines 1, 2, … in its order; list NULL: all of the user with
 * phone->user_id, the oldest first. From the call's arena. Errors with a problem: AP_ENOENT,
 * AP_EINVAL, AP_ERANGE. */
AP_MUSTCHECK int api_settle_lines(struct api_call *call, struct store_db *db, const json_t *list,
                                  struct store_phone *phone);

/* err of a phone that was written, with a problem for AP_ERANGE, which only the store can count. */
int api_tell_range(struct api_call *call, int err);

#endif
