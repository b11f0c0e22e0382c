/* Which lines of a template vanish with their tags, and with which indentation called templates and
 * blocks are written. Looks at the text and its tags alone.
 *
 * A line that holds one tag which writes nothing itself vanishes (Mustache 1.4, "standalone"). So
 * does a line that holds nothing but tags of inheritance, several of them too, and that on which a
 * parent begins and ends, whatever stands in it. */
#include "template_scan.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Begin of the line if only blanks stand before at, else NULL. */
static const char *blank_before(const struct scan *scan, const char *at)
{
    while (at > scan->text && is_space(at[-1]))
        at--;
    return at == scan->text || at[-1] == '\n' ? at : NULL;
}

static const char *skip_space(const struct scan *scan, const char *at)
{
    while (at < scan->end && is_space(*at))
        at++;
    return at;
}

/* Begin of the next line if only blanks stand behind at, else NULL. The last line needs no end. */
static const char *blank_after(const struct scan *scan, const char *at)
{
    at = skip_space(scan, at);
    if (at == scan->end)
        return at;
    if (*at == '\r' && at + 1 < scan->end)
        at++;
    return *at == '\n' ? at + 1 : NULL;
}

static bool is_of_inheritance(const struct scan *scan, size_t i)
{
    char sign = scan->tags[i].sign;

    if (sign == '/')
        sign = scan->tags[scan->tags[i].pair].sign;
    return sign == '$' || sign == '<';
}

static void set_indent(struct scan_tag *tag, const char *begin, const char *end)
{
    tag->indent = begin;
    tag->indent_len = (uint32_t)(end - begin);
}

/* One tag, and not of inheritance. */
static void lay_out_single(const struct scan *scan, struct scan_tag *tag)
{
    const char *before = blank_before(scan, tag->begin);
    const char *after = blank_after(scan, tag->end);

    tag->layout = TEMPLATE_INLINE;
    if (tag->sign == 0 || tag->sign == '&' || !before || !after)
        return;
    tag->vanishes = true;
    tag->cut_begin = before;
    tag->cut_end = after;
    tag->layout = TEMPLATE_LINES;
    set_indent(tag, before, tag->begin);
}

/* The indentation of the first line in a block that begins on a line of its own. */
static void measure_block(const struct scan *scan, struct scan_tag *block, const char *content)
{
    const char *end = scan->tags[block->pair].begin;
    const char *next;

    while ((next = blank_after(scan, content)) != NULL && next < end && next > content)
        content = next;
    const char *first = skip_space(scan, content);
    if (first < end)
        set_indent(block, content, first);
}

/* Tags i to j fill a line: first is its begin, next that of the next line. */
static void lay_out_line(const struct scan *scan, size_t i, size_t j, const char *first,
                         const char *next)
{
    const char *line_indent_end = scan->tags[i].begin;
    const char *newline = skip_space(scan, scan->tags[j].end);

    for (size_t at = i; at <= j; at++) {
        struct scan_tag *tag = &scan->tags[at];
        tag->vanishes = true;
        tag->layout = TEMPLATE_LINES;
        set_indent(tag, first, line_indent_end);
        tag->cut_begin = at == i ? first : tag->begin;
        tag->cut_end = at == j ? next : scan->tags[at + 1].begin;
        if (tag->sign == '$' && tag->pair > j) {
            measure_block(scan, tag, next);
        } else if (tag->sign == '$') {
            tag->newline = newline;
            tag->newline_len = (uint32_t)(next - newline);
        }
    }
}

/* Tag i, of inheritance, on a line with other things. */
static void lay_out_mixed(const struct scan *scan, struct scan_tag *tag)
{
    const char *before = blank_before(scan, tag->begin);

    tag->layout = before ? TEMPLATE_HANGING : TEMPLATE_INLINE;
    if (before)
        set_indent(tag, before, tag->begin);
}

/* What a parent writes stands in place of everything between its two tags. */
static void lay_out_parent(const struct scan *scan, struct scan_tag *parent)
{
    struct scan_tag *closing = &scan->tags[parent->pair];
    const char *after = blank_after(scan, closing->end);

    if (parent->layout == TEMPLATE_INLINE || (!closing->vanishes && !after)) {
        parent->layout = TEMPLATE_INLINE;
        parent->vanishes = false;
        parent->cut_begin = parent->begin;
        return;
    }
    if (!parent->vanishes)
        parent->cut_begin = parent->indent;
    parent->layout = TEMPLATE_LINES;
    parent->vanishes = true;
    if (!closing->vanishes)
        closing->cut_end = after;
    closing->vanishes = true;
}

void scan_lay_out(struct scan *scan)
{
    size_t i = 0;

    while (i < scan->count) {
        struct scan_tag *tag = &scan->tags[i];
        const char *first = blank_before(scan, tag->begin);
        size_t j = i;
        if (!is_of_inheritance(scan, i)) {
            lay_out_single(scan, tag);
            i++;
            continue;
        }
        while (first && j + 1 < scan->count && is_of_inheritance(scan, j + 1) &&
               skip_space(scan, scan->tags[j].end) == scan->tags[j + 1].begin)
            j++;
        const char *next = first ? blank_after(scan, scan->tags[j].end) : NULL;
        if (next)
            lay_out_line(scan, i, j, first, next);
        else
            for (size_t at = i; at <= j; at++)
                lay_out_mixed(scan, &scan->tags[at]);
        i = j + 1;
    }
    for (i = 0; i < scan->count; i++) {
        if (scan->tags[i].sign == '<')
            lay_out_parent(scan, &scan->tags[i]);
    }
}
