/* What a template sees of a phone: prepared values, nothing left to compute. */
#ifndef AUTOPROV_PHONE_VIEW_H
#define AUTOPROV_PHONE_VIEW_H

#include "autoprov/arena.h"
#include "autoprov/err.h"
#include "autoprov/store_object.h"
#include "autoprov/template.h"
#include "autoprov/value.h"

/* base_url: the phone's folder URL with its '/' at the end ("" when unknown): becomes
 * provisioning_base_url, and with the phone's file name provisioning_url.
 * *ret_view: borrowed from arena and phone until either is gone. Names: docs/templates.md.
 * Errors: AP_ENOMEM. */
AP_MUSTCHECK int phone_view_build(const struct store_phone *phone, const char *base_url,
                                  struct arena *arena, struct value *ret_view);

/* Check every name that a template uses against the names that phone_view_build() gives.
 * Errors: AP_EINVAL with "NAME:LINE:COL: unknown variable …" for the first one. */
AP_MUSTCHECK int phone_view_check_names(const struct template *template, struct ap_error *error);

/* A phone with two lines and made-up values, for checks without a database. Static. */
const struct store_phone *phone_view_sample(void);

#endif
