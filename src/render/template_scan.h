/* Private to src/render/: the tags of a template's text, paired, with what vanishes around them. */
#ifndef AUTOPROV_TEMPLATE_SCAN_H
#define AUTOPROV_TEMPLATE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"
#include "template_private.h"

/* A file with more errors is no template; the search for them ends here. */
#define SCAN_ERRORS_MAX 100

/* Where errors go: the first one's code and line are kept, found (may be NULL) gets every line. */
struct scan_report {
    const char *name; /* of the text, for "NAME:LINE:COL: …" */
    struct ap_error *error;
    void (*found)(void *data, const char *line);
    void *data;
    unsigned count;
    int err; /* 0: none yet */
};

/* line 0: an error of the whole text. */
void scan_report_add(struct scan_report *report, int code, uint32_t line, uint32_t column,
                     const char *fmt, ...) AP_PRINTF(5, 6);

struct scan_tag {
    const char *begin, *end;         /* with its delimiters */
    const char *cut_begin, *cut_end; /* with what vanishes beside it */
    char sign;                       /* '#' '^' '/' '>' '<' '$' '&' '!' '='; 0: a plain name */
    bool vanishes;                   /* with its whole line */
    bool overrides;                  /* a block that stands directly in a parent */
    uint8_t layout;                  /* enum template_layout, of '>' '<' '$' */
    const char *name;
    uint32_t name_len;
    uint32_t line, column;
    uint32_t pair; /* the tag that closes this one, or that it closes */
    /* '>', '<': what every line of the called one gets in front. '$': the same for the lines of an
     * override; of an override itself what its own lines have in front. */
    const char *indent;
    uint32_t indent_len;
    const char *newline; /* '$' alone on its line: the line's end */
    uint32_t newline_len;
};

struct scan {
    const char *text, *end; /* borrowed */
    struct scan_tag *tags;
    size_t count, cap;
};

/* Fill scan, which is all zero but for text and end. Tells report what is wrong with the text; the
 * tags are complete only if it was nothing. */
void scan_text(struct scan *scan, struct scan_report *report);

/* Set what vanishes, and how called ones are laid out. After scan_text() without errors. */
void scan_lay_out(struct scan *scan);

void scan_done(struct scan *scan);

#endif
