/* One line of the log taken apart: its event, its pairs, the words around them.
 *
 * Lines are made as text, by a printf form: that is what people read and what a fetch can afford.
 * Where fields are wanted, the finished line is split by the grammar that log_event() demands of
 * it. Nobody can smuggle a pair in: foreign text stands in quotes, and text_append_quoted() leaves
 * no quote in it. */
#ifndef AUTOPROV_LOG_RECORD_H
#define AUTOPROV_LOG_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/log.h"

/* Of one line; the longest of ours has 8 pairs. What is beyond stays in the message. */
#define LOG_RECORD_PAIRS_MAX 16

struct log_pair {
    const char *key;   /* [a-z][a-z0-9_]* */
    const char *value; /* without its quotes, else as in the line */
};

struct log_record {
    const char *event; /* the first word; "" in an empty line */
    struct log_pair pairs[LOG_RECORD_PAIRS_MAX];
    size_t pair_count;   /* no key twice: a second one stays in the message */
    const char *message; /* what is no pair, words with one blank between; "" if nothing */
    char text[2 * LOG_LINE_MAX];
};

/* Any line, of LOG_LINE_MAX - 1 bytes at most (a longer one is cut). Pointers of ret_record point
 * into it. Pure. */
void log_record_parse(const char *line, struct log_record *ret_record);

/* Append the line as a JSON object: "ts" (RFC 3339, UTC), "level", "event", a member for each pair
 * (always a string: a MAC may look like a number) and "message", if there is one.
 * Errors: those of buf_append(). */
AP_MUSTCHECK int log_record_json(const struct log_record *record, enum log_level level,
                                 int64_t wall_s, struct buf *out);

#endif
