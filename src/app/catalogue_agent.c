/* MACs in User-Agents and the like. The text comes from an outsider: the work is bounded by its
 * length times the pattern's, whatever it holds. */
#include <string.h>

#include "autoprov/text.h"
#include "catalogue_private.h"

#define MAC_DIGITS    12
#define MAC_SEPARATED 17
#define MODEL_MAX     32
/* Shorter words at the beginning tell no vendor. */
#define VENDOR_WORD_MIN 3

/* Which ends of a text's beginnings (or, read backwards, beginnings of its ends) a part of the
 * pattern fits. */
struct reach {
    bool at[AP_CATALOGUE_AGENT_MAX_BYTES + 1];
};

/* The text forwards or backwards, in lower case. */
struct subject {
    size_t len;
    char text[AP_CATALOGUE_AGENT_MAX_BYTES];
};

static void step_literal(const struct subject *subject, char literal, struct reach *reach)
{
    for (size_t i = subject->len; i > 0; i--)
        reach->at[i] = reach->at[i - 1] && subject->text[i - 1] == literal;
    reach->at[0] = false;
}

static void step_any(const struct subject *subject, struct reach *reach)
{
    for (size_t i = 1; i <= subject->len; i++)
        reach->at[i] = reach->at[i] || reach->at[i - 1];
}

static void step_model(const struct subject *subject, struct reach *reach)
{
    /* Characters since the nearest place from which a model may begin. */
    size_t since = MODEL_MAX;

    for (size_t i = 0; i <= subject->len; i++) {
        bool begins = reach->at[i];
        since = i > 0 && catalogue_is_wild_char(subject->text[i - 1]) && since < MODEL_MAX
                    ? since + 1
                    : MODEL_MAX + 1;
        reach->at[i] = since <= MODEL_MAX;
        if (begins)
            since = 0;
    }
}

static void step(const struct subject *subject, enum catalogue_placeholder which,
                 struct reach *reach)
{
    if (which == CATALOGUE_PLACEHOLDER_MODEL)
        step_model(subject, reach);
    else
        step_any(subject, reach);
}

/* pattern[0 .. len) from the text's beginning. */
static void walk_forwards(const struct subject *subject, const char *pattern, size_t len,
                          struct reach *ret_reach)
{
    memset(ret_reach, 0, sizeof(*ret_reach));
    ret_reach->at[0] = true;
    for (size_t at = 0; at < len;) {
        enum catalogue_placeholder which;
        size_t skip = catalogue_placeholder(pattern + at, &which);
        if (skip > 0)
            step(subject, which, ret_reach);
        else
            step_literal(subject, text_lower(pattern[at]), ret_reach);
        at += skip > 0 ? skip : 1;
    }
}

/* pattern[0 .. len) read from its end, over the text reversed. */
static void walk_backwards(const struct subject *subject, const char *pattern, size_t len,
                           struct reach *ret_reach)
{
    memset(ret_reach, 0, sizeof(*ret_reach));
    ret_reach->at[0] = true;
    while (len > 0) {
        enum catalogue_placeholder which;
        size_t open = len - 1;
        if (pattern[open] != '}') {
            step_literal(subject, text_lower(pattern[open]), ret_reach);
        } else {
            while (open > 0 && pattern[open] != '{')
                open--;
            if (catalogue_placeholder(pattern + open, &which) > 0)
                step(subject, which, ret_reach);
        }
        len = open;
    }
}

/* Does a longer run of the same kind go on here? Asked where no literal of the pattern stands. */
static bool goes_on(char neighbour, char separator)
{
    return text_is_alnum(neighbour) || (!text_is_hex(separator) && neighbour == separator);
}

/* A MAC at text[from], no piece of something longer. Returns its length, or 0. */
static size_t mac_at(const struct subject *subject, size_t from, const char *pattern,
                     const char *mac, uint8_t ret_mac[static AP_MAC_LEN])
{
    const char *behind = mac + strlen("{mac}");

    if (subject->len - from < MAC_DIGITS)
        return 0;
    char separator = subject->text[from + 2];
    size_t len = text_is_hex(separator) ? MAC_DIGITS : MAC_SEPARATED;
    if (subject->len - from < len || mac_parse(subject->text + from, len, ret_mac) != 0)
        return 0;
    bool wild_before = mac > pattern && mac[-1] == '}';
    if (wild_before && from > 0 && goes_on(subject->text[from - 1], separator))
        return 0;
    if (*behind == '{' && from + len < subject->len &&
        goes_on(subject->text[from + len], separator))
        return 0;
    return len;
}

static bool fill_subjects(const char *text, struct subject *forwards, struct subject *backwards)
{
    size_t len = strnlen(text, AP_CATALOGUE_AGENT_MAX_BYTES + 1);

    if (len > AP_CATALOGUE_AGENT_MAX_BYTES)
        return false;
    forwards->len = backwards->len = len;
    for (size_t i = 0; i < len; i++)
        forwards->text[i] = backwards->text[len - 1 - i] = text_lower(text[i]);
    return true;
}

int catalogue_agent_mac(const struct catalogue_vendor *vendor, const char *user_agent,
                        uint8_t ret_mac[static AP_MAC_LEN])
{
    const char *pattern = vendor->user_agent;
    const char *mac = pattern ? strstr(pattern, "{mac}") : NULL;
    struct subject forwards, backwards;
    struct reach before, behind;
    uint8_t found[AP_MAC_LEN];

    if (!mac || !fill_subjects(user_agent, &forwards, &backwards))
        return AP_ENOENT;
    const char *rest = mac + strlen("{mac}");
    walk_forwards(&forwards, pattern, (size_t)(mac - pattern), &before);
    walk_backwards(&backwards, rest, strlen(rest), &behind);
    /* From the right: models and versions stand before the MAC. */
    for (size_t from = forwards.len; from-- > 0;) {
        if (!before.at[from])
            continue;
        size_t len = mac_at(&forwards, from, pattern, mac, found);
        if (len > 0 && behind.at[forwards.len - from - len]) {
            memcpy(ret_mac, found, AP_MAC_LEN);
            return 0;
        }
    }
    return AP_ENOENT;
}

/* -- what contradicts -------------------------------------------------------------------------- */

/* Most phones tell their own MAC: found without a look at any pattern. */
static bool tells_mac(const char *user_agent, const uint8_t mac[static AP_MAC_LEN])
{
    char wanted[AP_MAC_TEXT_MAX], text[AP_CATALOGUE_AGENT_MAX_BYTES + 1];
    size_t len = 0;

    mac_format(mac, MAC_FORM_LOWER, wanted);
    for (const char *c = user_agent; *c && len < sizeof(text) - 1; c++) {
        if (*c != ':' && *c != '-' && *c != '.')
            text[len++] = text_lower(*c);
    }
    text[len] = '\0';
    return strstr(text, wanted) != NULL;
}

static bool begins_with(const char *text, const char *begin, size_t len)
{
    return strnlen(text, len) == len && text_equal_nocase(text, len, begin, len);
}

/* Does the text begin with the vendor's name, or with what its pattern begins with? */
static bool names_vendor(const char *user_agent, const struct catalogue_vendor *vendor)
{
    size_t title = strcspn(vendor->title, " ");
    size_t head = vendor->user_agent ? strcspn(vendor->user_agent, "{") : 0;

    if (title >= VENDOR_WORD_MIN && begins_with(user_agent, vendor->title, title) &&
        !text_is_alnum(user_agent[title]))
        return true;
    return head >= VENDOR_WORD_MIN && begins_with(user_agent, vendor->user_agent, head);
}

static bool names_another(const struct catalogue *catalogue, const struct catalogue_vendor *vendor,
                          const char *user_agent)
{
    const struct catalogue_vendor *other;

    /* A vendor without a pattern takes whoever comes. */
    if (!vendor->user_agent || names_vendor(user_agent, vendor))
        return false;
    for (size_t i = 0; (other = catalogue_vendor_at(catalogue, i)); i++) {
        if (other != vendor && other->user_agent && names_vendor(user_agent, other))
            return true;
    }
    return false;
}

enum catalogue_agent catalogue_agent_of(const struct catalogue *catalogue,
                                        const struct catalogue_vendor *vendor,
                                        const char *user_agent,
                                        const uint8_t mac[static AP_MAC_LEN])
{
    uint8_t other[AP_MAC_LEN];

    if (!user_agent[0])
        return CATALOGUE_AGENT_SILENT;
    if (!tells_mac(user_agent, mac) && catalogue_agent_mac(vendor, user_agent, other) == 0)
        return CATALOGUE_AGENT_OTHER_MAC;
    return names_another(catalogue, vendor, user_agent) ? CATALOGUE_AGENT_OTHER_VENDOR
                                                        : CATALOGUE_AGENT_SILENT;
}

bool catalogue_agent_is_pattern(const char *text, size_t len)
{
    size_t macs = 0;

    for (size_t at = 0; at < len;) {
        enum catalogue_placeholder which;
        size_t skip = catalogue_placeholder(text + at, &which);
        if (skip > 0 && which == CATALOGUE_PLACEHOLDER_CODE)
            return false;
        if (skip > 0 && which == CATALOGUE_PLACEHOLDER_MAC && macs++ > 0)
            return false;
        if (skip == 0 && (text[at] < ' ' || text[at] > '~' || text[at] == '{' || text[at] == '}'))
            return false;
        at += skip > 0 ? skip : 1;
    }
    return true;
}
