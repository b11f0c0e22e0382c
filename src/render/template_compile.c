/* Template text to program: tags, names, matching of sections, standalone lines. Knows no values.
 * Mustache specification 1.4; what is refused is refused with its place. */
#include "autoprov/template.h"

#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "template_private.h"

struct compiler {
    struct template *template;
    const char *at; /* behind the last tag */
    const char *end;
    const char *counted; /* up to here, line and line_start are right */
    const char *line_start;
    uint32_t line;
    size_t op_cap, part_cap;
    uint32_t open[AP_TEMPLATE_MAX_DEPTH]; /* ops of the open sections */
    size_t depth;
    struct ap_error *error;
};

struct tag {
    const char *begin, *end; /* with its braces */
    char sign;               /* '#', '^', '/', '!', '&', '{'; 0: a plain name */
    const char *name;
    size_t name_len;
    uint32_t line, column;
};

static void locate(struct compiler *c, struct tag *tag)
{
    uint32_t column = 1;

    for (; c->counted < tag->begin; c->counted++) {
        if (*c->counted == '\n') {
            c->line++;
            c->line_start = c->counted + 1;
        }
    }
    for (const char *at = c->line_start; at < tag->begin; at++)
        column += ((unsigned char)*at & 0xC0) != 0x80; /* characters, not bytes */
    tag->line = c->line;
    tag->column = column;
}

/* "NAME:LINE:COL: " and the rest, about the name of tag. */
static int tag_error(const struct compiler *c, const struct tag *tag, int code, const char *text)
{
    int shown = tag->name_len < 64 ? (int)tag->name_len : 64;

    if (shown == 0)
        return ap_error_set(c->error, code, "%s:%u:%u: %s", c->template->name, (unsigned)tag->line,
                            (unsigned)tag->column, text);
    return ap_error_set(c->error, code, "%s:%u:%u: %s: '%.*s'", c->template->name,
                        (unsigned)tag->line, (unsigned)tag->column, text, shown, tag->name);
}

static int no_memory(const struct compiler *c)
{
    return ap_error_set(c->error, AP_ENOMEM, "%s: %s", c->template->name, ap_strerror(AP_ENOMEM));
}

static int add_op(struct compiler *c, const struct template_op *op)
{
    struct template *template = c->template;

    if (template->op_count == c->op_cap) {
        size_t cap = c->op_cap ? 2 * c->op_cap : 32;
        struct template_op *grown = realloc(template->ops, cap * sizeof(*grown));
        if (!grown)
            return no_memory(c);
        template->ops = grown;
        c->op_cap = cap;
    }
    template->ops[template->op_count++] = *op;
    return 0;
}

static int add_part(struct compiler *c, const char *text, size_t len)
{
    struct template *template = c->template;

    if (template->part_count == c->part_cap) {
        size_t cap = c->part_cap ? 2 * c->part_cap : 32;
        struct template_part *grown = realloc(template->parts, cap * sizeof(*grown));
        if (!grown)
            return no_memory(c);
        template->parts = grown;
        c->part_cap = cap;
    }
    template->parts[template->part_count++] =
        (struct template_part){.text = text, .len = (uint32_t)len};
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next tag at or after c->at. ret_tag->begin is NULL when there is none. */
static int find_tag(struct compiler *c, struct tag *ret_tag)
{
    static const char SIGNS[] = "#^/!&{";
    struct tag tag = {.begin = memmem(c->at, (size_t)(c->end - c->at), "{{", 2)};
    const char *close = "}}";

    if (!tag.begin) {
        *ret_tag = tag;
        return 0;
    }
    locate(c, &tag);
    const char *content = tag.begin + 2;
    if (content < c->end && strchr(SIGNS, *content)) {
        tag.sign = *content++;
        if (tag.sign == '{')
            close = "}}}";
    }
    const char *stop = memmem(content, (size_t)(c->end - content), close, strlen(close));
    if (!stop)
        return tag_error(c, &tag, AP_ESYNTAX, "this tag is not closed");
    tag.end = stop + strlen(close);
    while (content < stop && is_blank(*content))
        content++;
    while (stop > content && is_blank(stop[-1]))
        stop--;
    tag.name = content;
    tag.name_len = (size_t)(stop - content);
    *ret_tag = tag;
    return 0;
}

/* Fill the name of op: "." alone, or parts between dots. */
static int add_name(struct compiler *c, const struct tag *tag, struct template_op *op)
{
    const char *part = tag->name;
    const char *end = tag->name + tag->name_len;
    int err = 0;

    if (tag->name_len == 0)
        return tag_error(c, tag, AP_ESYNTAX, "this tag has no name");
    if (strchr(">=<$*", *part))
        return tag_error(c, tag, AP_ESYNTAX, "this kind of tag is not supported");
    for (const char *at = part; at < end; at++) {
        if (is_blank(*at) || *at == '{' || *at == '}')
            return tag_error(c, tag, AP_ESYNTAX, "a name has no blanks and no braces");
    }
    op->first_part = (uint32_t)c->template->part_count;
    if (tag->name_len == 1 && *part == '.')
        return 0;
    while (err == 0 && part <= end) {
        const char *dot = memchr(part, '.', (size_t)(end - part));
        if (!dot)
            dot = end;
        if (dot == part)
            return tag_error(c, tag, AP_ESYNTAX, "a part of this name is empty");
        err = add_part(c, part, (size_t)(dot - part));
        part = dot + 1;
    }
    op->part_count = (uint32_t)c->template->part_count - op->first_part;
    return err;
}

static int open_section(struct compiler *c, const struct tag *tag, struct template_op *op)
{
    if (c->depth == AP_TEMPLATE_MAX_DEPTH)
        return tag_error(c, tag, AP_ERANGE, "sections are nested too deeply");
    op->kind = tag->sign == '#' ? OP_SECTION : OP_INVERTED;
    c->open[c->depth++] = (uint32_t)c->template->op_count;
    return add_op(c, op);
}

static int close_section(struct compiler *c, const struct tag *tag, struct template_op *op)
{
    struct template *template = c->template;

    if (c->depth == 0)
        return tag_error(c, tag, AP_ESYNTAX, "no section is open here");
    uint32_t opened = c->open[c->depth - 1];
    const struct template_op *section = &template->ops[opened];
    if (section->len != tag->name_len || memcmp(section->text, tag->name, tag->name_len) != 0)
        return ap_error_set(
            c->error, AP_ESYNTAX, "%s:%u:%u: '%.*s' is closed, but '%.*s' of line %u is open",
            template->name, (unsigned)tag->line, (unsigned)tag->column,
            tag->name_len < 64 ? (int)tag->name_len : 64, tag->name,
            section->len < 64 ? (int)section->len : 64, section->text, (unsigned)section->line);
    op->kind = OP_END;
    op->jump = opened + 1;
    int err = add_op(c, op);
    if (err == 0)
        template->ops[opened].jump = (uint32_t) template->op_count;
    c->depth--;
    return err;
}

static int add_tag(struct compiler *c, const struct tag *tag)
{
    struct template_op op = {
        .kind = OP_VALUE,
        .text = tag->name,
        .len = (uint32_t)tag->name_len,
        .line = tag->line,
        .column = tag->column,
    };

    if (tag->sign == '!')
        return 0;
    int err = add_name(c, tag, &op);
    if (err)
        return err;
    switch (tag->sign) {
    case '#':
    case '^':
        return open_section(c, tag, &op);
    case '/':
        return close_section(c, tag, &op);
    case '&':
    case '{':
        op.kind = OP_RAW;
        return add_op(c, &op);
    default:
        return add_op(c, &op);
    }
}

/* A tag that writes nothing and stands alone on its line takes the whole line with it: widen
 * [*begin, *end) from the tag to the line. Looks at the text itself, so that a tag before it on the
 * line counts as content. */
static void widen_standalone(const struct compiler *c, const char **begin, const char **end)
{
    const char *first = *begin;
    const char *last = *end;

    while (first > c->template->text && (first[-1] == ' ' || first[-1] == '\t'))
        first--;
    while (last < c->end && (*last == ' ' || *last == '\t'))
        last++;
    if (first > c->template->text && first[-1] != '\n')
        return;
    if (last < c->end && *last == '\r' && last + 1 < c->end)
        last++;
    if (last < c->end && *last++ != '\n')
        return;
    *begin = first;
    *end = last;
}

static int add_text(struct compiler *c, const char *text, const char *end)
{
    struct template_op op = {.kind = OP_TEXT, .text = text, .len = (uint32_t)(end - text)};

    return text < end ? add_op(c, &op) : 0;
}

static int compile(struct compiler *c)
{
    for (;;) {
        struct tag tag = {0};
        int err = find_tag(c, &tag);
        if (err)
            return err;
        if (!tag.begin)
            break;
        const char *begin = tag.begin;
        const char *end = tag.end;
        if (tag.sign && strchr("#^/!", tag.sign))
            widen_standalone(c, &begin, &end);
        err = add_text(c, c->at, begin);
        if (err == 0)
            err = add_tag(c, &tag);
        if (err)
            return err;
        c->at = end;
    }
    if (c->depth > 0) {
        const struct template_op *section = &c->template->ops[c->open[c->depth - 1]];
        struct tag tag = {.name = section->text,
                          .name_len = section->len,
                          .line = section->line,
                          .column = section->column};
        return tag_error(c, &tag, AP_ESYNTAX, "this section is not closed");
    }
    return add_text(c, c->at, c->end);
}

/* XML 1.0 and JSON want Unicode; phones that want another encoding get references. */
static int check_utf8(const char *name, const char *text, size_t len, struct ap_error *error)
{
    unsigned line = 1;

    for (size_t begin = 0; begin < len; line++) {
        const char *stop = memchr(text + begin, '\n', len - begin);
        size_t end = stop ? (size_t)(stop - text) + 1 : len;
        if (!text_is_utf8(text + begin, end - begin))
            return ap_error_set(error, AP_ESYNTAX, "%s:%u:1: this line is not UTF-8", name, line);
        begin = end;
    }
    return 0;
}

int template_compile(const char *name, const char *text, size_t len, enum template_escape escape,
                     struct template **ret_template, struct ap_error *error)
{
    struct template *template = NULL;
    int err;

    if (len > AP_TEMPLATE_MAX_BYTES)
        return ap_error_set(error, AP_ERANGE, "%s: larger than %d bytes", name,
                            AP_TEMPLATE_MAX_BYTES);
    err = check_utf8(name, text, len, error);
    if (err)
        return err;
    template = calloc(1, sizeof(*template));
    if (template) {
        template->name = strdup(name);
        template->text = calloc(1, len + 1);
    }
    if (!template || !template->name || !template->text) {
        err = ap_error_set(error, AP_ENOMEM, "%s: %s", name, ap_strerror(AP_ENOMEM));
        goto out;
    }
    if (len > 0)
        memcpy(template->text, text, len);
    template->text[len] = '\0';
    template->escape = escape;

    struct compiler compiler = {
        .template = template,
        .at = template->text,
        .end = template->text + len,
        .counted = template->text,
        .line_start = template->text,
        .line = 1,
        .error = error,
    };
    err = compile(&compiler);
    if (err)
        goto out;
    *ret_template = template;
    template = NULL;
out:
    template_free(template);
    return err;
}

void template_free(struct template *template)
{
    if (!template)
        return;
    free(template->ops);
    free(template->parts);
    free(template->text);
    free(template->name);
    free(template);
}

const char *template_name(const struct template *template)
{
    return template->name;
}

int template_each_name(const struct template *template,
                       int (*visit)(void *data, const struct template_name *name), void *data)
{
    const struct template_op *open[AP_TEMPLATE_MAX_DEPTH] = {NULL};
    size_t depth = 0;
    int result = 0;

    for (size_t i = 0; result == 0 && i < template->op_count; i++) {
        const struct template_op *op = &template->ops[i];
        const struct template_op *section = depth > 0 ? open[depth - 1] : NULL;
        struct template_name name = {
            .name = op->text,
            .name_len = op->len,
            .section = section ? section->text : NULL,
            .section_len = section ? section->len : 0,
            .opens_section = op->kind == OP_SECTION || op->kind == OP_INVERTED,
            .line = op->line,
            .column = op->column,
        };
        if (op->kind == OP_END)
            depth--;
        else if (op->kind != OP_TEXT)
            result = visit(data, &name);
        if (name.opens_section)
            open[depth++] = op;
    }
    return result;
}
