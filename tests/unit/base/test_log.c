/* The process's log: levels, one line per event, no control characters. */
#include "autoprov/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define LEVEL_COUNT 5
#define LINE_MAX    4000

static const struct {
    const char *name;
    enum log_level level;
} LEVELS[LEVEL_COUNT] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},
};

struct seen {
    unsigned count;
    enum log_level level;
    char line[LINE_MAX];
};

static void keep(void *data, enum log_level level, const char *line)
{
    struct seen *seen = data;

    seen->count++;
    seen->level = level;
    (void)snprintf(seen->line, sizeof(seen->line), "%s", line);
}

static int setup(void **state)
{
    static struct seen seen;

    seen = (struct seen){0};
    *state = &seen;
    log_init(LOG_LEVEL_DEBUG);
    log_set_sink(keep, &seen);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    log_init(LOG_LEVEL_INFO);
    return 0;
}

static void test_level_names_are_syslogs(void **state)
{
    enum log_level level = LOG_LEVEL_DEBUG;

    (void)state;
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        assert_int_equal(log_level_parse(LEVELS[i].name, &level), 0);
        assert_int_equal(level, LEVELS[i].level);
        assert_int_equal(level, i + 3);
    }
    level = LOG_LEVEL_NOTICE;
    assert_int_equal(log_level_parse("", &level), AP_EINVAL);
    assert_int_equal(log_level_parse("Error", &level), AP_EINVAL);
    assert_int_equal(log_level_parse("info ", &level), AP_EINVAL);
    assert_int_equal(log_level_parse("7", &level), AP_EINVAL);
    assert_int_equal(level, LOG_LEVEL_NOTICE);
}

static void test_lines_above_the_level_are_dropped(void **state)
{
    struct seen *seen = *state;

    for (size_t limit = 0; limit < LEVEL_COUNT; limit++) {
        log_init(LEVELS[limit].level);
        for (size_t i = 0; i < LEVEL_COUNT; i++) {
            unsigned before = seen->count;
            log_event(LEVELS[i].level, "event", "level=%s", LEVELS[i].name);
            assert_int_equal(seen->count - before, i <= limit);
            assert_int_equal(log_enabled(LEVELS[i].level), i <= limit);
            if (i <= limit)
                assert_int_equal(seen->level, LEVELS[i].level);
        }
    }
}

static void test_line_is_the_event_and_its_pairs(void **state)
{
    struct seen *seen = *state;

    log_event(LOG_LEVEL_NOTICE, "fetch", "mac=%s bytes=%d", "cc5ef641b794", 12);
    assert_string_equal(seen->line, "fetch mac=cc5ef641b794 bytes=12");
}

static void test_control_characters_become_question_marks(void **state)
{
    struct seen *seen = *state;

    log_event(LOG_LEVEL_ERROR, "a\nb", "x=%s", "1\r\n<3>forged\x1b[2J\t\x7f\x01");
    assert_string_equal(seen->line, "a?b x=1?"
                                    "?<3>forged?[2J???");
    log_event(LOG_LEVEL_ERROR, "a", "x=%s", "\xc3\xa4");
    assert_string_equal(seen->line, "a x=\xc3\xa4");
}

static void test_long_lines_are_cut(void **state)
{
    struct seen *seen = *state;
    char text[3000];

    memset(text, 't', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_event(LOG_LEVEL_ERROR, "event", "x=%s", text);
    assert_in_range(strlen(seen->line), 1990, 2000);
    assert_memory_equal(seen->line, "event x=ttt", 11);
    log_event(LOG_LEVEL_ERROR, text, "x=%d", 1);
    assert_in_range(strlen(seen->line), 1990, 2000);
}

/* What one log call writes to standard error. */
static void capture(const char *journal_stream, char *out, size_t room)
{
    int kept = dup(STDERR_FILENO);
    int file = memfd_create("stderr", MFD_CLOEXEC);

    assert_true(kept >= 0 && file >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    if (journal_stream)
        assert_int_equal(setenv("JOURNAL_STREAM", journal_stream, 1), 0);
    else
        assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    log_set_sink(NULL, NULL);
    log_event(LOG_LEVEL_WARNING, "event", "x=1");
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    ssize_t len = pread(file, out, room - 1, 0);
    assert_true(len >= 0);
    out[len] = '\0';
    close(kept);
    close(file);
}

static void test_journal_gets_priorities_and_a_terminal_the_time(void **state)
{
    char line[200];
    int year = 0;

    (void)state;
    capture("8:1234", line, sizeof(line));
    assert_string_equal(line, "<4>event x=1\n");
    capture(NULL, line, sizeof(line));
    /* 2026-01-02T03:04:05Z warning event x=1 */
    for (size_t i = 0; i < 4; i++)
        year = year * 10 + (line[i] - '0');
    assert_true(year >= 2020 && line[4] == '-' && line[10] == 'T' && line[19] == 'Z');
    assert_string_equal(line + 20, " warning event x=1\n");
}

static void test_json_is_an_object_for_each_line(void **state)
{
    char line[200];

    (void)state;
    log_set_format(LOG_FORMAT_JSON);
    capture(NULL, line, sizeof(line));
    assert_memory_equal(line, "{\"ts\":\"20", 9);
    assert_string_equal(strstr(line, "Z\""), "Z\",\"level\":\"warning\",\"event\":\"event\","
                                             "\"x\":\"1\"}\n");
    capture("8:1234", line, sizeof(line));
    assert_memory_equal(line, "<4>{\"ts\":", 9);
    log_set_format(LOG_FORMAT_TEXT);
    capture(NULL, line, sizeof(line));
    assert_string_equal(line + 20, " warning event x=1\n");
}

static void *log_many(void *data)
{
    for (int i = 0; i < 500; i++)
        log_event(LOG_LEVEL_INFO, "thread", "n=%d i=%d", *(int *)data, i);
    return NULL;
}

static void test_lines_of_many_threads_arrive_whole(void **state)
{
    struct seen *seen = *state;
    pthread_t threads[4];
    int numbers[4];

    for (int i = 0; i < 4; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &numbers[i]), 0);
    }
    log_init(LOG_LEVEL_DEBUG);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(seen->count, 2000);
    assert_memory_equal(seen->line, "thread n=", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_level_names_are_syslogs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_above_the_level_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_is_the_event_and_its_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_characters_become_question_marks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_journal_gets_priorities_and_a_terminal_the_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_json_is_an_object_for_each_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_of_many_threads_arrive_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
