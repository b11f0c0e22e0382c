/* Is a template fit for use? Every fault of it, with its place. */
#ifndef AUTOPROV_TEMPLATE_CHECK_H
#define AUTOPROV_TEMPLATE_CHECK_H

#include "autoprov/err.h"
#include "autoprov/rendering.h"

/* Called for each fault with one line: "FILE:LINE:COL: …", or "FILE: MODEL: …" of a rendering. */
typedef void (*template_fault_fn)(void *data, const char *line);

/* Check names, then render a sample phone for each vendor and model that uses the template of this
 * file name; what is XML must be well-formed (by expat), and so must what is left of a config file
 * without the lines that hold secrets. A bootstrap file must tell nothing of accounts, keys, people
 * and labels. Of a template that no vendor uses, a partial, names alone are checked.
 * *ret_renderings: of how many files, each of one vendor and model. Errors: AP_EINVAL at least one
 * fault; AP_ENOMEM. */
AP_MUSTCHECK int template_check(const struct rendering *rendering, const struct template *template,
                                const char *file, template_fault_fn found, void *data,
                                size_t *ret_renderings);

/* The first job in which the template of this file name is used, for vendor and model (NULL: any):
 * with a sample phone. Borrowed from rendering. Errors: AP_ENOENT no vendor uses it. */
AP_MUSTCHECK int template_check_job(const struct rendering *rendering, const char *file,
                                    const char *vendor, const char *model,
                                    struct rendering_job *ret_job);

#endif
