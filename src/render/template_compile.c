/* Tags to program. Knows no values. */
#include "autoprov/template.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"
#include "template_private.h"
#include "template_scan.h"

struct open_pair {
    uint32_t op;
    char sign;
    bool overrides;
    uint32_t dedent; /* of what is around it */
};

struct compiler {
    struct template *template;
    const struct scan *scan;
    size_t op_cap, call_cap, part_cap;
    struct open_pair open[AP_TEMPLATE_MAX_DEPTH];
    size_t depth;
    bool line_begins; /* no op yet on this line of the text */
    uint32_t dedent;  /* blanks that every line loses: those of the override around it */
};

/* Room for one more item. Errors: AP_ENOMEM. */
AP_MUSTCHECK static int grow(void *items, size_t item_size, uint32_t count, size_t *cap)
{
    void *old, *grown;
    size_t wanted = *cap ? 2 * *cap : 32;

    if (count < *cap)
        return 0;
    memcpy(&old, items, sizeof(old));
    grown = realloc(old, wanted * item_size);
    if (!grown)
        return AP_ENOMEM;
    memcpy(items, &grown, sizeof(grown));
    *cap = wanted;
    return 0;
}

static int add_op(struct compiler *c, const struct template_op *op)
{
    struct template *template = c->template;
    int err = grow(&template->ops, sizeof(*op), template->op_count, &c->op_cap);

    if (err == 0)
        template->ops[template->op_count++] = *op;
    return err;
}

static int add_part(struct compiler *c, const char *text, size_t len)
{
    struct template *template = c->template;
    int err = grow(&template->parts, sizeof(*template->parts), template->part_count, &c->part_cap);

    if (err == 0)
        template->parts[template->part_count++] =
            (struct template_part){.text = text, .len = (uint32_t)len, .key = value_key(text, len)};
    return err;
}

static int add_call(struct compiler *c, const struct scan_tag *tag, struct template_op *op)
{
    struct template *template = c->template;
    uint32_t lost = tag->indent_len < c->dedent ? tag->indent_len : c->dedent;
    int err = grow(&template->calls, sizeof(*template->calls), template->call_count, &c->call_cap);

    if (err)
        return err;
    op->layout = tag->layout;
    op->call = template->call_count;
    template->calls[template->call_count++] = (struct template_call){
        .indent = tag->indent_len ? tag->indent + lost : "",
        .indent_len = tag->indent_len - lost,
        .newline = tag->newline,
        .newline_len = tag->newline_len,
    };
    return 0;
}

/* Fill the name of op: "." alone, or parts between dots, which op is given by give_parts(). */
static int add_name(struct compiler *c, const struct scan_tag *tag, struct template_op *op)
{
    const char *part = tag->name;
    const char *end = tag->name + tag->name_len;
    int err = 0;

    if (tag->name_len == 1 && *part == '.')
        return 0;
    while (err == 0 && part <= end) {
        const char *dot = memchr(part, '.', (size_t)(end - part));
        if (!dot)
            dot = end;
        err = add_part(c, part, (size_t)(dot - part));
        op->part_count++;
        part = dot + 1;
    }
    return err;
}

/* -- text -------------------------------------------------------------------------------------- */

/* A text behind a value goes into the value's op: half of all steps are saved. */
static int add_piece(struct compiler *c, const char *text, const char *end)
{
    struct template *template = c->template;
    struct template_op *last = template->op_count ? &template->ops[template->op_count - 1] : NULL;
    struct template_op op = {.kind = TEMPLATE_TEXT,
                             .begins_line = c->line_begins,
                             .text = text,
                             .text_len = (uint32_t)(end - text)};

    if (text == end)
        return 0;
    c->line_begins = end[-1] == '\n';
    if (!last || (last->kind != TEMPLATE_VALUE && last->kind != TEMPLATE_RAW) || last->text)
        return add_op(c, &op);
    last->text = text;
    last->text_len = op.text_len;
    return 0;
}

/* One op, or one for each line where lines lose their indentation. */
static int add_text(struct compiler *c, const char *text, const char *end)
{
    int err = 0;

    if (c->depth > 0 && c->open[c->depth - 1].sign == '<')
        return 0; /* beside the blocks of a parent: nowhere to be written */
    if (c->dedent == 0)
        return add_piece(c, text, end);
    while (err == 0 && text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *next = newline ? newline + 1 : end;
        for (uint32_t i = 0; c->line_begins && i < c->dedent && text < next; i++) {
            if (*text != ' ' && *text != '\t')
                break;
            text++;
        }
        err = add_piece(c, text, next);
        text = next;
    }
    return err;
}

/* -- tags -------------------------------------------------------------------------------------- */

static int open_pair(struct compiler *c, const struct scan_tag *tag, struct template_op *op)
{
    struct open_pair *open = &c->open[c->depth++];
    int err = 0;

    *open = (struct open_pair){.op = c->template->op_count,
                               .sign = tag->sign,
                               .overrides = tag->overrides,
                               .dedent = c->dedent};
    if (tag->overrides) {
        op->kind = TEMPLATE_OVERRIDE;
        op->layout = tag->layout;
        c->dedent = tag->layout == TEMPLATE_LINES ? tag->indent_len : 0;
        c->line_begins = tag->layout == TEMPLATE_LINES;
    } else if (tag->sign == '$') {
        op->kind = TEMPLATE_BLOCK;
        err = add_call(c, tag, op);
    } else if (tag->sign == '<') {
        op->kind = TEMPLATE_PARENT;
        err = add_call(c, tag, op);
    } else {
        op->kind = tag->sign == '#' ? TEMPLATE_SECTION : TEMPLATE_INVERTED;
        err = add_name(c, tag, op);
    }
    return err ? err : add_op(c, op);
}

static int close_pair(struct compiler *c, const struct scan_tag *tag, struct template_op *op)
{
    const struct open_pair *open = &c->open[--c->depth];
    int err = 0;

    if (open->overrides)
        op->kind = TEMPLATE_OVERRIDE_END;
    else if (open->sign == '$')
        op->kind = TEMPLATE_BLOCK_END;
    else
        op->kind = open->sign == '#' ? TEMPLATE_END : TEMPLATE_INVERTED_END;
    op->jump = open->op + 1;
    if (open->sign != '<')
        err = add_op(c, op);
    if (err)
        return err;
    c->template->ops[open->op].jump = c->template->op_count;
    if (open->overrides)
        c->dedent = open->dedent;
    if (open->sign == '<')
        c->line_begins = tag->vanishes;
    return 0;
}

static int add_tag(struct compiler *c, const struct scan_tag *tag)
{
    struct template_op op = {
        .kind = tag->sign == '&' ? TEMPLATE_RAW : TEMPLATE_VALUE,
        .begins_line = c->line_begins && !tag->vanishes,
        .name = tag->name,
        .name_len = tag->name_len,
        .line = tag->line,
        .column = tag->column,
    };
    int err;

    if (tag->sign != '!' && tag->sign != '=')
        c->line_begins = false;
    if (tag->vanishes)
        c->line_begins = true;
    switch (tag->sign) {
    case '!':
    case '=':
        return 0;
    case '#':
    case '^':
    case '$':
    case '<':
        return open_pair(c, tag, &op);
    case '/':
        return close_pair(c, tag, &op);
    case '>':
        op.kind = TEMPLATE_CALL;
        err = add_call(c, tag, &op);
        break;
    default:
        err = add_name(c, tag, &op);
        break;
    }
    return err ? err : add_op(c, &op);
}

/* What ops point to and moves no more: the parts of names, in the order of the ops, and the text,
 * for those that have nothing of it. */
static void give_parts(struct template *template)
{
    const struct template_part *next = template->parts;

    for (uint32_t i = 0; i < template->op_count; i++) {
        struct template_op *op = &template->ops[i];
        if (!op->text)
            op->text = template->text;
        if (op->part_count == 0)
            continue;
        op->part = next;
        next += op->part_count;
    }
}

static int compile(struct compiler *c)
{
    const struct template_op end = {.kind = TEMPLATE_RETURN};
    const char *at = c->scan->text;
    int err = 0;

    c->line_begins = true;
    for (size_t i = 0; err == 0 && i < c->scan->count; i++) {
        const struct scan_tag *tag = &c->scan->tags[i];
        err = add_text(c, at, tag->cut_begin);
        if (err == 0)
            err = add_tag(c, tag);
        at = tag->cut_end;
    }
    if (err == 0)
        err = add_text(c, at, c->scan->end);
    return err ? err : add_op(c, &end);
}

/* -- whole texts ------------------------------------------------------------------------------- */

/* XML 1.0 and JSON want Unicode; phones that want another encoding get it at the end. */
static void check_utf8(const char *text, size_t len, struct scan_report *report)
{
    uint32_t line = 1;

    for (size_t begin = 0; begin < len && report->count < SCAN_ERRORS_MAX; line++) {
        const char *stop = memchr(text + begin, '\n', len - begin);
        size_t end = stop ? (size_t)(stop - text) + 1 : len;
        if (!text_is_utf8(text + begin, end - begin))
            scan_report_add(report, AP_ESYNTAX, line, 1, "this line is not UTF-8");
        begin = end;
    }
}

static bool is_too_large(size_t len, struct scan_report *report)
{
    if (len <= AP_TEMPLATE_MAX_BYTES)
        return false;
    scan_report_add(report, AP_ERANGE, 0, 0, "larger than %d bytes", AP_TEMPLATE_MAX_BYTES);
    return true;
}

/* All that is wrong with a text goes to report; scan has its tags. */
static void read_text(const char *text, size_t len, struct scan *scan, struct scan_report *report)
{
    *scan = (struct scan){.text = text, .end = text + len};
    check_utf8(text, len, report);
    scan_text(scan, report);
}

int template_check_text(const char *name, const char *text, size_t len,
                        void (*found)(void *data, const char *line), void *data)
{
    struct scan_report report = {.name = name, .found = found, .data = data};
    struct scan scan;

    if (is_too_large(len, &report))
        return report.err;
    read_text(text, len, &scan, &report);
    scan_done(&scan);
    return report.err;
}

static struct template *copy_text(const char *name, const char *text, size_t len)
{
    struct template *template = calloc(1, sizeof(*template));

    if (!template)
        return NULL;
    template->name = strdup(name);
    template->text = calloc(1, len + TEMPLATE_TEXT_PADDING);
    if (!template->name || !template->text) {
        template_free(template);
        return NULL;
    }
    if (len > 0)
        memcpy(template->text, text, len);
    return template;
}

int template_compile(const char *name, const char *text, size_t len, struct template **ret_template,
                     struct ap_error *error)
{
    struct scan_report report = {.name = name, .error = error};
    struct scan scan = {.tags = NULL};
    int err;

    if (is_too_large(len, &report))
        return report.err;
    struct template *template = copy_text(name, text, len);
    if (!template)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", name, ap_strerror(AP_ENOMEM));
    read_text(template->text, len, &scan, &report);
    err = report.err;
    if (err)
        goto out;
    scan_lay_out(&scan);
    struct compiler compiler = {.template = template, .scan = &scan};
    err = compile(&compiler);
    if (err)
        goto out;
    give_parts(template);
    *ret_template = template;
    template = NULL;
out:
    if (err == AP_ENOMEM)
        (void)ap_error_set(error, err, "%s: %s", name, ap_strerror(err));
    scan_done(&scan);
    template_free(template);
    return err;
}

void template_free(struct template *template)
{
    if (!template)
        return;
    free(template->ops);
    free(template->calls);
    free(template->parts);
    free(template->text);
    free(template->name);
    free(template);
}

const char *template_name(const struct template *template)
{
    return template->name;
}
