/* Template text to tags: delimiters, names, pairs. Reports every error of a text, each with its
 * place. Knows no programs. */
#include "template_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"

#define DELIMITER_MAX_BYTES 16
#define SHOWN_MAX_BYTES     64 /* of a name, in a message */

struct delimiter {
    char text[DELIMITER_MAX_BYTES + 2];
    size_t len;
};

struct scanner {
    struct scan *scan;
    struct scan_report *report;
    const char *at;      /* where the next tag is looked for */
    const char *counted; /* up to here, line and column are right */
    uint32_t line, column;
    struct delimiter open, close;
    uint32_t stack[AP_TEMPLATE_MAX_DEPTH]; /* open sections, blocks and parents */
    size_t depth;
};

void scan_report_add(struct scan_report *report, int code, uint32_t line, uint32_t column,
                     const char *fmt, ...)
{
    struct ap_error text, whole;
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text.text, sizeof(text.text), fmt, args); /* cut as ap_error_write() cuts */
    va_end(args);
    if (line > 0)
        ap_error_write(&whole, "%s:%u:%u: %s", report->name, (unsigned)line, (unsigned)column,
                       text.text);
    else
        ap_error_write(&whole, "%s: %s", report->name, text.text);
    if (!report->err) {
        report->err = code;
        ap_error_write(report->error, "%s", whole.text);
    }
    report->count++;
    if (report->found)
        report->found(report->data, whole.text);
}

/* About a tag, and its name if it has one. */
static void complain(struct scanner *s, const struct scan_tag *tag, int code, const char *text)
{
    int shown = tag->name_len < SHOWN_MAX_BYTES ? (int)tag->name_len : SHOWN_MAX_BYTES;

    if (shown == 0)
        scan_report_add(s->report, code, tag->line, tag->column, "%s", text);
    else
        scan_report_add(s->report, code, tag->line, tag->column, "%s: '%.*s'", text, shown,
                        tag->name);
}

/* Columns are characters, not bytes. Called with rising places, so that all calls together read
 * the text once. */
static void locate(struct scanner *s, struct scan_tag *tag)
{
    for (; s->counted < tag->begin; s->counted++) {
        if (*s->counted == '\n') {
            s->line++;
            s->column = 1;
        } else if (((unsigned char)*s->counted & 0xC0) != 0x80) {
            s->column++;
        }
    }
    tag->line = s->line;
    tag->column = s->column;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **begin, const char **end)
{
    while (*begin < *end && is_blank(**begin))
        ++*begin;
    while (*end > *begin && is_blank((*end)[-1]))
        --*end;
}

static const char *find(const char *from, const char *end, const struct delimiter *what)
{
    return memmem(from, (size_t)(end - from), what->text, what->len);
}

/* -- names ------------------------------------------------------------------------------------- */

static bool has_empty_part(const struct scan_tag *tag)
{
    const char *name = tag->name;

    if (tag->name_len == 1 && name[0] == '.')
        return false;
    return name[0] == '.' || name[tag->name_len - 1] == '.' ||
           memmem(name, tag->name_len, "..", 2) != NULL;
}

/* What is wrong with the tag's name, or NULL. */
static const char *name_fault(const struct scan_tag *tag)
{
    bool is_file = tag->sign == '>' || tag->sign == '<';

    if (tag->name_len == 0)
        return "this tag has no name";
    for (uint32_t i = 0; i < tag->name_len; i++) {
        if (is_blank(tag->name[i]) || tag->name[i] == '{' || tag->name[i] == '}')
            return "a name has no blanks and no braces";
    }
    /* Dynamic names, lambdas of other engines, and slips. */
    if ((unsigned char)tag->name[0] < 0x80 && !text_is_alnum(tag->name[0]) &&
        !strchr("_-.", tag->name[0]))
        return "this kind of tag is not supported";
    if (!is_file && tag->sign != '$' && has_empty_part(tag))
        return "a part of this name is empty";
    return NULL;
}

/* -- pairs ------------------------------------------------------------------------------------- */

static const char *open_word(const struct scan_tag *tag)
{
    if (tag->sign == '<')
        return "this parent is not closed";
    return tag->sign == '$' ? "this block is not closed" : "this section is not closed";
}

static bool is_named_alike(const struct scan_tag *a, const struct scan_tag *b)
{
    return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

/* Returns false when scanning must end. */
static bool open_pair(struct scanner *s, struct scan_tag *opened)
{
    if (s->depth == AP_TEMPLATE_MAX_DEPTH) {
        complain(s, opened, AP_ERANGE, "sections are nested too deeply");
        return false;
    }
    opened->overrides =
        opened->sign == '$' && s->depth > 0 && s->scan->tags[s->stack[s->depth - 1]].sign == '<';
    s->stack[s->depth++] = (uint32_t)s->scan->count;
    return true;
}

/* Returns false for a tag that closes nothing. */
static bool close_pair(struct scanner *s, struct scan_tag *closing)
{
    struct scan_tag *tags = s->scan->tags;
    size_t depth = s->depth;

    if (depth == 0) {
        complain(s, closing, AP_ESYNTAX, "no section is open here");
        return false;
    }
    while (depth > 0 && !is_named_alike(&tags[s->stack[depth - 1]], closing))
        depth--;
    if (depth != s->depth) {
        const struct scan_tag *opened = &tags[s->stack[s->depth - 1]];
        scan_report_add(
            s->report, AP_ESYNTAX, closing->line, closing->column,
            "'%.*s' is closed, but '%.*s' of line %u is open",
            closing->name_len < SHOWN_MAX_BYTES ? (int)closing->name_len : SHOWN_MAX_BYTES,
            closing->name,
            opened->name_len < SHOWN_MAX_BYTES ? (int)opened->name_len : SHOWN_MAX_BYTES,
            opened->name, (unsigned)opened->line);
    }
    if (depth == 0)
        return false;
    s->depth = depth - 1;
    closing->pair = s->stack[s->depth];
    tags[closing->pair].pair = (uint32_t)s->scan->count;
    return true;
}

/* -- delimiters -------------------------------------------------------------------------------- */

static bool set_delimiter(struct delimiter *delimiter, const char *begin, const char *end)
{
    size_t len = (size_t)(end - begin);

    if (len == 0 || len > DELIMITER_MAX_BYTES || memchr(begin, '=', len))
        return false;
    memcpy(delimiter->text, begin, len);
    delimiter->text[len] = '\0';
    delimiter->len = len;
    return true;
}

/* "<% %>", from the tag {{=<% %>=}}. */
static void set_delimiters(struct scanner *s, const struct scan_tag *tag)
{
    const char *begin = tag->name, *end = tag->name + tag->name_len;
    const char *first = begin, *second = end;
    struct delimiter open, close;

    while (first < end && !is_blank(*first))
        first++;
    while (second > begin && !is_blank(second[-1]))
        second--;
    bool are_two = first < second; /* and blanks alone between them */
    for (const char *at = first; are_two && at < second; at++)
        are_two = is_blank(*at);
    if (!are_two || !set_delimiter(&open, begin, first) || !set_delimiter(&close, second, end)) {
        complain(s, tag, AP_ESYNTAX, "these are no two delimiters");
        return;
    }
    s->open = open;
    s->close = close;
}

/* -- tags -------------------------------------------------------------------------------------- */

static bool keep(struct scanner *s, const struct scan_tag *tag)
{
    struct scan *scan = s->scan;

    if (scan->count == scan->cap) {
        size_t cap = scan->cap ? 2 * scan->cap : 32;
        struct scan_tag *grown = realloc(scan->tags, cap * sizeof(*grown));
        if (!grown) {
            scan_report_add(s->report, AP_ENOMEM, 0, 0, "%s", ap_strerror(AP_ENOMEM));
            return false;
        }
        scan->tags = grown;
        scan->cap = cap;
    }
    scan->tags[scan->count++] = *tag;
    return true;
}

/* Cut a tag's text into sign and name. Returns false for a tag without an end. */
static bool read_tag(struct scanner *s, struct scan_tag *tag)
{
    static const char SIGNS[] = "#^/!&{=><$";
    const char *end = s->scan->end;
    const char *content = tag->begin + s->open.len;
    const char *first = content;
    struct delimiter close = s->close;

    while (first < end && is_blank(*first))
        first++;
    if (first < end && *first && strchr(SIGNS, *first)) {
        tag->sign = *first;
        content = first + 1;
    }
    if (tag->sign == '{' || tag->sign == '=') { /* "}}}", "=}}" */
        memmove(close.text + 1, close.text, close.len + 1);
        close.text[0] = tag->sign == '{' ? '}' : '=';
        close.len++;
    }
    if (tag->sign == '{')
        tag->sign = '&';
    const char *stop = find(content, end, &close);
    if (!stop)
        return false;
    tag->end = stop + close.len;
    trim(&content, &stop);
    tag->name = content;
    tag->name_len = (uint32_t)(stop - content);
    return true;
}

/* Returns false when scanning must end. */
static bool take_tag(struct scanner *s, struct scan_tag *tag)
{
    const char *fault = tag->sign == '!' || tag->sign == '=' ? NULL : name_fault(tag);

    s->at = tag->end;
    if (fault) {
        complain(s, tag, AP_ESYNTAX, fault);
        /* The end of another tag, most likely: go on inside. */
        if (find(tag->name, tag->name + tag->name_len, &s->open)) {
            s->at = tag->begin + s->open.len;
            return true;
        }
    }
    if (tag->sign == '=')
        set_delimiters(s, tag);
    if (s->depth > 0 && s->scan->tags[s->stack[s->depth - 1]].sign == '<' &&
        (tag->sign == 0 || !strchr("$/!=", tag->sign)))
        complain(s, tag, AP_ESYNTAX, "only blocks stand in a parent");
    if (tag->sign && strchr("#^$<", tag->sign)) {
        if (!open_pair(s, tag))
            return false;
    } else if (tag->sign == '/') {
        if (!close_pair(s, tag))
            return true;
    }
    return keep(s, tag);
}

void scan_text(struct scan *scan, struct scan_report *report)
{
    struct scanner s = {
        .scan = scan,
        .report = report,
        .at = scan->text,
        .counted = scan->text,
        .line = 1,
        .column = 1,
        .open = {.text = "{{", .len = 2},
        .close = {.text = "}}", .len = 2},
    };

    while (report->count < SCAN_ERRORS_MAX) {
        struct scan_tag tag = {.begin = find(s.at, scan->end, &s.open)};
        if (!tag.begin)
            break;
        locate(&s, &tag);
        if (!read_tag(&s, &tag)) {
            complain(&s, &tag, AP_ESYNTAX, "this tag is not closed");
            s.at = tag.begin + s.open.len;
            continue;
        }
        tag.cut_begin = tag.begin;
        tag.cut_end = tag.end;
        if (!take_tag(&s, &tag))
            return;
    }
    for (size_t i = 0; i < s.depth && report->count < SCAN_ERRORS_MAX; i++) {
        const struct scan_tag *opened = &scan->tags[s.stack[i]];
        complain(&s, opened, AP_ESYNTAX, open_word(opened));
    }
}

void scan_done(struct scan *scan)
{
    free(scan->tags);
    scan->tags = NULL;
    scan->count = scan->cap = 0;
}
