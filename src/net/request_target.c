/* The path of a request in the one form that the rest of the program meets.
 * Pure. Must not know what a path means. */
#include "request_target.h"

#include <string.h>

#include "autoprov/text.h"

/* RFC 3986, 2.3. */
static bool is_unreserved(char c)
{
    return text_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* RFC 3986, 3.3: pchar without escapes. */
static bool is_path_char(char c)
{
    return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@", c));
}

/* One escape at text[0] == '%'. False: incomplete, or of a character that no phone has a reason
 * to escape; %25 is among them, so nothing can be unescaped twice. */
static bool unescape(const char *text, size_t len, char *ret_char)
{
    uint8_t byte = 0;

    if (len < 3 || text_unhex(text + 1, 2, &byte) != 0)
        return false;
    if (!is_unreserved((char)byte) && byte != ':')
        return false;
    *ret_char = (char)byte;
    return true;
}

/* "." and "..", also when their dots came escaped: asked of the canonical path. */
static bool is_dot_segment(const char *segment, size_t len)
{
    return (len == 1 && segment[0] == '.') || (len == 2 && segment[0] == '.' && segment[1] == '.');
}

static void split(const struct gate_text *target, size_t *ret_path_len, struct gate_text *ret_query)
{
    const char *fragment = memchr(target->data, '#', target->len);
    size_t len = fragment ? (size_t)(fragment - target->data) : target->len;
    const char *mark = memchr(target->data, '?', len);

    *ret_query = (struct gate_text){0};
    *ret_path_len = len;
    if (mark) {
        *ret_path_len = (size_t)(mark - target->data);
        ret_query->data = mark + 1;
        ret_query->len = len - *ret_path_len - 1;
    }
}

bool request_target_read(const struct gate_text *target, struct gate_result *result,
                         struct gate_text *ret_query)
{
    size_t in_len;
    size_t out = 0;
    size_t segment = 0; /* where the segment that is being written begins */

    split(target, &in_len, ret_query);
    if (in_len == 0 || target->data[0] != '/')
        return false;
    for (size_t in = 0; in < in_len; in++) {
        char c = target->data[in];
        if (c == '/') {
            if (out > 0 && out == segment)
                continue; /* a run of slashes */
            if (is_dot_segment(result->path + segment, out - segment))
                return false;
            result->path[out++] = '/';
            segment = out;
            continue;
        }
        if (c == '%') {
            if (!unescape(target->data + in, in_len - in, &c))
                return false;
            in += 2;
        } else if (!is_path_char(c)) {
            return false;
        }
        result->path[out++] = c;
    }
    if (is_dot_segment(result->path + segment, out - segment))
        return false;
    result->path[out] = '\0';
    result->path_len = out;
    return true;
}
