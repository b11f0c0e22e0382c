/* Mustache templates, specification 1.4 with inheritance, without lambdas and dynamic names.
 *
 * Compiled once to a flat program and linked to the templates that it names; from then on immutable
 * and shared by all workers. How values are escaped is no property of a template but of the
 * rendering: a partial works in XML and in text alike. */
#ifndef AUTOPROV_TEMPLATE_H
#define AUTOPROV_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/buf.h"
#include "autoprov/dialect.h"
#include "autoprov/err.h"
#include "autoprov/value.h"

struct template;

/* name: for messages ("templates/linphone.xml"), copied. text: len bytes, borrowed for the call.
 * *ret_template: caller owns, free with template_free(). Must be linked before it is rendered.
 * Errors: AP_ESYNTAX with "NAME:LINE:COL: …" (first error; text must be UTF-8); AP_ERANGE larger
 * than AP_TEMPLATE_MAX_BYTES or deeper than AP_TEMPLATE_MAX_DEPTH; AP_ENOMEM. */
AP_MUSTCHECK int template_compile(const char *name, const char *text, size_t len,
                                  struct template **ret_template, struct ap_error *error);
void template_free(struct template *template);

/* Tell found every error of a text, 100 at most, each as "NAME:LINE:COL: …", in the order of lines
 * but for what only the end shows. For `template check`; data is handed to found.
 * Errors: those of template_compile(), of the first one found. */
int template_check_text(const char *name, const char *text, size_t len,
                        void (*found)(void *data, const char *line), void *data);

/* The template that a partial or parent tag names (not NUL-terminated), or NULL. */
typedef const struct template *(*template_find_fn)(void *data, const char *name, size_t len);

/* Resolve the names of partials ({{>name}}) and parents ({{<name}}…{{/name}}). What find returns
 * must live as long as template, and be linked before anything is rendered; a template may find
 * itself. missing_is_empty: as the specification says; else a missing one is an error.
 * Errors: AP_ENOENT with "NAME:LINE:COL: …". */
AP_MUSTCHECK int template_link(struct template *template, template_find_fn find, void *data,
                               bool missing_is_empty, struct ap_error *error);

/* Append the rendering of root to out. No allocation but out's growth; out should be made with
 * its ceiling. Deterministic. On error out's content is undefined.
 * {{name}} is written by dialect_append(), {{{name}}} and {{&name}} as they are.
 * Line ends are those of the template. The character set is UTF-8: see dialect_convert().
 * Errors: AP_ERANGE above out's ceiling, AP_TEMPLATE_MAX_STEPS or AP_TEMPLATE_MAX_DEPTH (of calls
 * and sections together); AP_EINVAL a value that the dialect cannot carry; AP_ENOMEM. */
AP_MUSTCHECK int template_render(const struct template *template, const struct dialect *dialect,
                                 const struct value *root, struct buf *out);

/* Walk all names of values and sections that template uses, in the order of the text, those of
 * templates that it calls included (each once per place it is called from; recursion is not
 * followed). For checks against the known names: visit gets the names of all open sections, from
 * the outermost on, through calls.
 * A block is walked with the override that counts, in place of its own content.
 * Returns visit's first non-zero result, else 0. Errors: AP_ERANGE nested too deeply, or more than
 * AP_TEMPLATE_MAX_STEPS. */
struct template_name {
    const struct template *template; /* the one that the name stands in */
    const char *name;                /* as written, dots included; not NUL-terminated */
    size_t name_len;
    bool opens_section;
    unsigned line, column; /* from 1 */
    const struct template_scope *scopes;
    size_t scope_count;
};
struct template_scope {
    const char *name; /* of the open section, as written; not NUL-terminated */
    size_t name_len;
    bool inverted; /* pushes nothing */
};
int template_each_name(const struct template *template,
                       int (*visit)(void *data, const struct template_name *name), void *data);

const char *template_name(const struct template *template);

#endif
