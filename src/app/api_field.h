/* Private to api*.c: typed members of JSON bodies. */
#ifndef AUTOPROV_APP_API_FIELD_H
#define AUTOPROV_APP_API_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

struct api_call;

enum api_field_type {
    /* [A-Za-z0-9._@-], AP_NAME_MAX_BYTES, not "." or "..": user, vendor, model, external id */
    API_FIELD_NAME,
    API_FIELD_TEXT,     /* UTF-8 without control characters, AP_TEXT_MAX_BYTES */
    API_FIELD_DOMAIN,   /* host name or IPv4 address: part of a path, so without brackets */
    API_FIELD_HOST,     /* host name or address */
    API_FIELD_PROXY,    /* the same with an optional ":port" */
    API_FIELD_SIP_USER, /* user part of a SIP URI: unreserved and "+*!"; not "." or ".." */
    API_FIELD_PASSWORD, /* UTF-8 without control characters, 1..AP_PASSWORD_MAX_BYTES */
    API_FIELD_NUMBER,
    API_FIELD_BOOL,
    API_FIELD_LIST,     /* json_t *, borrowed; the caller checks the items */
    API_FIELD_OBJECT,   /* the same of an object */
    API_FIELD_TEMPLATE, /* const char *, any text up to AP_TEMPLATE_MAX_BYTES */
    API_FIELD_RAW,      /* const char *, any text up to AP_CUSTOM_OPTIONS_MAX_BYTES */
};

/* One member of a body: where it goes. Targets by type: const char *, uint64_t, bool, json_t *.
 * What the body does not have is left as it is. */
struct api_field {
    const char *name;
    enum api_field_type type;
    bool required;
    bool may_be_empty; /* of strings */
    bool may_be_null;  /* of strings: null is none, and NULL goes to the target */
    uint64_t min, max; /* of numbers */
    void *target;
};

/* Read every member of the body; unknown members and wrong types are refused with a pointer. */
AP_MUSTCHECK int api_read_fields(struct api_call *call, const struct api_field *fields,
                                 size_t count);

/* Check one text as a field of that type would be: 0, or AP_EINVAL or AP_ERANGE. */
AP_MUSTCHECK int api_check_text(enum api_field_type type, const char *text, size_t len);

/* What a text of that type may be, for people. Static. */
const char *api_rule_of(enum api_field_type type);

#endif
