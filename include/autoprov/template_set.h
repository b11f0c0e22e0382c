/* All templates, compiled and linked: the shipped folder with the admin's folder laid over it. */
#ifndef AUTOPROV_TEMPLATE_SET_H
#define AUTOPROV_TEMPLATE_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/err.h"
#include "autoprov/template.h"

struct template_set;

/* Where a template in use comes from. */
enum template_source {
    TEMPLATE_SHIPPED,
    TEMPLATE_STORED,
    TEMPLATE_FILE, /* of the admin's folder */
    TEMPLATE_TRIAL,
};
/* "shipped", "stored", "file", "trial". */
const char *template_source_name(enum template_source source);

/* One that is no file. Borrowed for the call that takes it. */
struct template_text {
    const char *name; /* as that of a file */
    const char *text;
};

/* The first that has a name wins, in this order. */
struct template_sources {
    const struct template_text *trial; /* NULL: none */
    const char *custom_folder;         /* may be absent */
    const struct template_text *stored;
    size_t stored_count;
    const char *shipped_folder;
};

/* Compile the templates of shipped_folder: files whose names begin with a letter or a digit and end
 * in .xml, .cfg, .txt, .json or .conf. A file of the same name in custom_folder is taken in its
 * place, and its further files are added. Then link them: partials and parents are named by file
 * name, extension included. custom_folder may be absent, shipped_folder not.
 * *ret_set: caller owns, immutable, any number of threads.
 * Errors, each with one line "FILE:LINE:COL: …" or naming the folder: AP_ENOENT (also a partial or
 * parent that is not there), AP_EPERM, AP_EIO, AP_ESYNTAX, AP_ERANGE, AP_ENOMEM. */
AP_MUSTCHECK int template_set_load(const char *shipped_folder, const char *custom_folder,
                                   struct template_set **ret_set, struct ap_error *error);
/* The same with texts that are no files. A stored one that does not compile, or calls what is not
 * there, is passed over, and what is behind it is taken; so is a file of custom_folder that calls
 * one which was passed over. Errors of a trial are those of a file. */
AP_MUSTCHECK int template_set_load_all(const struct template_sources *sources,
                                       struct template_set **ret_set, struct ap_error *error);
void template_set_free(struct template_set *set);

/* Those that were passed over: false behind the last. Texts are borrowed from set. */
bool template_set_passed_over(const struct template_set *set, size_t index, const char **ret_file,
                              const char **ret_why);
/* Why that one was; NULL: it was not. */
const char *template_set_why(const struct template_set *set, const char *file);

/* May a template have that file name? */
bool template_set_is_name(const char *file);

/* By file name ("linphone.xml"). NULL: none. */
const struct template *template_set_find(const struct template_set *set, const char *file);

/* Of one that template_set_find() finds. */
enum template_source template_set_source(const struct template_set *set, const char *file);

/* In the order of file names; NULL behind the last. */
const struct template *template_set_at(const struct template_set *set, size_t index,
                                       const char **ret_file);

#endif
