/* What is refused before a phone sees it: values that a vendor's files cannot carry, and names that
 * no view has. */
#include "view_fixture.h"

#include "autoprov/array.h"

/* -- values ------------------------------------------------------------------------------------ */

/* Where the text of a row is put. */
enum place {
    PHONE_LABEL,
    PHONE_MODEL,
    USER_NAME,
    USER_DISPLAY_NAME,
    DISPLAY_NAME,
    PASSWORD,
    PROXY,
    KEY_VALUE,
    KEY_LABEL,
    SETTING,
    SECRET,
    RAW
};

struct changed {
    struct store_phone phone;
    struct store_line line;
    struct store_key key;
    struct store_setting setting;
};

static void put(struct changed *changed, enum place place, const char *text)
{
    *changed = (struct changed){
        .phone = *phone_view_sample(),
        .line = phone_view_sample()->lines[0],
        .key = {.position = 7, .type = "blf", .value = "1", .label = ""},
        .setting = {STORE_SCOPE_PHONE, "p", "voicemail_number", "*97", false, 1},
    };
    const char **const targets[] = {
        [PHONE_LABEL] = &changed->phone.label,
        [PHONE_MODEL] = &changed->phone.model,
        [USER_NAME] = &changed->phone.user_name,
        [USER_DISPLAY_NAME] = &changed->phone.user_display_name,
        [DISPLAY_NAME] = &changed->line.account.display_name,
        [PASSWORD] = &changed->line.account.password,
        [PROXY] = &changed->line.account.outbound_proxy,
        [KEY_VALUE] = &changed->key.value,
        [KEY_LABEL] = &changed->key.label,
        [SETTING] = &changed->setting.value,
        [SECRET] = &changed->setting.value,
        [RAW] = &changed->setting.name,
    };
    *targets[place] = text;
    changed->setting.secret = place == SECRET;
    changed->phone.lines = &changed->line;
    changed->phone.line_count = 1;
    changed->phone.keys = &changed->key;
    changed->phone.key_count = 1;
    changed->phone.settings = &changed->setting;
    changed->phone.setting_count = 1;
}

static const struct refusal {
    enum place place;
    const char *text;
    const char *acme, *generic, *latin; /* in the error; NULL: carried */
} REFUSALS[] = {
    {DISPLAY_NAME, "Alice", NULL, NULL, NULL},
    {DISPLAY_NAME, "", NULL, NULL, NULL},
    {DISPLAY_NAME, "<&>\"'", NULL, NULL, NULL},
    {DISPLAY_NAME, "C#", NULL, NULL, NULL},
    {DISPLAY_NAME, "# one", "the display name of 1001 cannot stand in files of Acme: it ", NULL,
     NULL},
    {DISPLAY_NAME, "number #1", "the display name of 1001", NULL, NULL},
    {DISPLAY_NAME, " blank", "the display name of 1001", NULL, NULL},
    {DISPLAY_NAME, "blank ", "the display name of 1001", NULL, NULL},
    {DISPLAY_NAME, "%NULL%", "the display name of 1001", NULL, NULL},
    {DISPLAY_NAME, "M\xc3\xbcller", NULL, NULL, NULL},
    {DISPLAY_NAME, "\xe2\x82\xac", NULL, NULL, "of 1001 cannot stand in files of Latin: it "},
    {DISPLAY_NAME, "a\nb", "files of Acme", "files of Generic", "files of Latin"},
    {DISPLAY_NAME, "\xff", "files of Acme", "files of Generic", "files of Latin"},
    {PASSWORD, "a%b", "the password of 1001", NULL, NULL},
    {PASSWORD, "a;b", NULL, NULL, NULL},
    {PASSWORD, NULL, NULL, NULL, NULL},
    {PROXY, "# x", "the outbound proxy of 1001", NULL, NULL},
    {KEY_VALUE, "1;2", "the value of key 7", NULL, NULL},
    {KEY_LABEL, "1;2", "the label of key 7", NULL, NULL},
    {KEY_LABEL, "a%b", NULL, NULL, NULL},
    {PHONE_LABEL, "# x", "the label cannot", NULL, NULL},
    {PHONE_MODEL, "# x", "the model cannot", NULL, NULL},
    {USER_NAME, "# x", "the user's name cannot", NULL, NULL},
    {USER_DISPLAY_NAME, "# x", "the user's display name cannot", NULL, NULL},
    {USER_DISPLAY_NAME, NULL, NULL, NULL, NULL},
    {SETTING, "# x", "the value of voicemail_number", NULL, NULL},
    {SETTING, "a%b", NULL, NULL, NULL},
    {SECRET, "a%b", "the value of voicemail_number", NULL, NULL},
    {RAW, "raw.a.b", NULL, NULL, NULL},
    {RAW, "raw.a b", NULL, "a name behind 'raw.'", NULL},
    {RAW, "raw.a=b", "a name behind 'raw.'", "a name behind 'raw.'", "a name behind 'raw.'"},
    {RAW, "raw.", "a name behind 'raw.'", "a name behind 'raw.'", "a name behind 'raw.'"},
};

static void check_refusal(const struct view_fixture *view, const struct refusal *row,
                          const char *vendor, const char *says)
{
    struct changed changed;
    struct ap_error error = {{0}};

    put(&changed, row->place, row->text);
    int err = phone_view_check(catalogue_vendor(view->catalogue, vendor), &changed.phone, &error);
    if (err != (says ? AP_EINVAL : 0) || (says && !strstr(error.text, says)))
        fail_msg("%s, place %d, '%s': %d '%s'", vendor, (int)row->place,
                 row->text ? row->text : "NULL", err, error.text);
}

static void test_values_that_a_dialect_cannot_carry_are_named(void **state)
{
    struct view_fixture *view = *state;

    for (size_t i = 0; i < AP_COUNT(REFUSALS); i++) {
        check_refusal(view, &REFUSALS[i], "acme", REFUSALS[i].acme);
        check_refusal(view, &REFUSALS[i], "generic", REFUSALS[i].generic);
        check_refusal(view, &REFUSALS[i], "latin", REFUSALS[i].latin);
    }
}

static void test_refusal_does_not_hold_the_value(void **state)
{
    struct view_fixture *view = *state;
    struct changed changed;
    struct ap_error error = {{0}};
    struct value root;

    put(&changed, PASSWORD, "hunter2 #x");
    assert_int_equal(phone_view_check(view->source.vendor, &changed.phone, &error), AP_EINVAL);
    assert_null(strstr(error.text, "hunter2"));
    view->source.phone = &changed.phone;
    error.text[0] = '\0';
    assert_int_equal(phone_view_build(&view->source, &view->arena, &root, &error), AP_EINVAL);
    assert_non_null(strstr(error.text, "the password of 1001"));
    assert_null(strstr(error.text, "hunter2"));
}

static void test_too_long_values_are_refused(void **state)
{
    struct view_fixture *view = *state;
    struct changed changed;
    struct ap_error error = {{0}};
    char text[102];

    memset(text, 'x', sizeof(text) - 1);
    text[101] = '\0';
    put(&changed, DISPLAY_NAME, text);
    assert_int_equal(phone_view_check(view->source.vendor, &changed.phone, &error), AP_EINVAL);
    text[100] = '\0';
    assert_int_equal(phone_view_check(view->source.vendor, &changed.phone, &error), 0);
}

static void test_sample_fits_every_vendor(void **state)
{
    struct view_fixture *view = *state;
    const struct catalogue_vendor *vendor;

    for (size_t i = 0; (vendor = catalogue_vendor_at(view->catalogue, i)); i++) {
        struct ap_error error = {{0}};
        if (phone_view_check(vendor, phone_view_sample(), &error) != 0)
            fail_msg("%s", error.text);
    }
}

/* -- names ------------------------------------------------------------------------------------- */

struct faults {
    char first[256];
    size_t count;
};

static void keep(void *data, const char *line)
{
    struct faults *faults = data;

    if (faults->count++ == 0)
        (void)snprintf(faults->first, sizeof(faults->first), "%s", line);
}

static int check(const char *text, bool part, struct faults *faults)
{
    struct template *template = NULL;
    struct ap_error error = {{0}};

    memset(faults, 0, sizeof(*faults));
    assert_int_equal(template_compile("t.xml", text, strlen(text), &template, &error), 0);
    int err = phone_view_check_names(template, part, keep, faults);
    template_free(template);
    return err;
}

static const struct name_row {
    const char *text;
    const char *place; /* NULL: fine */
    bool part_is_fine;
} NAMES[] = {
    {"plain", NULL, true},
    {"{{mac}} {{user.name}} {{provisioning_url}}", NULL, true},
    {"{{#lines}}{{sip_user}}{{mac}}{{/lines}}", NULL, true},
    {"{{#lines}}{{#is_tls}}{{registrar}}{{/is_tls}}{{/lines}}", NULL, true},
    {"{{#lines}}{{#is_line_2}}{{password}}{{/is_line_2}}{{/lines}}", NULL, true},
    {"{{#lines}}{{#codecs}}{{code}}{{sip_user}}{{/codecs}}{{/lines}}", NULL, true},
    {"{{#codecs_off}}{{#is_PCMA}}{{code}}{{/is_PCMA}}{{/codecs_off}}", NULL, true},
    {"{{#keys}}{{#is_key_9}}{{type_code}}{{/is_key_9}}{{/keys}}", NULL, true},
    {"{{#raw}}{{name}}={{value}}{{/raw}}", NULL, true},
    {"{{#dst}}{{start_month}}{{/dst}} {{dst.save_s}}", NULL, true},
    {"{{^lines}}none{{/lines}}", NULL, true},
    {"{{#user}}{{name}}{{/user}}", NULL, true},
    {"{{#label}}{{.}}{{/label}}", NULL, true},
    {"{{macc}}", "t.xml:1:1: unknown variable 'macc'", false},
    {"\n  {{Mac}}", "t.xml:2:3: unknown variable 'Mac'", false},
    {"{{sip_user}}", "t.xml:1:1:", true},
    {"{{password}}", "t.xml:1:1:", true},
    {"{{#lines}}{{secret}}{{/lines}}", "t.xml:1:11:", false},
    {"{{#line}}x{{/line}}", "t.xml:1:1:", true},
    {"{{#mac}}{{sip_user}}{{/mac}}", "t.xml:1:9:", true},
    {"{{#user}}{{sip_user}}{{/user}}", "t.xml:1:10:", true},
    {"{{#lines}}{{name}}{{/lines}}", "t.xml:1:11:", true},
    {"{{#keys}}{{sip_user}}{{/keys}}", "t.xml:1:10:", true},
    {"{{#keys}}{{is_key_N}}{{/keys}}", "t.xml:1:10:", false},
    {"{{^lines}}{{sip_user}}{{/lines}}", "t.xml:1:11:", true},
    {"{{#lines}}{{/lines}}{{sip_user}}", "t.xml:1:21:", true},
    {"{{user.password}}", "t.xml:1:1:", false},
    {"{{lines.sip_user}}", "t.xml:1:1:", false},
    {"{{mac.upper}}", "t.xml:1:1:", false},
    {"{{user.name.first}}", "t.xml:1:1:", false},
};

static void test_names_that_templates_use_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < AP_COUNT(NAMES); i++) {
        const struct name_row *row = &NAMES[i];
        struct faults faults;
        int err = check(row->text, false, &faults);
        if (err != (row->place ? AP_EINVAL : 0) || faults.count != (row->place ? 1 : 0) ||
            strncmp(faults.first, row->place ? row->place : "",
                    strlen(row->place ? row->place : "")))
            fail_msg("'%s': %d %s", row->text, err, faults.first);
        err = check(row->text, true, &faults);
        if (err != (row->part_is_fine ? 0 : AP_EINVAL))
            fail_msg("'%s' as a part: %d %s", row->text, err, faults.first);
    }
}

static void test_every_unknown_name_is_told(void **state)
{
    struct faults faults;

    (void)state;
    assert_int_equal(check("{{a1}}\n{{mac}}\n{{#b2}}{{c3}}{{/b2}}", false, &faults), AP_EINVAL);
    assert_int_equal(faults.count, 3);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_values_that_a_dialect_cannot_carry_are_named),
        ROW(test_refusal_does_not_hold_the_value),
        ROW(test_too_long_values_are_refused),
        ROW(test_sample_fits_every_vendor),
        cmocka_unit_test(test_names_that_templates_use_are_checked),
        cmocka_unit_test(test_every_unknown_name_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
