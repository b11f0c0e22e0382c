/* The files of one phone: which rows of the catalogue are its own, and under which names. */
#ifndef AUTOPROV_PHONE_FILE_H
#define AUTOPROV_PHONE_FILE_H

#include "autoprov/arena.h"
#include "autoprov/catalogue.h"
#include "autoprov/err.h"

/* The next row behind after (NULL: the first) that is served to a phone of this model (NULL: not in
 * the catalogue), common files left out; NULL behind the last. The first one is its own file. */
const struct catalogue_file *phone_file_next(const struct catalogue_vendor *vendor,
                                             const struct catalogue_model *model,
                                             const struct catalogue_file *after);

/* The name that the phone asks for, borrowed from arena: MAC in the vendor's form; {model} as the
 * catalogue writes it.
 * Errors: AP_ENOENT the pattern has a part that is not known ({any}, {model} of an unknown model);
 * AP_ENOMEM. */
AP_MUSTCHECK int phone_file_name(const struct catalogue_vendor *vendor,
                                 const struct catalogue_model *model,
                                 const struct catalogue_file *file,
                                 const uint8_t mac[static AP_MAC_LEN], struct arena *arena,
                                 const char **ret_name);

/* The same for people: the pattern where the name is not known. */
const char *phone_file_shown(const struct catalogue_vendor *vendor,
                             const struct catalogue_model *model, const struct catalogue_file *file,
                             const uint8_t mac[static AP_MAC_LEN], struct arena *arena);

#endif
