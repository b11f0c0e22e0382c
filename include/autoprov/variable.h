/* The table of variables: what templates see, and which of it an admin sets.
 *
 * One table drives input checks, masking, the check of templates' names and docs/templates.md. */
#ifndef AUTOPROV_VARIABLE_H
#define AUTOPROV_VARIABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/catalogue.h"
#include "autoprov/err.h"
#include "autoprov/store_setting.h"

/* Where a variable stands: at the top, or inside a section of the list or object that opens it. */
enum variable_level {
    VARIABLE_TOP,
    VARIABLE_USER,
    VARIABLE_DST,
    VARIABLE_CODEC,
    VARIABLE_LINE,
    VARIABLE_KEY,
    VARIABLE_RAW,
    VARIABLE_LEVEL_COUNT
};

enum variable_type {
    VARIABLE_TEXT,
    VARIABLE_FLAG,
    VARIABLE_NUMBER,
    VARIABLE_HOST,      /* host name or address */
    VARIABLE_CHOICE,    /* one of choices */
    VARIABLE_TIME_ZONE, /* IANA name of the catalogue's table */
    VARIABLE_LANGUAGE,  /* BCP 47: two or three letters, perhaps '-' and a region */
    VARIABLE_CODECS,    /* RTP names with commas between: "G722,PCMA,PCMU" */
    VARIABLE_DIAL,      /* digits and +*#.-_ letters: what a phone dials */
    VARIABLE_PASSWORD,
    VARIABLE_LIST,
    VARIABLE_OBJECT,
};

struct variable {
    enum variable_level level;
    const char *name; /* "is_key_N", "is_NAME": N is a number, NAME a codec's */
    enum variable_type type;
    enum variable_level opens; /* of a list or object; VARIABLE_TOP: of no other type */
    uint64_t min, max;         /* of a number; of texts, bytes */
    const char *default_value; /* of a setting; NULL: none */
    const char *choices;       /* of a choice, with blanks between; else NULL */
    bool setting;              /* an admin sets it (autoprovctl setting set) */
    bool secret;               /* sealed, masked, never in common files */
    const char *meaning;       /* for people: a phrase */
};

/* All of them, level by level; NULL behind the last. */
const struct variable *variable_at(size_t index);

/* name: len bytes. NULL: unknown at that level. */
const struct variable *variable_find(enum variable_level level, const char *name, size_t len);

/* -- settings ---------------------------------------------------------------------------------- */

#define VARIABLE_SETTING_COUNT 8
/* Settings of this prefix are passed through to the vendor's file by name. */
#define VARIABLE_RAW_PREFIX "raw."

/* The settings in the order of the table: index < VARIABLE_SETTING_COUNT. */
const struct variable *variable_setting_at(size_t index);
/* Index of a setting. Errors: AP_ENOENT no such variable, or none that is set. */
AP_MUSTCHECK int variable_setting_find(const char *name, size_t *ret_index);

/* Is value one of the variable's? Errors: AP_EINVAL, AP_ERANGE with a phrase that holds no value of
 * a secret. */
AP_MUSTCHECK int variable_check(const struct variable *variable, const struct catalogue *catalogue,
                                const char *value, struct ap_error *error);

/* Can name, what stands behind "raw.", be the name of a setting in files of the dialect? In XML an
 * element's name; in text no separator. Errors: AP_EINVAL with a phrase. */
AP_MUSTCHECK int variable_check_raw(const struct dialect *dialect, const char *name,
                                    struct ap_error *error);

/* Is what stands behind "raw." a secret, by its name ("account.1.password")? Better one too many.
 */
bool variable_raw_is_secret(const char *name);

/* A setting as it holds for a phone, and where it comes from. */
struct variable_value {
    const char *value; /* NULL: set nowhere, and without default */
    bool is_default;
    enum store_scope scope; /* unless default or NULL */
};

/* Resolve global < vendor < model < site < user < phone. Values are borrowed from settings. Names
 * that are no settings any more are passed over. */
void variable_resolve(const struct store_setting *settings, size_t count,
                      struct variable_value ret_values[static VARIABLE_SETTING_COUNT]);

#endif
