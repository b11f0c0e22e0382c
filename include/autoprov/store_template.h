/* Templates that admins stored: texts by file name. The rules of store_object.h hold. */
#ifndef AUTOPROV_STORE_TEMPLATE_H
#define AUTOPROV_STORE_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/err.h"
#include "autoprov/store.h"

struct store_template {
    const char *id;
    const char *name; /* "linphone.xml"; unique */
    const char *text; /* not empty, AP_TEMPLATE_MAX_BYTES at most */
    int64_t changed_at;
    uint64_t version;
};

/* All of them, AP_TEMPLATES_STORED_MAX at most, with their texts, in the order of names. */
AP_MUSTCHECK int store_template_list(struct store_db *db, struct arena *arena,
                                     struct store_template **ret_templates, size_t *ret_count);
AP_MUSTCHECK int store_template_get(struct store_db *db, struct arena *arena, const char *name,
                                    struct store_template *ret_template);
/* Set or replace. Errors: AP_ERANGE there are AP_TEMPLATES_STORED_MAX others; AP_EINVAL an empty or
 * too long text. */
AP_MUSTCHECK int store_template_put(struct store_db *db, const char *name, const char *text);
AP_MUSTCHECK int store_template_del(struct store_db *db, const char *name);

#endif
