/* Private to src/render/: a rendering on its way, shared by the loop over texts, values and
 * sections (template_render.c) and by calls and their indentation (template_render_call.c). */
#ifndef AUTOPROV_TEMPLATE_RENDER_H
#define AUTOPROV_TEMPLATE_RENDER_H

#include "dialect_private.h"
#include "template_private.h"

struct indent {
    const char *text;
    size_t len;
};

struct renderer {
    struct dialect_writer writer;
    struct buf *out;
    const struct template *template;   /* the one that runs */
    uint32_t at;                       /* index of the op that goes on, outside of run_here() */
    size_t steps;                      /* ops that were run twice or more, or in a call */
    const struct value_record *record; /* the innermost object; NULL: it is no record */
    /* frames[0] is the root; a call repeats the context below. */
    struct template_frame frames[AP_TEMPLATE_MAX_DEPTH + 1];
    size_t top;
    /* In front of every line go [indent_first, indent_count). */
    struct indent indents[AP_TEMPLATE_MAX_DEPTH];
    uint8_t indent_first, indent_count;
    uint8_t indent_written; /* the next line has those below this one already */
};

/* What every tag does is one loop; what few do is kept out, or each turn would save and restore
 * registers for it. Together that halves the time of a rendering (tests/bench/render.sh). */
#define HOT  __attribute__((always_inline))
#define RARE __attribute__((noinline))

/* The new frame, with the context of the one below, or NULL. Frames are written member by member:
 * nearly all are those of sections, and most of a frame is of calls. */
static inline struct template_frame *template_render_push(struct renderer *r,
                                                          enum template_frame_kind kind)
{
    if (r->top == AP_TEMPLATE_MAX_DEPTH)
        return NULL;
    struct template_frame *frame = &r->frames[++r->top];
    frame->kind = (uint8_t)kind;
    frame->context = frame[-1].context;
    frame->object = frame[-1].object;
    frame->list = NULL;
    frame->index = 0;
    return frame;
}

/* -- template_render_call.c -- */

/* Run an op that leaves the program that runs or comes back to it; r->at: where to go on.
 * Errors: those of template_render(). */
AP_MUSTCHECK int template_render_go(struct renderer *r, const struct template_op *op);

/* What stands in front of a line. Errors: those of buf_append(). */
AP_MUSTCHECK int template_render_indent(struct renderer *r);
/* A text with its lines indented, its first as well if it begins one. Empty lines stay empty. */
AP_MUSTCHECK int template_render_lines(struct renderer *r, const char *line, size_t len,
                                       bool begins);

#endif
