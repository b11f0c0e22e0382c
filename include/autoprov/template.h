/* Mustache templates: compiled once to a flat program, immutable, shared by all workers.
 *
 * Implemented of the specification 1.4: interpolation (escaped, triple and ampersand), dotted
 * names, the implicit iterator, sections, inverted sections, comments, standalone lines. Partials,
 * set-delimiter tags and inheritance are refused as not supported. */
#ifndef AUTOPROV_TEMPLATE_H
#define AUTOPROV_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/value.h"

/* How {{name}} is written. {{{name}}} and {{&name}} are written as they are. */
enum template_escape {
    TEMPLATE_ESCAPE_XML,  /* & < > " ' as references; characters that XML 1.0 (2.2) forbids are
                             dropped, so is what is no UTF-8 */
    TEMPLATE_ESCAPE_NONE, /* for tests of the specification's raw parts */
};

struct template;

/* name: for messages ("templates/linphone.xml"), copied. text: len bytes, borrowed for the call.
 * *ret_template: caller owns, free with template_free(); immutable, any number of threads.
 * Errors: AP_ESYNTAX with "NAME:LINE:COL: …" (first error; text must be UTF-8); AP_ERANGE larger
 * than AP_TEMPLATE_MAX_BYTES or deeper than AP_TEMPLATE_MAX_DEPTH; AP_ENOMEM. */
AP_MUSTCHECK int template_compile(const char *name, const char *text, size_t len,
                                  enum template_escape escape, struct template **ret_template,
                                  struct ap_error *error);
void template_free(struct template *template);

/* Append the rendering of root to out. No allocation but out's growth; out should be made with
 * its ceiling. Deterministic. On error out's content is undefined.
 * Errors: AP_ERANGE above out's ceiling or AP_TEMPLATE_MAX_STEPS; AP_ENOMEM. */
AP_MUSTCHECK int template_render(const struct template *template, const struct value *root,
                                 struct buf *out);

/* Call visit for each variable and section name in the order of the text (line and column from 1),
 * with the section path it stands in: for checks against the known names.
 * Returns visit's first non-zero result, else 0. */
struct template_name {
    const char *name; /* as written, dots included; not NUL-terminated */
    size_t name_len;
    const char *section; /* innermost open section's name, or NULL at the top; not NUL-terminated */
    size_t section_len;
    bool opens_section;
    unsigned line, column;
};
int template_each_name(const struct template *template,
                       int (*visit)(void *data, const struct template_name *name), void *data);

const char *template_name(const struct template *template);

#endif
