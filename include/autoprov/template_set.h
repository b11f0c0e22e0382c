/* All templates, compiled and linked: the shipped folder with the admin's folder laid over it. */
#ifndef AUTOPROV_TEMPLATE_SET_H
#define AUTOPROV_TEMPLATE_SET_H

#include <stddef.h>

#include "autoprov/err.h"
#include "autoprov/template.h"

struct template_set;

/* Compile the templates of shipped_folder: files whose names begin with a letter or a digit and end
 * in .xml, .cfg, .txt, .json or .conf. A file of the same name in custom_folder is taken in its
 * place, and its further files are added. Then link them: partials and parents are named by file
 * name, extension included. custom_folder may be absent, shipped_folder not.
 * *ret_set: caller owns, immutable, any number of threads.
 * Errors, each with one line "FILE:LINE:COL: …" or naming the folder: AP_ENOENT (also a partial or
 * parent that is not there), AP_EPERM, AP_EIO, AP_ESYNTAX, AP_ERANGE, AP_ENOMEM. */
AP_MUSTCHECK int template_set_load(const char *shipped_folder, const char *custom_folder,
                                   struct template_set **ret_set, struct ap_error *error);
void template_set_free(struct template_set *set);

/* By file name ("linphone.xml"). NULL: none. */
const struct template *template_set_find(const struct template_set *set, const char *file);

/* In the order of file names; NULL behind the last. */
const struct template *template_set_at(const struct template_set *set, size_t index,
                                       const char **ret_file);

#endif
