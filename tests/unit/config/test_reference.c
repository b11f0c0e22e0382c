/* The reference page and the shipped example against the table of keys. */
#include "autoprov/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "config_private.h"

#define PAGE    AP_SOURCE_DIR "/docs/configuration.md"
#define EXAMPLE AP_SOURCE_DIR "/conf/autoprovd.conf"

static void read_whole(const char *path, struct buf *buf)
{
    struct ap_error error = {{0}};

    buf_init(buf, AP_CONFIG_FILE_MAX_BYTES);
    if (file_read(path, buf, &error) != 0)
        fail_msg("%s", error.text);
}

static const char *type_word(enum config_type type)
{
    static const char *const WORDS[] = {
        [CONFIG_STRING] = "text", [CONFIG_PATH] = "path",   [CONFIG_NUMBER] = "number",
        [CONFIG_LIST] = "list",   [CONFIG_CHOICE] = "word", [CONFIG_DURATION] = "duration",
    };

    return WORDS[type];
}

/* What the page must say of a key: heading, help, table. */
static void expected_section(const struct config_key *key, struct buf *out)
{
    bool needed = key->section != CONFIG_TOP && key != &CONFIG_KEYS[KEY_CLIENT_CRL_FILE];
    const char *missing = needed ? "required" : "not set";
    const char *unit = key->unit ? key->unit : "–";
    bool bytes = key->type == CONFIG_STRING || key->type == CONFIG_PATH;
    bool word = key->type == CONFIG_CHOICE;
    char least[CONFIG_DURATION_TEXT_MAX], most[CONFIG_DURATION_TEXT_MAX];

    buf_init(out, 4096);
    assert_int_equal(buf_printf(out,
                                "### `%s`\n\n%s\n\n| type | range | unit | default | change "
                                "takes |\n|---|---|---|---|---|\n| %s | ",
                                key->name, key->help, type_word(key->type)),
                     0);
    if (word)
        assert_int_equal(buf_append_text(out, "see above"), 0);
    else if (key->type == CONFIG_DURATION) {
        config_duration_text(key->min, least);
        config_duration_text(key->max, most);
        assert_int_equal(buf_printf(out, "%s to %s", least, most), 0);
    } else
        assert_int_equal(buf_printf(out, "%llu to %llu", (unsigned long long)key->min,
                                    (unsigned long long)key->max),
                         0);
    assert_int_equal(
        buf_printf(out, " | %s | %s%s%s | %s |\n", bytes ? "bytes" : unit,
                   key->default_text ? "`" : "", key->default_text ? key->default_text : missing,
                   key->default_text ? "`" : "", key->reloadable ? "reload" : "restart"),
        0);
}

static void test_page_has_every_key_with_its_facts(void **state)
{
    struct buf page;

    (void)state;
    read_whole(PAGE, &page);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct buf expected;
        expected_section(&CONFIG_KEYS[i], &expected);
        if (!strstr(page.data, expected.data))
            fail_msg("docs/configuration.md lacks:\n%s", expected.data);
        buf_done(&expected);
    }
    buf_done(&page);
}

static bool is_key(const char *name, size_t len)
{
    return config_key_find(CONFIG_TOP, name, len) || config_key_find(CONFIG_LISTENER, name, len) ||
           config_key_find(CONFIG_CERTIFICATE, name, len);
}

static void test_page_has_no_other_key(void **state)
{
    static const char heading[] = "\n### `";
    struct buf page;
    size_t count = 0;

    (void)state;
    read_whole(PAGE, &page);
    for (const char *at = page.data; (at = strstr(at, heading)) != NULL; count++) {
        at += sizeof(heading) - 1;
        size_t len = strcspn(at, "`\n");
        if (!is_key(at, len))
            fail_msg("docs/configuration.md: '%.*s' is no key", (int)len, at);
    }
    assert_int_equal(count, CONFIG_KEY_COUNT);
    buf_done(&page);
}

/* "    #address = 0.0.0.0" or "port = 443": a key of the example, in comment or not. */
static const struct config_key *example_key(const char *line, bool *ret_comment,
                                            const char **ret_value)
{
    const struct config_key *key = NULL;

    line += strspn(line, " ");
    *ret_comment = *line == '#';
    line += *ret_comment;
    size_t len = 0;
    while (text_is_alnum(line[len]) || line[len] == '_')
        len++;
    if (len == 0 || strncmp(line + len, " = ", 3) != 0)
        return NULL;
    for (int section = CONFIG_TOP; !key && section <= CONFIG_CERTIFICATE; section++)
        key = config_key_find((enum config_section)section, line, len);
    if (!key)
        fail_msg("conf/autoprovd.conf: '%.*s' is no key", (int)len, line);
    *ret_value = line + len + 3;
    return key;
}

static void test_example_names_every_key_and_no_other(void **state)
{
    unsigned seen[KEY_COUNT] = {0};
    struct buf example;

    (void)state;
    read_whole(EXAMPLE, &example);
    for (char *line = example.data; *line;) {
        const char *value;
        bool comment;
        size_t len = strcspn(line, "\n");
        char *next = line + len + (line[len] == '\n');
        line[len] = '\0';
        const struct config_key *key = example_key(line, &comment, &value);
        if (key) {
            seen[key - CONFIG_KEYS]++;
            if (comment && key->default_text)
                assert_string_equal(value, key->default_text);
            else if (!comment)
                assert_null(key->default_text); /* shown because it is needed */
        }
        line = next;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (seen[i] != 1)
            fail_msg("conf/autoprovd.conf has '%s' %u times", CONFIG_KEYS[i].name, seen[i]);
    }
    buf_done(&example);
}

static void test_example_loads_with_defaults(void **state)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};
    struct buf dump;

    (void)state;
    if (config_load(EXAMPLE, &config, &error) != 0)
        fail_msg("%s", error.text);
    buf_init(&dump, AP_CONFIG_FILE_MAX_BYTES);
    assert_int_equal(config_dump(config, true, &dump), 0);
    assert_memory_equal(dump.data, "listener '", 10); /* no top-level key differs */
    buf_done(&dump);
    config_free(config);
}

/* Uncommenting what the example shows must not turn it into an error. */
static void test_example_loads_with_all_comments_taken_off(void **state)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};
    char path[] = "/tmp/autoprov-example-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    struct buf example;

    (void)state;
    assert_non_null(file);
    read_whole(EXAMPLE, &example);
    for (char *line = example.data; *line;) {
        const char *value;
        bool comment;
        size_t len = strcspn(line, "\n");
        char *next = line + len + (line[len] == '\n');
        line[len] = '\0';
        if (example_key(line, &comment, &value) && comment)
            *strchr(line, '#') = ' ';
        fprintf(file, "%s\n", line);
        line = next;
    }
    fclose(file);
    if (config_load(path, &config, &error) != 0)
        fail_msg("%s", error.text);
    remove(path);
    config_free(config);
    buf_done(&example);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_has_every_key_with_its_facts),
        cmocka_unit_test(test_page_has_no_other_key),
        cmocka_unit_test(test_example_names_every_key_and_no_other),
        cmocka_unit_test(test_example_loads_with_defaults),
        cmocka_unit_test(test_example_loads_with_all_comments_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
