/* The command line: which command, which arguments, which mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/config.h"
#include "capture.h"
#include "ctl_private.h"

#define WORDS_MAX 40

struct line {
    char text[1024];
    char *argv[WORDS_MAX + 2];
    int argc;
};

/* "user add alice": words apart by single spaces; '_' stands for an empty word. */
static void split(const char *words, struct line *line)
{
    (void)snprintf(line->text, sizeof(line->text), "autoprovctl %s", words);
    line->argc = 0;
    for (char *at = line->text; at;) {
        char *space = strchr(at, ' ');
        if (space)
            *space = '\0';
        if (*at) {
            assert_true(line->argc < WORDS_MAX);
            line->argv[line->argc++] = strcmp(at, "_") == 0 ? at + 1 : at;
        }
        at = space ? space + 1 : NULL;
    }
    line->argv[line->argc] = NULL;
}

static int parse(const char *words, struct line *line, struct ctl_args *args,
                 const struct ctl_command **command, struct capture *capture)
{
    split(words, line);
    capture_begin(capture);
    int code = ctl_args_parse(line->argc, line->argv, args, command);
    capture_end(capture);
    return code;
}

static void test_commands_and_options_are_found_wherever_they_stand(void **state)
{
    static const struct {
        const char *words;
        const char *noun, *verb;
        const char *first;          /* positional; NULL: none */
        const char *option, *value; /* NULL: none */
    } ROWS[] = {
        {"status", "status", NULL, NULL, NULL, NULL},
        {"user list", "user", "list", NULL, NULL, NULL},
        {"user add alice", "user", "add", "alice", NULL, NULL},
        {"user add alice --display-name Alice", "user", "add", "alice", "display-name", "Alice"},
        {"user add --display-name Alice alice", "user", "add", "alice", "display-name", "Alice"},
        {"user add --display-name=Alice alice", "user", "add", "alice", "display-name", "Alice"},
        {"user add --display-name=a=b alice", "user", "add", "alice", "display-name", "a=b"},
        {"user add --display-name= alice", "user", "add", "alice", "display-name", ""},
        {"user add --display-name _ alice", "user", "add", "alice", "display-name", ""},
        {"user add --display-name --yes alice", "user", "add", "alice", "display-name", "--yes"},
        {"user add --display-name - alice", "user", "add", "alice", "display-name", "-"},
        {"user del alice --yes", "user", "del", "alice", "yes", ""},
        {"user del --yes alice", "user", "del", "alice", "yes", ""},
        {"user add -- --json", "user", "add", "--json", NULL, NULL},
        {"user add -- -x", "user", "add", "-x", NULL, NULL},
        {"-- user add alice", "user", "add", "alice", NULL, NULL},
        {"user add -", "user", "add", "-", NULL, NULL},
        {"options set -", "options", "set", "-", NULL, NULL},
        {"user add _", "user", "add", "", NULL, NULL},
        {"template check", "template", "check", NULL, NULL, NULL},
        {"resync --rate 7", "resync", NULL, NULL, "rate", "7"},
        {"resync status --outcome refused", "resync", "status", NULL, "outcome", "refused"},
        {"resync stop", "resync", "stop", NULL, NULL, NULL},
        {"template check a.xml b.xml --all", "template", "check", "a.xml", "all", ""},
        {"setting set srtp off --scope global", "setting", "set", "srtp", "scope", "global"},
        {"setting set --scope=phone:cc:5e:f6:41:b7:94 srtp off", "setting", "set", "srtp", "scope",
         "phone:cc:5e:f6:41:b7:94"},
        {"setting list", "setting", "list", NULL, NULL, NULL},
        {"key add cc5ef641b794 blf 1002 --label Bob", "key", "add", "cc5ef641b794", "label", "Bob"},
        {"model show yealink/T54W", "model", "show", "yealink/T54W", NULL, NULL},
        {"phone preview cc5ef641b794 --secrets", "phone", "preview", "cc5ef641b794", "secrets", ""},
        {"site add hq", "site", "add", "hq", NULL, NULL},
        {"explain cc5ef641b794 --from 10.1.2.3", "explain", NULL, "cc5ef641b794", "from",
         "10.1.2.3"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct line line;
        struct ctl_args args;
        struct capture capture;
        const struct ctl_command *command = NULL;
        int code = parse(ROWS[i].words, &line, &args, &command, &capture);
        if (code != CTL_OK || !command)
            fail_msg("'%s': %d %s", ROWS[i].words, code, capture.err);
        assert_string_equal(command->noun, ROWS[i].noun);
        assert_int_equal(command->verb != NULL, ROWS[i].verb != NULL);
        if (ROWS[i].verb)
            assert_string_equal(command->verb, ROWS[i].verb);
        assert_int_equal(args.positional_count > 0, ROWS[i].first != NULL);
        if (ROWS[i].first)
            assert_string_equal(args.positionals[0], ROWS[i].first);
        assert_int_equal(args.option_count, ROWS[i].option != NULL);
        if (ROWS[i].option)
            assert_string_equal(ctl_arg(&args, ROWS[i].option), ROWS[i].value);
        assert_null(ctl_arg(&args, "no-such-option"));
        assert_string_equal(capture.out, "");
        assert_string_equal(capture.err, "");
    }
}

static void test_global_options_may_stand_anywhere(void **state)
{
    static const char *const ROWS[] = {
        "--config a.conf --socket=b.sock --json user add alice",
        "user --config=a.conf add --json alice --socket b.sock",
        "user add alice -c a.conf --socket b.sock --json",
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct line line;
        struct ctl_args args;
        struct capture capture;
        const struct ctl_command *command = NULL;
        assert_int_equal(parse(ROWS[i], &line, &args, &command, &capture), CTL_OK);
        assert_string_equal(args.config_path, "a.conf");
        assert_true(args.config_given);
        assert_string_equal(args.socket_path, "b.sock");
        assert_true(args.json);
    }
}

static void test_defaults_hold_without_options(void **state)
{
    struct line line;
    struct ctl_args args;
    struct capture capture;
    const struct ctl_command *command = NULL;

    (void)state;
    assert_int_equal(parse("status", &line, &args, &command, &capture), CTL_OK);
    assert_string_equal(args.config_path, CONFIG_DEFAULT_PATH);
    assert_false(args.config_given);
    assert_null(args.socket_path);
    assert_false(args.json);
}

static void test_mistakes_are_told_in_one_line(void **state)
{
    static const struct {
        const char *words;
        const char *told; /* in the line */
    } ROWS[] = {
        {"--json", "a command is missing"},
        {"nonsense", "unknown command 'nonsense'"},
        {"_", "unknown command ''"},
        {"user", "a verb is missing behind 'user'"},
        {"user nonsense", "unknown verb 'nonsense'"},
        {"user add", "missing argument; usage: autoprovctl user add NAME"},
        {"account add alice", "missing argument"},
        {"restore", "missing argument; usage: autoprovctl restore FILE"},
        {"user add alice bob", "unexpected argument 'bob'"},
        {"status more", "unexpected argument 'more'"},
        {"user add alice --nonsense", "unknown option '--nonsense'"},
        {"user add alice --yes", "unknown option '--yes'"},
        {"--yes user del alice", "unknown option '--yes'"},
        {"user add alice --display", "unknown option '--display'"},
        {"user add alice --display-names x", "unknown option '--display-names'"},
        {"user add alice -x", "unknown option '-x'"},
        {"user add alice -j", "unknown option '-j'"},
        {"user add alice --display-name", "a value is missing behind '--display-name'"},
        {"user add alice --config", "a value is missing behind '--config'"},
        {"user add alice -c", "a value is missing behind '--config'"},
        {"user add alice --socket", "a value is missing behind '--socket'"},
        {"user add alice --display-name a --display-name b", "option given twice"},
        {"user del alice --yes --yes", "option given twice"},
        {"usr list", "unknown command 'usr'; did you mean 'user'?"},
        {"nonsense", "unknown command 'nonsense'; try: autoprovctl --help"},
        {"user lst", "unknown verb 'lst'; did you mean 'list'?"},
        {"user del alice --yess", "unknown option '--yess'; did you mean '--yes'?"},
        {"user list --jsn", "unknown option '--jsn'; did you mean '--json'?"},
        {"help usr", "did you mean 'user'?"},
        {"user del alice --yes=no", "takes no value"},
        {"status --json=no", "takes no value"},
        {"status --config a --config b", "option given twice"},
        {"status --socket a --socket=b", "option given twice"},
        {"setting set", "missing argument; usage: autoprovctl setting set NAME"},
        {"setting set a b c", "unexpected argument 'c'"},
        {"setting set a --value b", "unknown option '--value'"},
        {"key add cc5ef641b794", "missing argument"},
        {"model show", "missing argument"},
        {"explain", "missing argument"},
        {"template check 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 "
         "28 "
         "29 30 31 32 33",
         "unexpected argument '33'"},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct line line;
        struct ctl_args args;
        struct capture capture;
        const struct ctl_command *command = NULL;
        int code = parse(ROWS[i].words, &line, &args, &command, &capture);
        const char *end = strchr(capture.err, '\n');
        if (code != CTL_USAGE || command || !strstr(capture.err, ROWS[i].told) || !end ||
            end[1] != '\0' || strncmp(capture.err, "autoprovctl: ", 13) != 0)
            fail_msg("'%s': %d '%s'", ROWS[i].words, code, capture.err);
        assert_string_equal(capture.out, "");
    }
}

static void test_help_and_version_are_printed_and_nothing_runs(void **state)
{
    static const struct {
        const char *words;
        const char *begins; /* of standard output */
        const char *holds;
    } ROWS[] = {
        {"--help", "Usage: autoprovctl [--config FILE]", "Exit status: 0 ok"},
        {"-h", "Usage: autoprovctl [--config FILE]", "phone url"},
        {"user --help", "Usage: autoprovctl user add NAME", "user del"},
        {"user add --help", "Usage: autoprovctl user add NAME", "--token-file"},
        {"user add -h", "Usage: autoprovctl user add NAME", "--display-name"},
        {"phone list --help", "Usage: autoprovctl phone list", "--user"},
        {"help", "Usage: autoprovctl [--config FILE]", "Exit status: 0 ok"},
        {"help user", "Usage: autoprovctl user add NAME", "user del"},
        {"help phone set", "Usage: autoprovctl phone set MAC", "--enable"},
        {"--version", "autoprovctl " AP_VERSION "\n", ""},
        {"-V", "autoprovctl " AP_VERSION "\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct line line;
        struct ctl_args args;
        struct capture capture;
        const struct ctl_command *command = NULL;
        assert_int_equal(parse(ROWS[i].words, &line, &args, &command, &capture), CTL_OK);
        assert_null(command);
        if (strncmp(capture.out, ROWS[i].begins, strlen(ROWS[i].begins)) != 0 ||
            !strstr(capture.out, ROWS[i].holds))
            fail_msg("'%s': %s", ROWS[i].words, capture.out);
        assert_string_equal(capture.err, "");
    }
}

static void test_without_words_help_is_a_usage_error(void **state)
{
    struct line line;
    struct ctl_args args;
    struct capture capture;
    const struct ctl_command *command = NULL;

    (void)state;
    assert_int_equal(parse("", &line, &args, &command, &capture), CTL_USAGE);
    assert_null(command);
    assert_non_null(strstr(capture.out, "Usage:"));
}

static void test_every_command_of_the_table_can_be_given(void **state)
{
    (void)state;
    for (const struct ctl_command *row = CTL_COMMANDS; row->noun; row++) {
        struct line line;
        struct ctl_args args;
        struct capture capture;
        const struct ctl_command *command = NULL;
        char words[256];
        int len = snprintf(words, sizeof(words), "%s %s", row->noun, row->verb ? row->verb : "");
        for (size_t i = 0; i < row->min_positionals; i++)
            len += snprintf(words + len, sizeof(words) - (size_t)len, " x%zu", i);
        assert_int_equal(parse(words, &line, &args, &command, &capture), CTL_OK);
        assert_ptr_equal(command, row);
        assert_non_null(row->run);
        assert_true(row->help[0] && row->max_positionals >= row->min_positionals);
        assert_true(row->max_positionals <= CTL_POSITIONALS_MAX);
        size_t options = 0;
        for (const struct ctl_option *option = row->options; option && option->name; option++)
            options++;
        assert_true(options <= CTL_OPTIONS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_and_options_are_found_wherever_they_stand),
        cmocka_unit_test(test_global_options_may_stand_anywhere),
        cmocka_unit_test(test_defaults_hold_without_options),
        cmocka_unit_test(test_mistakes_are_told_in_one_line),
        cmocka_unit_test(test_help_and_version_are_printed_and_nothing_runs),
        cmocka_unit_test(test_without_words_help_is_a_usage_error),
        cmocka_unit_test(test_every_command_of_the_table_can_be_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
