/* Private to api_template*.c. The template is what the path's first parameter names. */
#ifndef AUTOPROV_API_TEMPLATE_H
#define AUTOPROV_API_TEMPLATE_H

#include <jansson.h>

#include "api_private.h"

/* Those in use. */
static inline const struct template_set *api_template_set_of(const struct api_call *call)
{
    return call->snapshot->rendering->templates;
}

/* Errors: AP_ENOENT with a problem: no template may have that name. */
AP_MUSTCHECK int api_template_check_name(struct api_call *call);

/* The name is checked, and "text" of the body is read. Errors with a problem: of these. */
AP_MUSTCHECK int api_template_read(struct api_call *call, const char **ret_text);

/* Catalogue and templates as they would be with text as the template; NULL: without what is stored
 * of it. *ret_rendering: the caller's. Errors: those of rendering_load(), with a line; the store's,
 * AP_ENOMEM without one. */
AP_MUSTCHECK int api_template_load_with(struct api_call *call, struct store_db *db,
                                        const char *text, struct rendering **ret_rendering,
                                        struct ap_error *error);

struct api_template_problems {
    const struct api_call *call;
    json_t *list; /* of line, column and text */
};
/* All that is wrong with text goes to problems; *ret_renderings: so many were tried. Errors: the
 * store's, AP_ENOMEM. */
AP_MUSTCHECK int api_template_check_text(struct api_call *call, struct store_db *db,
                                         const char *text, struct api_template_problems *problems,
                                         size_t *ret_renderings);

#endif
