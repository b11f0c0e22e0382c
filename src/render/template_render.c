/* Program and values to text. Allocates nothing but the output's growth. Knows no template text. */
#include "autoprov/template.h"

#include "autoprov/limits.h"
#include "template_private.h"

/* One open section, or the root at the bottom. An inverted section repeats the context below. */
struct frame {
    const struct value *context;
    const struct value *list; /* NULL: no loop */
    size_t index;
};

struct renderer {
    const struct template *template;
    struct buf *out;
    struct frame frames[AP_TEMPLATE_MAX_DEPTH + 1];
    size_t top;
};

/* The first part is looked up from the innermost context outwards, the others inside what it
 * found only. NULL: no such name. */
static const struct value *look_up(const struct renderer *r, const struct template_op *op)
{
    const struct template_part *parts;
    const struct value *value = NULL;

    if (op->part_count == 0)
        return r->frames[r->top].context;
    parts = &r->template->parts[op->first_part];
    for (size_t i = r->top + 1; !value && i-- > 0;)
        value = value_find(r->frames[i].context, parts[0].text, parts[0].len);
    for (uint32_t i = 1; value && i < op->part_count; i++)
        value = value_find(value, parts[i].text, parts[i].len);
    return value;
}

static bool is_truthy(const struct value *value)
{
    if (!value)
        return false;
    switch (value->kind) {
    case VALUE_NULL:
        return false;
    case VALUE_TEXT:
    case VALUE_LIST:
        return value->len > 0;
    default:
        return true;
    }
}

static int write_value(struct renderer *r, const struct template_op *op)
{
    const struct value *value = look_up(r, op);
    enum template_escape escape = op->kind == OP_RAW ? TEMPLATE_ESCAPE_NONE : r->template->escape;

    if (value && value->kind == VALUE_TEXT)
        return escape_append(escape, value->as.text, value->len, r->out);
    if (value && value->kind == VALUE_TRUE)
        return buf_append_text(r->out, "true");
    return 0;
}

/* Returns where to go on. */
static size_t enter_section(struct renderer *r, const struct template_op *op, size_t at)
{
    const struct value *value = look_up(r, op);
    struct frame frame = {.context = value};

    if (is_truthy(value) != (op->kind == OP_SECTION))
        return op->jump;
    if (op->kind == OP_INVERTED) {
        frame.context = r->frames[r->top].context;
    } else if (value->kind == VALUE_LIST) {
        frame.list = value;
        frame.context = &value->as.items[0];
    }
    r->frames[++r->top] = frame;
    return at + 1;
}

static size_t end_section(struct renderer *r, const struct template_op *op, size_t at)
{
    struct frame *frame = &r->frames[r->top];

    if (frame->list && ++frame->index < frame->list->len) {
        frame->context = &frame->list->as.items[frame->index];
        return op->jump;
    }
    r->top--;
    return at + 1;
}

int template_render(const struct template *template, const struct value *root, struct buf *out)
{
    struct renderer r = {.template = template, .out = out};
    int err = 0;

    r.frames[0].context = root;
    for (size_t at = 0, steps = 0; err == 0 && at < template->op_count; steps++) {
        const struct template_op *op = &template->ops[at];
        if (steps == AP_TEMPLATE_MAX_STEPS)
            return AP_ERANGE;
        switch (op->kind) {
        case OP_TEXT:
            err = buf_append(out, op->text, op->len);
            at++;
            break;
        case OP_SECTION:
        case OP_INVERTED:
            at = enter_section(&r, op, at);
            break;
        case OP_END:
            at = end_section(&r, op, at);
            break;
        default:
            err = write_value(&r, op);
            at++;
            break;
        }
    }
    return err;
}
