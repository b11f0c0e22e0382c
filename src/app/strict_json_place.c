/* jansson tells places of syntax errors only, and its tree keeps none: when a member is wrong, it
 * is looked for in the text again. The text is valid JSON by then; the ends are watched all the
 * same. */
#include "strict_json_place.h"

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    return at;
}

/* at: the opening quote. Behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at < end ? at + 1 : end;
}

static const char *skip_value(const char *at, const char *end)
{
    size_t depth = 0;

    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            if (depth == 0)
                return at;
            continue;
        }
        bool opens = *at == '{' || *at == '[';
        bool closes = *at == '}' || *at == ']';
        if (depth == 0 && (closes || *at == ','))
            return at; /* behind a number, true, false or null */
        depth += opens;
        depth -= closes;
        at++;
        if (closes && depth == 0)
            return at;
    }
    return end;
}

struct child {
    const char *name; /* an item's is its value */
    const char *value;
};

/* at: the bracket that opens the parent. */
static struct child find_child(const char *at, const char *end, size_t nth)
{
    struct child child;
    bool has_names = *at == '{';

    for (;; nth--) {
        child.name = skip_blanks(at + 1, end);
        child.value = child.name;
        if (has_names) {
            at = skip_blanks(skip_string(child.name, end), end); /* the colon */
            child.value = skip_blanks(at < end ? at + 1 : end, end);
        }
        if (nth == 0)
            return child;
        at = skip_blanks(skip_value(child.value, end), end); /* the comma */
        if (at >= end)
            return child;
    }
}

static struct strict_json_place place_of(const char *text, const char *at)
{
    struct strict_json_place place = {1, 1};

    for (; text < at; text++) {
        if (*text == '\n')
            place = (struct strict_json_place){place.line + 1, 1};
        else if (((unsigned char)*text & 0xC0) != 0x80) /* not a UTF-8 continuation byte */
            place.column++;
    }
    return place;
}

struct strict_json_place strict_json_find(const char *text, size_t len, const size_t *way,
                                          size_t depth, bool at_name)
{
    const char *end = text + len;
    struct child child = {.value = skip_blanks(text, end)};

    child.name = child.value;
    for (size_t i = 0; i < depth && child.value < end; i++)
        child = find_child(child.value, end, way[i]);
    return place_of(text, at_name ? child.name : child.value);
}

struct strict_json_place strict_json_string_before(const char *text, size_t len, size_t position)
{
    const char *end = text + (position < len ? position : len);
    const char *found = text;

    for (const char *at = text; at < end;) {
        if (*at != '"') {
            at++;
            continue;
        }
        found = at;
        at = skip_string(at, end);
    }
    return place_of(text, found);
}
