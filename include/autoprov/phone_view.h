/* What a template sees of a phone: prepared values, nothing left to compute. */
#ifndef AUTOPROV_PHONE_VIEW_H
#define AUTOPROV_PHONE_VIEW_H

#include <stdbool.h>

#include "autoprov/arena.h"
#include "autoprov/catalogue.h"
#include "autoprov/err.h"
#include "autoprov/store_object.h"
#include "autoprov/store_setting.h"
#include "autoprov/template.h"
#include "autoprov/token.h"
#include "autoprov/value.h"
#include "autoprov/variable.h"

/* What the values are made from. Everything is borrowed until the view is gone. */
struct phone_view_source {
    const struct catalogue *catalogue;
    const struct catalogue_vendor *vendor;
    const struct catalogue_model *model;  /* NULL: not in the catalogue */
    const struct store_phone *phone;      /* with lines, settings and keys; NULL: a common file */
    const struct store_setting *settings; /* of a common file; else NULL: the phone's */
    size_t setting_count;
    const char *public_url;     /* "https://HOST[:PORT]"; "" when unknown: URLs are then empty */
    const char *prefix;         /* "/provision" */
    const struct token *token;  /* the folder; NULL: flat. Not told to a vendor that is flat_only */
    const struct template *url; /* the vendor's URL form (catalogue's "url"), or NULL */
    bool withhold_secrets;      /* a mark in the place of each secret but the token */
    bool mask_secrets; /* "********" in the place of each secret but URLs, which lose their token */
};

/* *ret_view: borrowed from arena and source until either is gone. Names: the table of variable.h.
 * Errors: AP_ENOMEM; AP_EINVAL a value that the vendor's files cannot carry, with a line. */
AP_MUSTCHECK int phone_view_build(const struct phone_view_source *source, struct arena *arena,
                                  struct value *ret_view, struct ap_error *error);

/* Can the vendor's files carry everything that the phone has: display names, passwords, labels,
 * keys, settings? dialect: of the vendor's config file.
 * Errors: AP_EINVAL with a line that names the value, not what is in it. */
AP_MUSTCHECK int phone_view_check(const struct catalogue_vendor *vendor,
                                  const struct store_phone *phone, struct ap_error *error);

/* The same for one of its parts, before it is part of a phone. account: password may be NULL. */
AP_MUSTCHECK int phone_view_check_account(const struct catalogue_vendor *vendor,
                                          const struct store_account *account,
                                          struct ap_error *error);
AP_MUSTCHECK int phone_view_check_key(const struct catalogue_vendor *vendor,
                                      const struct store_key *key, struct ap_error *error);
AP_MUSTCHECK int phone_view_check_setting(const struct catalogue_vendor *vendor,
                                          const struct store_setting *setting,
                                          struct ap_error *error);
AP_MUSTCHECK int phone_view_check_user(const struct catalogue_vendor *vendor,
                                       const struct store_user *user, struct ap_error *error);

/* Check every name that a template uses, in what it includes too, against the table of variables.
 * part: a partial or parent, whose places are not known: every level counts as open.
 * found: called for each unknown one with "NAME:LINE:COL: unknown variable …".
 * Errors: AP_EINVAL at least one; AP_ERANGE nested too deeply. */
AP_MUSTCHECK int phone_view_check_names(const struct template *template, bool part,
                                        void (*found)(void *data, const char *line), void *data);

/* A made-up phone with two lines, five keys and some settings, for checks without a database.
 * Static. */
const struct store_phone *phone_view_sample(void);

#endif
