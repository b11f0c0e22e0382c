/* The table of variables: its shape, its checks, and how settings of all scopes resolve. */
#include "autoprov/variable.h"

#include "autoprov/array.h"
#include "phone_view_private.h"
#include "view_fixture.h"

/* -- the table --------------------------------------------------------------------------------- */

static void test_every_row_has_a_meaning_and_a_name_of_its_own(void **state)
{
    const struct variable *variable, *other;

    (void)state;
    for (size_t i = 0; (variable = variable_at(i)); i++) {
        assert_true(variable->level < VARIABLE_LEVEL_COUNT);
        assert_true(variable->name && variable->name[0]);
        assert_true(variable->meaning && variable->meaning[0]);
        for (size_t j = 0; j < i && (other = variable_at(j)); j++) {
            if (variable->level == other->level)
                assert_string_not_equal(variable->name, other->name);
        }
    }
    assert_null(variable_at(10000));
}

static void test_rows_of_one_level_stand_together(void **state)
{
    const struct variable *variable;
    enum variable_level level = VARIABLE_TOP;

    (void)state;
    for (size_t i = 0; (variable = variable_at(i)); i++) {
        assert_true(variable->level >= level);
        level = variable->level;
    }
    assert_int_equal(level, VARIABLE_LEVEL_COUNT - 1);
}

static void test_only_lists_and_objects_open_a_level(void **state)
{
    const struct variable *variable;
    bool opened[VARIABLE_LEVEL_COUNT] = {[VARIABLE_TOP] = true};

    (void)state;
    for (size_t i = 0; (variable = variable_at(i)); i++) {
        bool opens = variable->type == VARIABLE_LIST || variable->type == VARIABLE_OBJECT ||
                     variable->type == VARIABLE_CODECS;
        assert_int_equal(variable->opens != VARIABLE_TOP, opens);
        opened[variable->opens] = true;
    }
    for (size_t i = 0; i < VARIABLE_LEVEL_COUNT; i++)
        assert_true(opened[i]);
}

/* phone_view.c reads the resolved values by these numbers. */
static void test_settings_are_first_and_in_the_order_of_the_views_numbers(void **state)
{
    static const struct {
        enum view_setting index;
        const char *name;
    } ROWS[] = {
        {VIEW_NTP_SERVER, "ntp_server"},
        {VIEW_TIME_ZONE, "time_zone"},
        {VIEW_LANGUAGE, "language"},
        {VIEW_ADMIN_PASSWORD, "admin_password"},
        {VIEW_RESYNC_INTERVAL, "resync_interval"},
        {VIEW_VOICEMAIL_NUMBER, "voicemail_number"},
        {VIEW_CODECS, "codecs"},
        {VIEW_SRTP, "srtp"},
    };
    const struct variable *variable;

    (void)state;
    assert_int_equal(AP_COUNT(ROWS), VARIABLE_SETTING_COUNT);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        size_t index = 1000;
        assert_string_equal(variable_setting_at(ROWS[i].index)->name, ROWS[i].name);
        assert_int_equal(variable_setting_find(ROWS[i].name, &index), 0);
        assert_int_equal(index, ROWS[i].index);
    }
    for (size_t i = 0; (variable = variable_at(i)); i++)
        assert_int_equal(variable->setting, i < VARIABLE_SETTING_COUNT);
    assert_null(variable_setting_at(VARIABLE_SETTING_COUNT));
    assert_int_equal(variable_setting_find("mac", &(size_t){0}), AP_ENOENT);
    assert_int_equal(variable_setting_find("", &(size_t){0}), AP_ENOENT);
}

static void test_defaults_pass_their_own_checks(void **state)
{
    struct view_fixture *view = *state;
    const struct variable *variable;

    for (size_t i = 0; (variable = variable_setting_at(i)); i++) {
        struct ap_error error = {{0}};
        if (variable->default_value &&
            variable_check(variable, view->catalogue, variable->default_value, &error) != 0)
            fail_msg("%s: %s", variable->name, error.text);
        assert_false(variable->secret && variable->default_value);
    }
}

static void test_names_are_found_at_their_level(void **state)
{
    static const struct {
        enum variable_level level;
        const char *name;
        const char *row; /* NULL: unknown */
    } ROWS[] = {
        {VARIABLE_TOP, "mac", "mac"},
        {VARIABLE_TOP, "Mac", NULL},
        {VARIABLE_TOP, "ma", NULL},
        {VARIABLE_TOP, "macs", NULL},
        {VARIABLE_TOP, "", NULL},
        {VARIABLE_TOP, "sip_user", NULL},
        {VARIABLE_LINE, "sip_user", "sip_user"},
        {VARIABLE_LINE, "mac", NULL},
        {VARIABLE_LINE, "is_line_1", "is_line_N"},
        {VARIABLE_LINE, "is_line_64", "is_line_N"},
        {VARIABLE_LINE, "is_line_", NULL},
        {VARIABLE_LINE, "is_line_0", NULL},
        {VARIABLE_LINE, "is_line_01", NULL},
        {VARIABLE_LINE, "is_line_1a", NULL},
        {VARIABLE_LINE, "is_line_N", NULL},
        {VARIABLE_LINE, "is_key_1", NULL},
        {VARIABLE_KEY, "is_key_12", "is_key_N"},
        {VARIABLE_KEY, "is_key_N", NULL},
        {VARIABLE_CODEC, "is_codec_3", "is_codec_N"},
        {VARIABLE_CODEC, "is_codec_x", NULL},
        {VARIABLE_CODEC, "is_PCMU", "is_NAME"},
        {VARIABLE_CODEC, "is_G726-32", "is_NAME"},
        {VARIABLE_CODEC, "is_pcmu", NULL},
        {VARIABLE_CODEC, "is_PCM", NULL},
        {VARIABLE_CODEC, "is_", NULL},
        {VARIABLE_CODEC, "is_NAME", NULL},
        {VARIABLE_CODEC, "is_PCMU PCMA", NULL},
        {VARIABLE_CODEC, "is_first", "is_first"},
        {VARIABLE_TOP, "is_PCMU", NULL},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        const struct variable *found =
            variable_find(ROWS[i].level, ROWS[i].name, strlen(ROWS[i].name));
        if ((found != NULL) != (ROWS[i].row != NULL) ||
            (found && strcmp(found->name, ROWS[i].row) != 0))
            fail_msg("'%s': %s", ROWS[i].name, found ? found->name : "unknown");
    }
    assert_ptr_equal(variable_find(VARIABLE_TOP, "macron", 3),
                     variable_find(VARIABLE_TOP, "mac", 3));
}

/* -- checks ------------------------------------------------------------------------------------ */

static const struct check_row {
    const char *setting, *value;
    int err;
    const char *says; /* in the error */
} CHECKS[] = {
    {"ntp_server", "pool.ntp.org", 0, NULL},
    {"ntp_server", "192.0.2.1", 0, NULL},
    {"ntp_server", "[2001:db8::1]", 0, NULL},
    {"ntp_server", "", AP_ERANGE, "must have 1 to 253 bytes"},
    {"ntp_server", "a b", AP_EINVAL, "must be a host name or an address (IPv6 in brackets)"},
    {"ntp_server", "2001:db8::1", AP_EINVAL, "host name"},
    {"ntp_server", "ntp.example.com:123", AP_EINVAL, "host name"},
    {"time_zone", "Europe/Berlin", 0, NULL},
    {"time_zone", "europe/berlin", AP_EINVAL, "IANA name, as in Europe/Berlin"},
    {"time_zone", "CET-1", AP_EINVAL, "IANA name"},
    {"time_zone", "", AP_ERANGE, "must have 1 to 64 bytes"},
    {"language", "de", 0, NULL},
    {"language", "pt-BR", 0, NULL},
    {"language", "fil", 0, NULL},
    {"language", "es-419", 0, NULL},
    {"language", "d", AP_ERANGE, "must have 2 to 12 bytes"},
    {"language", "deutsch", AP_EINVAL, "must be a language tag: de, pt-BR"},
    {"language", "de-", AP_EINVAL, "language tag"},
    {"language", "de_DE", AP_EINVAL, "language tag"},
    {"language", "de-D", AP_EINVAL, "language tag"},
    {"language", "12", AP_EINVAL, "language tag"},
    {"language", "de-DE-x", AP_EINVAL, "language tag"},
    {"admin_password", "p4ss w\xc3\xb6rd#\"'", 0, NULL},
    {"admin_password", "", AP_ERANGE, "must have 1 to 128 bytes"},
    {"admin_password", "line\nbreak", AP_EINVAL, "must be UTF-8 without control characters"},
    {"admin_password", "\xff", AP_EINVAL, "must be UTF-8"},
    {"resync_interval", "300", 0, NULL},
    {"resync_interval", "2592000", 0, NULL},
    {"resync_interval", "299", AP_ERANGE, "must be a number from 300 to 2592000"},
    {"resync_interval", "2592001", AP_ERANGE, "must be a number"},
    {"resync_interval", "", AP_ERANGE, "must be a number"},
    {"resync_interval", "3600s", AP_ERANGE, "must be a number"},
    {"resync_interval", " 3600", AP_ERANGE, "must be a number"},
    {"resync_interval", "-1", AP_ERANGE, "must be a number"},
    {"resync_interval", "99999999999999999999999", AP_ERANGE, "must be a number"},
    {"voicemail_number", "*97", 0, NULL},
    {"voicemail_number", "+49-30.1#_a", 0, NULL},
    {"voicemail_number", "1 2", AP_EINVAL, "must be letters, digits and +*#.-_ only"},
    {"voicemail_number", "sip:1@x", AP_EINVAL, "must be letters"},
    {"voicemail_number", "", AP_ERANGE, "must have 1 to 64 bytes"},
    {"codecs", "G722,PCMA,PCMU", 0, NULL},
    {"codecs", "pcmu", 0, NULL},
    {"codecs", "opus", 0, NULL},
    {"codecs", "", AP_ERANGE, "must have 1 to 128 bytes"},
    {"codecs", ",PCMU", AP_EINVAL, "codecs stand with one comma between: G722,PCMA,PCMU"},
    {"codecs", "PCMU,", AP_EINVAL, "one comma between"},
    {"codecs", "PCMU,,PCMA", AP_EINVAL, "one comma between"},
    {"codecs", "PCMU, PCMA", AP_EINVAL, "at place 6"},
    {"codecs", "PCMU,PCMX", AP_EINVAL, "no vendor of the catalogue has a codec of that name"},
    {"codecs", "PCMU,PCMA,pcmu", AP_EINVAL, "pcmu is named twice"},
    {"srtp", "off", 0, NULL},
    {"srtp", "mandatory", 0, NULL},
    {"srtp", "Off", AP_EINVAL, "must be one of: off optional mandatory"},
    {"srtp", "off optional", AP_EINVAL, "must be one of"},
    {"srtp", "on", AP_EINVAL, "must be one of"},
};

static void test_values_are_checked_by_their_type(void **state)
{
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(CHECKS); i++) {
        const struct check_row *row = &CHECKS[i];
        struct ap_error error = {{0}};
        size_t index = 0;
        assert_int_equal(variable_setting_find(row->setting, &index), 0);
        int err = variable_check(variable_setting_at(index), view->catalogue, row->value, &error);
        if (err != row->err || (row->says && !strstr(error.text, row->says)))
            fail_msg("%s '%s': %d %s", row->setting, row->value, err, error.text);
    }
}

static void test_refusal_of_a_secret_does_not_hold_it(void **state)
{
    struct view_fixture *view = *state;
    struct ap_error error = {{0}};
    char long_one[200];

    memset(long_one, 'S', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    const struct variable *variable = variable_setting_at(VIEW_ADMIN_PASSWORD);
    assert_int_equal(variable_check(variable, view->catalogue, "hunter2\n", &error), AP_EINVAL);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(variable_check(variable, view->catalogue, long_one, &error), AP_ERANGE);
    assert_null(strstr(error.text, "SSS"));
}

static void test_raw_names_are_what_the_dialect_can_name(void **state)
{
    static const struct {
        const char *name;
        bool xml, text;
    } ROWS[] = {
        {"a", true, true},
        {"phone.ringtone", true, true},
        {"account.1.enable", true, true},
        {"P123", true, true},
        {"_private", true, false},
        {"a_b-c.d", true, true},
        {"1st", false, true},
        {"account 1", false, true},
        {"-a", false, false},
        {".a", false, false},
        {"a-", true, false},
        {"a ", false, false},
        {" a", false, false},
        {"", false, false},
        {"a=b", false, false},
        {"a\nb", false, false},
        {"a<b", false, false},
        {"a/b", false, false},
        {"a:b", false, false},
        {"\xc3\xa4", false, false},
    };
    static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};
    static const struct dialect TEXT = {.escape = DIALECT_ESCAPE_TEXT};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct ap_error error = {{0}};
        if (variable_check_raw(&XML, ROWS[i].name, &error) != (ROWS[i].xml ? 0 : AP_EINVAL) ||
            variable_check_raw(&TEXT, ROWS[i].name, &error) != (ROWS[i].text ? 0 : AP_EINVAL))
            fail_msg("'%s'", ROWS[i].name);
        if (!ROWS[i].text)
            assert_non_null(strstr(error.text, "a name behind 'raw.'"));
    }
}

/* -- resolution -------------------------------------------------------------------------------- */

static void test_the_narrowest_scope_wins_whatever_the_order(void **state)
{
    struct store_setting settings[STORE_SCOPE_COUNT];
    struct variable_value values[VARIABLE_SETTING_COUNT];
    char hosts[STORE_SCOPE_COUNT][8];

    (void)state;
    for (size_t most = 0; most < STORE_SCOPE_COUNT; most++) {
        for (size_t i = 0; i <= most; i++) {
            (void)snprintf(hosts[i], sizeof(hosts[i]), "h%zu", i);
            /* Backwards first, then forwards. */
            settings[most - i] = (struct store_setting){.scope = (enum store_scope)i,
                                                        .scope_id = "",
                                                        .name = "ntp_server",
                                                        .value = hosts[i]};
        }
        for (int turn = 0; turn < 2; turn++) {
            variable_resolve(settings, most + 1, values);
            assert_string_equal(values[VIEW_NTP_SERVER].value, hosts[most]);
            assert_int_equal(values[VIEW_NTP_SERVER].scope, most);
            assert_false(values[VIEW_NTP_SERVER].is_default);
            for (size_t i = 0; i < (most + 1) / 2; i++) {
                struct store_setting swap = settings[i];
                settings[i] = settings[most - i];
                settings[most - i] = swap;
            }
        }
    }
}

static void test_what_is_set_nowhere_has_its_default(void **state)
{
    struct variable_value values[VARIABLE_SETTING_COUNT];

    (void)state;
    variable_resolve(NULL, 0, values);
    assert_string_equal(values[VIEW_NTP_SERVER].value, "pool.ntp.org");
    assert_true(values[VIEW_NTP_SERVER].is_default);
    assert_string_equal(values[VIEW_CODECS].value, "G722,PCMA,PCMU");
    assert_null(values[VIEW_ADMIN_PASSWORD].value);
    assert_null(values[VIEW_VOICEMAIL_NUMBER].value);
}

/* Without its value a secret says nothing; names of older versions may still be stored. */
static void test_hidden_secrets_and_unknown_names_are_passed_over(void **state)
{
    static const struct store_setting SETTINGS[] = {
        {STORE_SCOPE_GLOBAL, "", "admin_password", NULL, true, 1},
        {STORE_SCOPE_GLOBAL, "", "gone_since", "1", false, 1},
        {STORE_SCOPE_GLOBAL, "", "raw.x", "1", false, 1},
        {STORE_SCOPE_GLOBAL, "", "mac", "1", false, 1},
        {STORE_SCOPE_USER, "u", "srtp", "optional", false, 1},
    };
    struct variable_value values[VARIABLE_SETTING_COUNT];

    (void)state;
    variable_resolve(SETTINGS, AP_COUNT(SETTINGS), values);
    for (size_t i = 0; i < VARIABLE_SETTING_COUNT; i++)
        assert_int_equal(values[i].is_default, i != VIEW_SRTP);
    assert_string_equal(values[VIEW_SRTP].value, "optional");
    assert_int_equal(values[VIEW_SRTP].scope, STORE_SCOPE_USER);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

static void test_raw_names_of_passwords_are_secrets(void **state)
{
    static const char *const SECRETS[] = {"account.1.password", "Password_2_",  "user_pass",
                                          "sip.RegisterPswd",   "Admin_Passwd", "AES_SECRET"};
    static const char *const OTHERS[] = {"phone_setting.backlight_time", "P1234", "codec"};

    (void)state;
    for (size_t i = 0; i < AP_COUNT(SECRETS); i++)
        assert_true(variable_raw_is_secret(SECRETS[i]));
    for (size_t i = 0; i < AP_COUNT(OTHERS); i++)
        assert_false(variable_raw_is_secret(OTHERS[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_has_a_meaning_and_a_name_of_its_own),
        cmocka_unit_test(test_rows_of_one_level_stand_together),
        cmocka_unit_test(test_only_lists_and_objects_open_a_level),
        cmocka_unit_test(test_settings_are_first_and_in_the_order_of_the_views_numbers),
        ROW(test_defaults_pass_their_own_checks),
        cmocka_unit_test(test_names_are_found_at_their_level),
        ROW(test_values_are_checked_by_their_type),
        ROW(test_refusal_of_a_secret_does_not_hold_it),
        cmocka_unit_test(test_raw_names_are_what_the_dialect_can_name),
        cmocka_unit_test(test_the_narrowest_scope_wins_whatever_the_order),
        cmocka_unit_test(test_raw_names_of_passwords_are_secrets),
        cmocka_unit_test(test_what_is_set_nowhere_has_its_default),
        cmocka_unit_test(test_hidden_secrets_and_unknown_names_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
