/* The log's way into systemd's journal, each pair a field of its own (sd_journal_send(3)). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Without our file and line numbers in every entry: ours are those of this file. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "autoprov/log_record.h"
#include "daemon_private.h"

/* "AP_", the key in capitals, '=' and the value, for each pair; the line; three fixed fields. */
#define FIELDS_MAX (LOG_RECORD_PAIRS_MAX + 4)
#define TEXT_MAX   (3 * LOG_LINE_MAX)
#define JSON_MAX   (6 * LOG_LINE_MAX + 512)
/* Where sd_journal_sendv() sends to. It drops entries without a word when nobody is there. */
#define SOCKET_PATH "/run/systemd/journal/socket"

struct entry {
    struct iovec fields[FIELDS_MAX];
    int count;
    char text[TEXT_MAX];
    size_t used;
};

/* A field that has no room is left out; the line has it all the same. */
static void add(struct entry *entry, const char *prefix, const char *key, const char *value)
{
    char *start = entry->text + entry->used;
    size_t room = sizeof(entry->text) - entry->used;
    int len = snprintf(start, room, "%s%s=%s", prefix, key, value);

    if (len <= 0 || (size_t)len >= room || entry->count == FIELDS_MAX)
        return;
    for (char *c = start; *c != '='; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
    entry->fields[entry->count++] = (struct iovec){.iov_base = start, .iov_len = (size_t)len};
    entry->used += (size_t)len + 1;
}

static void send_line(enum log_level level, const char *line, const char *message)
{
    struct log_record record;
    struct entry entry = {.count = 0};
    char priority[8];

    log_record_parse(line, &record);
    (void)snprintf(priority, sizeof(priority), "%d", (int)level); /* one digit */
    add(&entry, "", "PRIORITY", priority);
    add(&entry, "", "SYSLOG_IDENTIFIER", "autoprovd");
    add(&entry, "AP_", "EVENT", record.event);
    for (size_t i = 0; i < record.pair_count; i++)
        add(&entry, "AP_", record.pairs[i].key, record.pairs[i].value);
    /* Last: it is the longest. */
    size_t len = strlen(message);
    char *whole = malloc(len + sizeof("MESSAGE="));
    if (whole && entry.count < FIELDS_MAX) {
        (void)snprintf(whole, len + sizeof("MESSAGE="), "MESSAGE=%s", message); /* measured */
        entry.fields[entry.count++] =
            (struct iovec){.iov_base = whole, .iov_len = len + sizeof("MESSAGE=") - 1};
    }
    if (!whole || sd_journal_sendv(entry.fields, entry.count) < 0)
        log_write_stderr(level, line);
    free(whole);
}

static void sink_text(void *data, enum log_level level, const char *line)
{
    (void)data;
    send_line(level, line, line);
}

static void sink_json(void *data, enum log_level level, const char *line)
{
    struct log_record record;
    struct buf json;

    (void)data;
    buf_init(&json, JSON_MAX);
    log_record_parse(line, &record);
    if (log_record_json(&record, level, time(NULL), &json) == 0)
        send_line(level, line, json.data);
    else
        send_line(level, line, line);
    buf_done(&json);
}

/* sd-daemon(3), "JOURNAL_STREAM": device and inode of the journal's end of standard error. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat info;
    char own[64];

    if (!stream || fstat(STDERR_FILENO, &info) != 0)
        return false;
    (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    return strcmp(stream, own) == 0;
}

void journal_apply(const struct config *config)
{
    bool is_json = config->log_format == LOG_FORMAT_JSON;
    bool to_journal = config->log_target == CONFIG_LOG_JOURNAL ||
                      (config->log_target == CONFIG_LOG_AUTO && stderr_is_journal());

    log_init(config->log_level);
    log_set_format(config->log_format);
    if (to_journal && access(SOCKET_PATH, F_OK) != 0) {
        log_set_sink(NULL, NULL);
        log_event(LOG_LEVEL_WARNING, "log",
                  "target=journal; no journal runs here, so lines go to standard error");
    } else if (to_journal) {
        log_set_sink(is_json ? sink_json : sink_text, NULL);
    } else {
        log_set_sink(NULL, NULL);
    }
}
