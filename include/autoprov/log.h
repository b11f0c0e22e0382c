/* One event, one line of key=value, to standard error or a sink. */
#ifndef AUTOPROV_LOG_H
#define AUTOPROV_LOG_H

#include <stdbool.h>

#include "autoprov/err.h"

/* Same order and meaning as syslog's (RFC 5424, 6.2.1). */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* How lines look on standard error. */
enum log_format {
    LOG_FORMAT_TEXT, /* "fetch mac=… status=200" */
    LOG_FORMAT_JSON, /* an object for each line: log_record_json() */
};

/* Longest line, with its NUL. */
#define LOG_LINE_MAX 2000

/* Where lines go. line: one line without line end, NUL-terminated. Called with the log's own
 * lock held: must not log. */
typedef void (*log_sink_fn)(void *data, enum log_level level, const char *line);

/* Log to standard error, with systemd's <N> priority prefix when standard error is the journal
 * (sd-daemon(3)); lines above level are dropped. The process has one log: this is the project's
 * only global. */
void log_init(enum log_level level);

/* From the next line on. Any thread. */
void log_set_format(enum log_format format);

/* Replace the sink. sink NULL: back to standard error. Any thread. */
void log_set_sink(log_sink_fn sink, void *data);

/* Write a line as without a sink: for a sink that cannot take it. Called by a sink only. */
void log_write_stderr(enum log_level level, const char *line);

/* "error", …; never NULL. */
const char *log_level_name(enum log_level level);

/* "error", "warning", "notice", "info", "debug". Errors: AP_EINVAL. */
AP_MUSTCHECK int log_level_parse(const char *text, enum log_level *ret_level);

/* Whether a line of this level would be written: to save the work of making it. Any thread. */
bool log_enabled(enum log_level level);

/* event: a fixed word, the line's first; fmt: key=value pairs, and words of prose behind a ';'. A
 * key is [a-z][a-z0-9_]*, a value has no blank or stands in double quotes. Text that comes from
 * outside is quoted by the caller with text_append_quoted(); control characters that reach this
 * function all the same are written as '?'. Any thread. Cut at LOG_LINE_MAX bytes. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) AP_PRINTF(3, 4);

#endif
