/* What the texts of a vendor file must be, and the words that it may choose from. */
#ifndef AUTOPROV_CATALOGUE_WORDS_H
#define AUTOPROV_CATALOGUE_WORDS_H

#include "strict_json.h"

extern const struct strict_json_text CATALOGUE_TEXT_TITLE, CATALOGUE_TEXT_ABOUT,
    CATALOGUE_TEXT_CHARACTERS, CATALOGUE_TEXT_ONE_CHARACTER, CATALOGUE_TEXT_CONTENT_TYPE,
    CATALOGUE_TEXT_URL, CATALOGUE_TEXT_EVENT, CATALOGUE_TEXT_AGENT, CATALOGUE_TEXT_CN,
    CATALOGUE_TEXT_OUI, CATALOGUE_TEXT_RESERVED, CATALOGUE_TEXT_MODEL, CATALOGUE_TEXT_MODEL_CODE,
    CATALOGUE_TEXT_TEMPLATE, CATALOGUE_TEXT_CODE, CATALOGUE_TEXT_PATTERN, CATALOGUE_TEXT_ZONE_RULE;

/* In the order of enum mac_form, dialect_escape, dialect_charset; the second of the last is CR LF.
 * Each ends with NULL. */
extern const char *const CATALOGUE_WORDS_MAC_CASES[], *const CATALOGUE_WORDS_ESCAPES[],
                                                          *const CATALOGUE_WORDS_CHARSETS[],
                                                              *const CATALOGUE_WORDS_LINE_ENDS[];
/* In the order of enum sip_pnp_form. */
extern const char *const CATALOGUE_WORDS_PNP_FORMS[];
/* In the order of enum catalogue_role. */
extern const char *const CATALOGUE_WORDS_ROLES[];

/* Letters, digits, '_', '.' and '-' only. */
bool catalogue_is_wild_word(const char *text, size_t len);

#endif
