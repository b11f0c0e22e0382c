/* Program and values to text. Allocates nothing but the output's growth. Knows no template text. */
#include "autoprov/template.h"

#include <stdatomic.h>
#include <string.h>

#include "dialect_private.h"
#include "template_private.h"

struct indent {
    const char *text;
    size_t len;
};

struct renderer {
    struct dialect_writer writer;
    struct buf *out;
    const struct template *template; /* the one that runs */
    uint32_t at;                     /* index of the op that runs */
    size_t steps;
    /* frames[0] is the root; an inverted section and a call repeat the context below. */
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

/* The items of a list have their members at the same places: where one was found, the next is. */
static void remember_place(const struct template_op *op, const struct value *object,
                           const struct value *value)
{
    const struct value_member *member = value_member_of(value);

    /* A memo in an op that is immutable otherwise. */
    atomic_store_explicit(&((struct template_op *)op)->place,
                          (uint32_t)(member - object->as.members) + 1, memory_order_relaxed);
}

/* The first part is looked up from the innermost context outwards, the others inside what it
 * found only. NULL: no such name. */
RARE static const struct value *search(struct renderer *r, const struct template_op *op)
{
    const struct value *innermost = r->frames[r->top].object;
    const struct value *object = NULL;
    const struct value *value = NULL;

    if (op->part_count == 0)
        return r->frames[r->top].context;
    const struct template_part *part = &r->template->parts[op->first_part];
    for (size_t i = r->top + 1; !value && i-- > 0;) {
        if (r->frames[i].object == object)
            continue; /* looked at already */
        object = r->frames[i].object;
        if (object)
            value = value_find_keyed(object, part->text, part->len, part->key);
    }
    if (value && object == innermost && op->part_count == 1)
        remember_place(op, object, value);
    for (uint32_t n = 1; value && n < op->part_count; n++)
        value = value_find_keyed(value, part[n].text, part[n].len, part[n].key);
    return value;
}

HOT static inline const struct value *look_up(struct renderer *r, const struct template_op *op)
{
    const struct value *object = r->frames[r->top].object;
    uint32_t place = atomic_load_explicit(&op->place, memory_order_relaxed);

    if (place > 0 && object && place <= object->len) {
        const struct value_member *member = &object->as.members[place - 1];
        if (member->key == op->key && member->name_len == op->name_len &&
            memcmp(member->name, op->name, op->name_len) == 0)
            return &member->value;
    }
    return search(r, op);
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

/* -- output ------------------------------------------------------------------------------------ */

/* memcpy() of a few bytes; most texts between two tags are that. */
HOT static inline void copy_short(char *to, const char *from, size_t len)
{
    if (len >= 8) {
        memcpy(to, from, 8);
        if (len > 16)
            memcpy(to + 8, from + 8, 8);
        if (len > 24)
            memcpy(to + 16, from + 16, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else if (len > 0) {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
}
#define SHORT_BYTES 32

/* buf_append() without the NUL, which template_render() writes at the end. */
HOT static inline int append(struct buf *out, const char *text, size_t len)
{
    if (len > SHORT_BYTES || len >= out->cap - out->len)
        return buf_append(out, text, len);
    copy_short(out->data + out->len, text, len);
    out->len += len;
    return 0;
}

static inline int append_escaped(struct renderer *r, const struct value *value)
{
    struct buf *out = r->out;

    if (value->len < out->cap - out->len &&
        dialect_writer_copy(&r->writer, value->as.text, value->len, out->data + out->len)) {
        out->len += value->len;
        return 0;
    }
    return dialect_writer_append(&r->writer, value->as.text, value->len, out);
}

static inline int write_value(struct renderer *r, const struct template_op *op)
{
    const struct value *value = look_up(r, op);

    if (!value)
        return 0;
    if (value->kind == VALUE_TEXT && op->kind == TEMPLATE_VALUE)
        return append_escaped(r, value);
    if (value->kind == VALUE_TEXT)
        return append(r->out, value->as.text, value->len);
    return value->kind == VALUE_TRUE ? append(r->out, "true", 4) : 0;
}

RARE static int write_indent(struct renderer *r)
{
    size_t i = r->indent_first > r->indent_written ? r->indent_first : r->indent_written;
    int err = 0;

    r->indent_written = 0;
    for (; err == 0 && i < r->indent_count; i++)
        err = buf_append(r->out, r->indents[i].text, r->indents[i].len);
    return err;
}

/* Empty lines stay empty. */
RARE static int write_lines(struct renderer *r, const char *line, size_t len, bool begins)
{
    int err = 0;

    while (err == 0 && len > 0) {
        const char *newline = memchr(line, '\n', len);
        size_t step = newline ? (size_t)(newline - line) + 1 : len;
        bool is_empty = *line == '\n' || (*line == '\r' && line + 1 == newline);
        if (begins && is_empty)
            r->indent_written = 0;
        else if (begins)
            err = write_indent(r);
        if (err == 0)
            err = buf_append(r->out, line, step);
        begins = true;
        line += step;
        len -= step;
    }
    return err;
}

/* -- sections ---------------------------------------------------------------------------------- */

/* The new frame, with the context of the one below, or NULL. */
static struct template_frame *push(struct renderer *r, enum template_frame_kind kind,
                                   const struct template_op *op)
{
    const struct value *context = r->frames[r->top].context;

    if (r->top == AP_TEMPLATE_MAX_DEPTH)
        return NULL;
    struct template_frame *frame = &r->frames[++r->top];
    *frame = (struct template_frame){
        .kind = (uint8_t)kind,
        .indent_first = r->indent_first,
        .indent_count = r->indent_count,
        .template = r->template,
        .op = op,
        .context = context,
        .object = r->frames[r->top - 1].object,
    };
    return frame;
}

static inline void set_object(struct template_frame *frame, const struct value *outer)
{
    frame->object = frame->context->kind == VALUE_OBJECT ? frame->context : outer;
}

static int enter_section(struct renderer *r, const struct template_op *op)
{
    const struct value *value = look_up(r, op);
    struct template_frame *frame;

    if (is_truthy(value) != (op->kind == TEMPLATE_SECTION)) {
        r->at = op->jump;
        return 0;
    }
    frame = push(r, TEMPLATE_IN_SECTION, op);
    if (!frame)
        return AP_ERANGE;
    r->at++;
    if (op->kind == TEMPLATE_INVERTED)
        return 0;
    frame->context = value;
    if (value->kind == VALUE_LIST) {
        frame->list = value;
        frame->context = &value->as.items[0];
    }
    set_object(frame, frame[-1].object);
    return 0;
}

static void end_section(struct renderer *r, const struct template_op *op)
{
    struct template_frame *frame = &r->frames[r->top];

    if (frame->list && ++frame->index < frame->list->len) {
        frame->context = &frame->list->as.items[frame->index];
        set_object(frame, frame[-1].object);
        r->at = op->jump;
    } else {
        r->top--;
        r->at++;
    }
}

/* -- calls ------------------------------------------------------------------------------------- */

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
    struct template_frame *frame;

    if (!target) {
        r->at = next;
        return 0;
    }
    frame = push(r, TEMPLATE_IN_CALL, op);
    if (!frame)
        return AP_ERANGE;
    frame->return_to = next;
    add_indent(r, op);
    r->template = target;
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
    frame = push(r, TEMPLATE_IN_OVERRIDE, override);
    if (!frame)
        return AP_ERANGE;
    frame->return_to = r->at;
    frame->owner = (uint32_t)owner;
    frame->begin = r->out->len;
    add_indent(r, op);
    r->template = r->frames[owner].template;
    r->at = (uint32_t)(override - r->template->ops) + 1;
    /* The override's first line begins in the middle of one of its text, or the block's does. */
    if (op->layout == TEMPLATE_HANGING && override->layout == TEMPLATE_LINES)
        r->indent_written = r->indent_count;
    else if (op->layout == TEMPLATE_LINES && override->layout != TEMPLATE_LINES &&
             override[1].kind != TEMPLATE_OVERRIDE_END)
        return write_indent(r);
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

/* -- the program ------------------------------------------------------------------------------- */

static inline bool is_indenting(const struct renderer *r)
{
    return r->indent_first < r->indent_count;
}

/* A text, or a value and the text behind it. */
static inline int write_op(struct renderer *r, const struct template_op *op, bool indenting)
{
    bool is_text = op->kind == TEMPLATE_TEXT;
    int err = 0;

    if (!is_text && indenting && op->begins_line)
        err = write_indent(r);
    if (!is_text && err == 0)
        err = write_value(r, op);
    if (err)
        return err;
    return indenting ? write_lines(r, op->text, op->text_len, is_text && op->begins_line)
                     : append(r->out, op->text, op->text_len);
}

/* All but texts and values: where to go on. */
RARE static int go(struct renderer *r, const struct template_op *op)
{
    switch (op->kind) {
    case TEMPLATE_SECTION:
    case TEMPLATE_INVERTED:
        return enter_section(r, op);
    case TEMPLATE_END:
        end_section(r, op);
        return 0;
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

static int run(struct renderer *r)
{
    for (;;) {
        const struct template_op *from = &r->template->ops[r->at], *op = from;
        bool indenting = is_indenting(r);
        int err = 0;
        for (; op->kind <= TEMPLATE_RAW; op++) {
            err = write_op(r, op, indenting);
            if (err)
                return err;
        }
        if (op->kind == TEMPLATE_RETURN && r->top == 0)
            return 0;
        r->at += (uint32_t)(op - from);
        r->steps += (size_t)(op - from) + 1;
        if (r->steps > AP_TEMPLATE_MAX_STEPS)
            return AP_ERANGE;
        if (op->begins_line && indenting)
            err = write_indent(r);
        if (err == 0)
            err = go(r, op);
        if (err)
            return err;
    }
}

int template_render(const struct template *template, const struct dialect *dialect,
                    const struct value *root, struct buf *out)
{
    struct renderer r = {.template = template, .out = out};

    dialect_writer_init(&r.writer, dialect);
    r.frames[0].context = root;
    r.frames[0].object = root->kind == VALUE_OBJECT ? root : NULL;
    int err = run(&r);
    if (out->data)
        out->data[out->len] = '\0';
    return err;
}
