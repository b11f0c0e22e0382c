/* The process's log: the project's only global. */
#include "autoprov/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autoprov/array.h"
#include "autoprov/log_record.h"

/* Every byte of a line as \u00XX, and the names around its pairs. */
#define JSON_MAX (6 * LOG_LINE_MAX + 512)

static struct {
    pthread_mutex_t lock;
    _Atomic int level;  /* enum log_level */
    _Atomic int format; /* enum log_format */
    log_sink_fn sink;
    void *sink_data;
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO};

void log_init(enum log_level level)
{
    atomic_store(&log_state.level, (int)level);
}

void log_set_format(enum log_format format)
{
    atomic_store(&log_state.format, (int)format);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

void log_set_sink(log_sink_fn sink, void *data)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.sink = sink;
    log_state.sink_data = data;
    pthread_mutex_unlock(&log_state.lock);
}

static const struct {
    const char *name;
    enum log_level level;
} LEVELS[] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},
};

int log_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < AP_COUNT(LEVELS); i++) {
        if (strcmp(text, LEVELS[i].name) == 0) {
            *ret_level = LEVELS[i].level;
            return 0;
        }
    }
    return AP_EINVAL;
}

const char *log_level_name(enum log_level level)
{
    for (size_t i = 0; i < AP_COUNT(LEVELS); i++) {
        if (LEVELS[i].level == level)
            return LEVELS[i].name;
    }
    return "info";
}

/* false: without memory, the line is then written as text. */
static bool write_json(enum log_level level, const char *line)
{
    struct log_record record;
    struct buf json;

    buf_init(&json, JSON_MAX);
    log_record_parse(line, &record);
    bool is_made = log_record_json(&record, level, time(NULL), &json) == 0;
    if (is_made)
        fprintf(stderr, "%s\n", json.data);
    buf_done(&json);
    return is_made;
}

/* The journal keeps time and priority itself (sd-daemon(3)); a person at a terminal needs both. */
void log_write_stderr(enum log_level level, const char *line)
{
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "<%d>", (int)level);
    if (atomic_load(&log_state.format) == LOG_FORMAT_JSON && write_json(level, line))
        return;
    if (getenv("JOURNAL_STREAM")) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    char stamp[32];
    time_t now = time(NULL);
    struct tm parts;
    if (!gmtime_r(&now, &parts) ||
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        stamp[0] = '\0';
    fprintf(stderr, "%s %s %s\n", stamp, log_level_name(level), line);
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    if (!log_enabled(level))
        return;
    int len = snprintf(line, sizeof(line), "%s ", event);
    if (len > 0 && (size_t)len < sizeof(line)) {
        va_start(args, fmt);
        (void)vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, args); /* may be cut */
        va_end(args);
    }
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    pthread_mutex_lock(&log_state.lock);
    if (log_state.sink)
        log_state.sink(log_state.sink_data, level, line);
    else
        log_write_stderr(level, line);
    pthread_mutex_unlock(&log_state.lock);
}
