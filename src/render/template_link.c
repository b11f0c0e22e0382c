/* What a template calls: resolving the names of partials and parents, and walking a program through
 * them. Knows no values. */
#include "autoprov/template.h"

#include <assert.h>

#include "template_private.h"

#define SHOWN_MAX_BYTES 64 /* of a name, in a message */

int template_link(struct template *template, template_find_fn find, void *data,
                  bool missing_is_empty, struct ap_error *error)
{
    for (uint32_t i = 0; i < template->op_count; i++) {
        const struct template_op *op = &template->ops[i];
        if (op->kind != TEMPLATE_CALL && op->kind != TEMPLATE_PARENT)
            continue;
        const struct template *target = find(data, op->name, op->name_len);
        if (!target && !missing_is_empty)
            return ap_error_set(
                error, AP_ENOENT, "%s:%u:%u: there is no template '%.*s'", template->name,
                (unsigned)op->line, (unsigned)op->column,
                op->name_len < SHOWN_MAX_BYTES ? (int)op->name_len : SHOWN_MAX_BYTES, op->name);
        template->calls[op->call].target = target;
    }
    return 0;
}

/* A walk goes the way of a rendering, but once through every section. */
struct walk {
    const struct template *template;
    uint32_t at;
    size_t steps;
    struct template_frame frames[AP_TEMPLATE_MAX_DEPTH + 1];
    size_t top;
    struct template_scope scopes[AP_TEMPLATE_MAX_DEPTH];
    size_t scope_count;
};

static int enter(struct walk *w, enum template_frame_kind kind, const struct template_op *op,
                 uint32_t return_to)
{
    if (w->top == AP_TEMPLATE_MAX_DEPTH)
        return AP_ERANGE;
    w->frames[++w->top] = (struct template_frame){
        .kind = (uint8_t)kind, .template = w->template, .op = op, .return_to = return_to};
    return 0;
}

static void leave(struct walk *w)
{
    const struct template_frame *frame = &w->frames[w->top--];

    assert(frame->template); /* none but the root has none, and its end ends the walk */
    w->template = frame->template;
    w->at = frame->return_to;
}

static bool is_open(const struct walk *w, const struct template *template)
{
    if (w->template == template)
        return true;
    for (size_t i = 1; i <= w->top; i++) {
        if (w->frames[i].kind != TEMPLATE_IN_SECTION && w->frames[i].template == template)
            return true;
    }
    return false;
}

static int walk_call(struct walk *w, const struct template_op *op)
{
    const struct template *target = w->template->calls[op->call].target;
    uint32_t next = op->kind == TEMPLATE_PARENT ? op->jump : w->at + 1;

    if (!target || is_open(w, target)) {
        w->at = next;
        return 0;
    }
    int err = enter(w, TEMPLATE_IN_CALL, op, next);
    w->template = target;
    w->at = 0;
    return err;
}

static int walk_block(struct walk *w, const struct template_op *op)
{
    size_t owner;
    const struct template_op *override =
        template_find_override(w->frames, w->top, op, &owner, &w->steps);

    if (!override) {
        w->at++;
        return 0;
    }
    int err = enter(w, TEMPLATE_IN_OVERRIDE, override, op->jump);
    if (err)
        return err;
    w->frames[w->top].owner = (uint32_t)owner;
    w->template = w->frames[owner].template;
    assert(w->template); /* a parent's frame has that which names it */
    w->at = (uint32_t)(override - w->template->ops) + 1;
    return 0;
}

static int walk_section(struct walk *w, const struct template_op *op)
{
    int err = enter(w, TEMPLATE_IN_SECTION, op, 0);

    if (err)
        return err;
    w->scopes[w->scope_count++] = (struct template_scope){
        .name = op->name, .name_len = op->name_len, .inverted = op->kind == TEMPLATE_INVERTED};
    w->at++;
    return 0;
}

static bool is_section(const struct template_op *op)
{
    return op->kind == TEMPLATE_SECTION || op->kind == TEMPLATE_INVERTED;
}

static int walk_op(struct walk *w, const struct template_op *op)
{
    switch (op->kind) {
    case TEMPLATE_CALL:
    case TEMPLATE_PARENT:
        return walk_call(w, op);
    case TEMPLATE_BLOCK:
        return walk_block(w, op);
    case TEMPLATE_SECTION:
    case TEMPLATE_INVERTED:
        return walk_section(w, op);
    case TEMPLATE_OVERRIDE_END:
    case TEMPLATE_RETURN:
        leave(w);
        return 0;
    case TEMPLATE_END:
    case TEMPLATE_INVERTED_END:
        w->top--;
        w->scope_count--;
        break;
    default:
        break;
    }
    w->at++;
    return 0;
}

int template_each_name(const struct template *template,
                       int (*visit)(void *data, const struct template_name *name), void *data)
{
    struct walk w = {.template = template};
    int result = 0;

    while (result == 0) {
        const struct template_op *op = &w.template->ops[w.at];
        if (op->kind == TEMPLATE_RETURN && w.top == 0)
            break;
        if (++w.steps > AP_TEMPLATE_MAX_STEPS)
            return AP_ERANGE;
        if (op->kind == TEMPLATE_VALUE || op->kind == TEMPLATE_RAW || is_section(op)) {
            struct template_name name = {
                .template = w.template,
                .name = op->name,
                .name_len = op->name_len,
                .opens_section = is_section(op),
                .line = op->line,
                .column = op->column,
                .scopes = w.scopes,
                .scope_count = w.scope_count,
            };
            result = visit(data, &name);
        }
        if (result == 0)
            result = walk_op(&w, op);
    }
    return result;
}
