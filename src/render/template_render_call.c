/* Calls of templates, blocks and their overrides, and the indentation of what they write. Knows no
 * names and no values. */
#include "template_render.h"

#include <string.h>

/* -- indentation ------------------------------------------------------------------------------- */

int template_render_indent(struct renderer *r)
{
    size_t i = r->indent_first > r->indent_written ? r->indent_first : r->indent_written;
    int err = 0;

    r->indent_written = 0;
    for (; err == 0 && i < r->indent_count; i++)
        err = buf_append(r->out, r->indents[i].text, r->indents[i].len);
    return err;
}

int template_render_lines(struct renderer *r, const char *line, size_t len, bool begins)
{
    int err = 0;

    while (err == 0 && len > 0) {
        const char *newline = memchr(line, '\n', len);
        size_t step = newline ? (size_t)(newline - line) + 1 : len;
        bool is_empty = *line == '\n' || (*line == '\r' && line + 1 == newline);
        if (begins && is_empty)
            r->indent_written = 0;
        else if (begins)
            err = template_render_indent(r);
        if (err == 0)
            err = buf_append(r->out, line, step);
        begins = true;
        line += step;
        len -= step;
    }
    return err;
}

/* -- calls ------------------------------------------------------------------------------------- */

/* A frame for what comes back to where it was called, or NULL. */
static struct template_frame *push_call(struct renderer *r, enum template_frame_kind kind,
                                        const struct template_op *op, uint32_t return_to)
{
    struct template_frame *frame = template_render_push(r, kind);

    if (!frame)
        return NULL;
    frame->indent_first = r->indent_first;
    frame->indent_count = r->indent_count;
    frame->template = r->template;
    frame->op = op;
    frame->return_to = return_to;
    return frame;
}

static void add_indent(struct renderer *r, const struct template_op *op)
{
    const struct template_call *call = &r->template->calls[op->call];

    if (op->layout == TEMPLATE_INLINE)
        r->indent_first = r->indent_count;
    else if (call->indent_len > 0)
        r->indents[r->indent_count++] =
            (struct indent){.text = call->indent, .len = call->indent_len};
}

static int call(struct renderer *r, const struct template_op *op)
{
    const struct template *target = r->template->calls[op->call].target;
    uint32_t next = op->kind == TEMPLATE_PARENT ? op->jump : r->at + 1;

    if (!target) {
        r->at = next;
        return 0;
    }
    if (!push_call(r, TEMPLATE_IN_CALL, op, next))
        return AP_ERANGE;
    add_indent(r, op);
    r->template = target;
    r->steps += target->op_count;
    r->at = 0;
    return 0;
}

static int enter_block(struct renderer *r, const struct template_op *op)
{
    size_t owner;
    const struct template_op *override =
        template_find_override(r->frames, r->top, op, &owner, &r->steps);
    struct template_frame *frame;

    if (!override) {
        r->at++;
        return 0;
    }
    frame = push_call(r, TEMPLATE_IN_OVERRIDE, override, r->at);
    if (!frame)
        return AP_ERANGE;
    frame->owner = (uint32_t)owner;
    frame->begin = r->out->len;
    add_indent(r, op);
    r->template = r->frames[owner].template;
    r->at = (uint32_t)(override - r->template->ops) + 1;
    r->steps += override->jump - r->at;
    /* The override's first line begins in the middle of one of its text, or the block's does. */
    if (op->layout == TEMPLATE_HANGING && override->layout == TEMPLATE_LINES)
        r->indent_written = r->indent_count;
    else if (op->layout == TEMPLATE_LINES && override->layout != TEMPLATE_LINES &&
             override[1].kind != TEMPLATE_OVERRIDE_END)
        return template_render_indent(r);
    return 0;
}

static void end_call(struct renderer *r)
{
    const struct template_frame *frame = &r->frames[r->top--];

    r->template = frame->template;
    r->at = frame->return_to;
    r->indent_first = frame->indent_first;
    r->indent_count = frame->indent_count;
}

/* Back to the block. Of one that stands alone on its line the line ends where the override did not
 * end it; an override that wrote nothing leaves no empty line. */
static int end_override(struct renderer *r)
{
    size_t begin = r->frames[r->top].begin;
    const struct buf *out = r->out;

    end_call(r);
    r->indent_written = 0;
    const struct template_op *block = &r->template->ops[r->at];
    const struct template_call *site = &r->template->calls[block->call];
    r->at = block->jump;
    if (site->newline_len == 0 || out->len == begin || out->data[out->len - 1] == '\n')
        return 0;
    return buf_append(r->out, site->newline, site->newline_len);
}

int template_render_go(struct renderer *r, const struct template_op *op)
{
    switch (op->kind) {
    case TEMPLATE_CALL:
    case TEMPLATE_PARENT:
        return call(r, op);
    case TEMPLATE_BLOCK:
        return enter_block(r, op);
    case TEMPLATE_OVERRIDE_END:
        return end_override(r);
    case TEMPLATE_RETURN:
        end_call(r);
        return 0;
    default: /* the end of a block's own content */
        r->at++;
        return 0;
    }
}
