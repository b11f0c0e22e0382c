/* Taking a line of the log apart, and writing it as JSON. Must not know where lines go. */
#include "autoprov/log_record.h"

#include <string.h>
#include <time.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

/* Members of the JSON object that no pair may take. */
static const char *const RESERVED[] = {"ts", "level", "event", "message"};

static bool is_key_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (!first && (c == '_' || text_is_digit(c)));
}

/* Length of the key that word begins with, its '=' behind it; 0: it is no pair. */
static size_t key_len(const char *word)
{
    size_t len = 0;

    while (is_key_byte(word[len], len == 0))
        len++;
    return word[len] == '=' ? len : 0;
}

static bool is_taken(const struct log_record *record, const char *key, size_t len)
{
    for (size_t i = 0; i < AP_COUNT(RESERVED); i++) {
        if (strlen(RESERVED[i]) == len && memcmp(RESERVED[i], key, len) == 0)
            return true;
    }
    for (size_t i = 0; i < record->pair_count; i++) {
        if (strlen(record->pairs[i].key) == len && memcmp(record->pairs[i].key, key, len) == 0)
            return true;
    }
    return record->pair_count == LOG_RECORD_PAIRS_MAX;
}

/* Does the value end with this quote? An error's text may hold one of its own. */
static bool is_last_quote(const char *quote)
{
    return *quote == '"' && (quote[1] == '\0' || strchr(" ;,", quote[1]) != NULL);
}

/* Cut the value at at out of the line; returns what is behind it. */
static char *take_value(char *at, const char **ret_value)
{
    char *end = at;

    if (*at == '"') {
        *ret_value = ++at;
        end = at;
        while (*end && !is_last_quote(end))
            end++;
        if (!*end)
            return end; /* the line was cut inside the quotes */
        *end++ = '\0';
        return end + (*end == ';' || *end == ',');
    }
    *ret_value = at;
    end += strcspn(end, " ");
    char *next = *end ? end + 1 : end;
    if (end > at && (end[-1] == ';' || end[-1] == ','))
        end--;
    *end = '\0';
    return next;
}

static char *take_pair(struct log_record *record, char *word, size_t len)
{
    struct log_pair *pair = &record->pairs[record->pair_count];

    word[len] = '\0';
    pair->key = word;
    char *next = take_value(word + len + 1, &pair->value);
    record->pair_count++;
    return next;
}

void log_record_parse(const char *line, struct log_record *ret_record)
{
    struct log_record *record = ret_record;
    char *text = record->text;
    char *message = record->text + LOG_LINE_MAX;
    size_t used = 0;
    size_t line_len = strnlen(line, LOG_LINE_MAX - 1);

    memcpy(text, line, line_len);
    text[line_len] = '\0';
    record->pair_count = 0;
    record->event = text;
    record->message = message;
    char *at = text + strcspn(text, " ");
    while (*at) {
        if (*at == ' ') {
            *at++ = '\0'; /* also ends the event */
            continue;
        }
        size_t len = key_len(at);
        if (len > 0 && !is_taken(record, at, len)) {
            at = take_pair(record, at, len);
            continue;
        }
        /* Never longer than the line: each word takes its own bytes and its blank's. */
        size_t word_len = strcspn(at, " ");
        if (used > 0)
            message[used++] = ' ';
        memcpy(message + used, at, word_len);
        used += word_len;
        at += word_len;
    }
    message[used] = '\0';
}

/* RFC 8259, 7. What is no UTF-8 would break whoever reads the object: '?' for its bytes. */
static int append_string(struct buf *out, const char *text)
{
    bool is_utf8 = text_is_utf8(text, strlen(text));
    int err = buf_append(out, "\"", 1);

    for (; !err && *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            err = buf_printf(out, "\\%c", c);
        else if (c < 0x20)
            err = buf_printf(out, "\\u%04x", c);
        else
            err = buf_append(out, c >= 0x80 && !is_utf8 ? "?" : text, 1);
    }
    return err ? err : buf_append(out, "\"", 1);
}

static int append_member(struct buf *out, const char *name, const char *value)
{
    int err = buf_printf(out, ",\"%s\":", name);

    return err ? err : append_string(out, value);
}

int log_record_json(const struct log_record *record, enum log_level level, int64_t wall_s,
                    struct buf *out)
{
    char stamp[32] = "";
    time_t now = (time_t)wall_s;
    struct tm parts;

    if (gmtime_r(&now, &parts))
        (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts); /* 20 bytes, or 0 */
    int err = buf_printf(out, "{\"ts\":\"%s\"", stamp);
    if (!err)
        err = append_member(out, "level", log_level_name(level));
    if (!err)
        err = append_member(out, "event", record->event);
    for (size_t i = 0; !err && i < record->pair_count; i++)
        err = append_member(out, record->pairs[i].key, record->pairs[i].value);
    if (!err && record->message[0])
        err = append_member(out, "message", record->message);
    return err ? err : buf_append(out, "}", 1);
}
