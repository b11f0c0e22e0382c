/* Program and values to text. Allocates nothing but the output's growth. Knows no template text. */
#include "autoprov/template.h"

#include <stdatomic.h>
#include <string.h>

#include "template_render.h"

/* Notes are the one thing in a program that changes once it is compiled. */
RARE static unsigned note_place(const struct template_part *part, const struct value_shape *shape)
{
    uint32_t place = value_shape_place(shape, part->text, part->len);
    unsigned note = place < shape->count ? place + PLACE_FIRST : PLACE_ABSENT;

    atomic_store_explicit(&((struct template_part *)part)->places[shape->number], (uint8_t)note,
                          memory_order_relaxed);
    return note;
}

HOT static inline const struct value *find_in_record(const struct value_record *record,
                                                     const struct template_part *part)
{
    unsigned note =
        atomic_load_explicit(&part->places[record->shape->number], memory_order_relaxed);

    if (note < PLACE_FIRST) {
        if (note == PLACE_UNKNOWN)
            note = note_place(part, record->shape);
        if (note == PLACE_ABSENT)
            return NULL;
    }
    const struct value *value = &record->values[note - PLACE_FIRST];
    if (value->kind != VALUE_SUFFIX)
        return value;
    return value_at_place(record, note - PLACE_FIRST, part->text, part->len);
}

static const struct value *find_in(const struct value *object, const struct template_part *part)
{
    if (object->kind == VALUE_RECORD)
        return find_in_record(object->as.record, part);
    return value_find_keyed(object, part->text, part->len, part->key);
}

/* The first part is looked up from the innermost context outwards, the others inside what it
 * found only. NULL: no such name. */
RARE static const struct value *search(struct renderer *r, const struct template_op *op)
{
    const struct template_part *part = op->part;
    const struct value *object = NULL;
    const struct value *value = NULL;

    if (!part)
        return r->frames[r->top].context;
    for (size_t i = r->top + 1; !value && i-- > 0;) {
        if (r->frames[i].object == object)
            continue; /* looked at already */
        object = r->frames[i].object;
        if (object)
            value = find_in(object, part);
    }
    for (uint32_t n = 1; value && n < op->part_count; n++)
        value = find_in(value, &part[n]);
    return value;
}

/* Nearly all names stand in the innermost record. */
HOT static inline const struct value *look_up(struct renderer *r, const struct template_op *op)
{
    if (r->record && op->part_count == 1) {
        const struct value *value = find_in_record(r->record, op->part);
        if (value)
            return value;
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

/* Where the next byte of the output goes, and where its room ends, kept in registers: after each
 * byte that is stored, those of a struct buf would be read again. Its NUL is written at the end. */
struct cursor {
    char *to;
    const char *end;
};

HOT static inline struct cursor take_up(const struct buf *out)
{
    return (struct cursor){.to = out->data + out->len, .end = out->data + out->cap};
}

HOT static inline void put_back(struct buf *out, const struct cursor *cursor)
{
    out->len = (size_t)(cursor->to - out->data);
}

HOT static inline bool has_room(const struct cursor *cursor, size_t len)
{
    return len < (size_t)(cursor->end - cursor->to);
}

/* memcpy() of at most SHORT_BYTES. */
#define SHORT_BYTES 32
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

/* Write what most values are: something short, as it is. false: nothing done. */
HOT static inline bool write_plain(struct renderer *r, const struct template_op *op,
                                   const struct value *value, struct cursor *cursor)
{
    if (!has_room(cursor, value->len))
        return false;
    if (value->kind == VALUE_TEXT && op->kind == TEMPLATE_VALUE) {
        if (!dialect_writer_copy(&r->writer, value->as.text, value->len, cursor->to))
            return false;
    } else if (value->kind == VALUE_NUMBER && value->len <= SHORT_BYTES) {
        copy_short(cursor->to, value->as.text, value->len);
    } else {
        return false;
    }
    cursor->to += value->len;
    return true;
}

RARE static int write_value(struct renderer *r, const struct template_op *op,
                            const struct value *value)
{
    switch (value->kind) {
    case VALUE_TEXT:
        if (op->kind == TEMPLATE_VALUE)
            return dialect_writer_append(&r->writer, value->as.text, value->len, r->out);
        return buf_append(r->out, value->as.text, value->len);
    case VALUE_NUMBER:
        return buf_append(r->out, value->as.text, value->len);
    case VALUE_TRUE:
        return buf_append(r->out, "true", 4);
    default:
        return 0;
    }
}

/* A text, or a value and the text behind it. */
HOT static inline int write_op(struct renderer *r, const struct template_op *op,
                               struct cursor *cursor)
{
    const struct value *value = op->kind == TEMPLATE_TEXT ? NULL : look_up(r, op);
    int err = 0;

    if (value && !write_plain(r, op, value, cursor)) {
        put_back(r->out, cursor);
        err = write_value(r, op, value);
        *cursor = take_up(r->out);
    }
    if (err)
        return err;
    if (op->text_len <= TEMPLATE_TEXT_PADDING && has_room(cursor, TEMPLATE_TEXT_PADDING)) {
        memcpy(cursor->to, op->text, TEMPLATE_TEXT_PADDING); /* the rest is written over */
        cursor->to += op->text_len;
        return 0;
    }
    put_back(r->out, cursor);
    err = buf_append(r->out, op->text, op->text_len);
    *cursor = take_up(r->out);
    return err;
}

/* The same as write_op() where lines are indented. */
static int write_indented(struct renderer *r, const struct template_op *op)
{
    bool is_text = op->kind == TEMPLATE_TEXT;
    const struct value *value = is_text ? NULL : look_up(r, op);
    int err = 0;

    if (!is_text && op->begins_line)
        err = template_render_indent(r);
    if (value && err == 0)
        err = write_value(r, op, value);
    return err ? err : template_render_lines(r, op->text, op->text_len, is_text && op->begins_line);
}

/* -- sections ---------------------------------------------------------------------------------- */

static inline void use_object(struct renderer *r, const struct value *object)
{
    r->record = object && object->kind == VALUE_RECORD ? object->as.record : NULL;
}

static inline void set_context(struct renderer *r, struct template_frame *frame,
                               const struct value *context, const struct value *outer)
{
    bool has_names = context->kind == VALUE_OBJECT || context->kind == VALUE_RECORD;

    frame->context = context;
    frame->object = has_names ? context : outer;
    use_object(r, frame->object);
}

/* Where to go on; NULL: too deep. */
HOT static inline const struct template_op *enter_section(struct renderer *r,
                                                          const struct template_op *op)
{
    const struct value *value = look_up(r, op);
    struct template_frame *frame;

    if (is_truthy(value) != (op->kind == TEMPLATE_SECTION))
        return &r->template->ops[op->jump];
    if (op->kind == TEMPLATE_INVERTED)
        return op + 1;
    frame = template_render_push(r, TEMPLATE_IN_SECTION);
    if (!frame)
        return NULL;
    if (value->kind == VALUE_LIST) {
        frame->list = value;
        value = &value->as.items[0];
    }
    set_context(r, frame, value, frame[-1].object);
    return op + 1;
}

HOT static inline const struct template_op *end_section(struct renderer *r,
                                                        const struct template_op *op)
{
    struct template_frame *frame = &r->frames[r->top];

    if (frame->list && ++frame->index < frame->list->len) {
        const struct template_op *begin = &r->template->ops[op->jump];
        set_context(r, frame, &frame->list->as.items[frame->index], frame[-1].object);
        r->steps += (size_t)(op - begin) + 1;
        return begin;
    }
    r->top--;
    use_object(r, frame[-1].object);
    return op + 1;
}

/* -- the program ------------------------------------------------------------------------------- */

/* Texts and values up to another op: *op. */
HOT static inline int write_ops(struct renderer *r, const struct template_op **op)
{
    struct cursor cursor = take_up(r->out);
    const struct template_op *at = *op;
    int err = 0;

    for (; err == 0 && at->kind <= TEMPLATE_RAW; at++)
        err = write_op(r, at, &cursor);
    put_back(r->out, &cursor);
    *op = at;
    return err;
}

RARE static int write_indented_ops(struct renderer *r, const struct template_op **op)
{
    int err = 0;

    for (; err == 0 && (*op)->kind <= TEMPLATE_RAW; ++*op)
        err = write_indented(r, *op);
    return err || !(*op)->begins_line ? err : template_render_indent(r);
}

/* Texts, values and sections, up to an op that is none of these: r->at. */
static int run_here(struct renderer *r)
{
    const struct template_op *op = &r->template->ops[r->at];
    bool indenting = r->indent_first < r->indent_count;

    for (;;) {
        int err = indenting ? write_indented_ops(r, &op) : write_ops(r, &op);
        if (err)
            return err;
        if (op->kind > TEMPLATE_INVERTED_END)
            break;
        if (op->kind == TEMPLATE_INVERTED_END)
            op++;
        else
            op = op->kind == TEMPLATE_END ? end_section(r, op) : enter_section(r, op);
        if (!op || r->steps > AP_TEMPLATE_MAX_STEPS)
            return AP_ERANGE;
    }
    r->at = (uint32_t)(op - r->template->ops);
    return 0;
}

static int run(struct renderer *r)
{
    for (;;) {
        int err = run_here(r);
        const struct template_op *op = &r->template->ops[r->at];
        if (err || (op->kind == TEMPLATE_RETURN && r->top == 0))
            return err;
        err = template_render_go(r, op);
        if (err == 0 && r->steps > AP_TEMPLATE_MAX_STEPS)
            err = AP_ERANGE;
        if (err)
            return err;
    }
}

int template_render(const struct template *template, const struct dialect *dialect,
                    const struct value *root, struct buf *out)
{
    struct renderer r = {.template = template, .out = out};

    dialect_writer_init(&r.writer, dialect);
    set_context(&r, &r.frames[0], root, NULL);
    int err = buf_reserve(out, 0);
    if (!err)
        err = run(&r);
    if (out->data)
        out->data[out->len] = '\0';
    return err;
}
