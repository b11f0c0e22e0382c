/* What a view tells of URLs, and that masked views hold no secret anywhere. */
#include "view_fixture.h"

#include "autoprov/array.h"

static struct template *compile_url(const struct catalogue_vendor *vendor)
{
    struct template *template = NULL;
    struct ap_error error = {{0}};

    if (template_compile("url", vendor->url, strlen(vendor->url), &template, &error) != 0)
        fail_msg("%s", error.text);
    return template;
}

struct url_row {
    const char *name, *expected;
};

static void check_urls(const struct view_fixture *view, const struct url_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        view_top(view, rows[i].name, rows[i].expected);
}

static void test_urls_have_every_form(void **state)
{
    static const struct url_row ROWS[] = {
        {"provisioning_host", "pbx.example.com"},
        {"provisioning_path", VIEW_FOLDER},
        {"provisioning_host_path", "pbx.example.com/" VIEW_FOLDER},
        {"provisioning_base_url", VIEW_PUBLIC_URL "/" VIEW_FOLDER "/"},
        {"provisioning_url", VIEW_PUBLIC_URL "/" VIEW_FOLDER "/001565123456.cfg"},
        {"phone_url", "pbx.example.com/" VIEW_FOLDER},
    };
    struct view_fixture *view = *state;
    struct template *url = compile_url(view->source.vendor);

    view->source.url = url;
    view_build(view);
    check_urls(view, ROWS, AP_COUNT(ROWS));
    view->source.url = NULL;
    view_build(view);
    view_top(view, "phone_url", VIEW_PUBLIC_URL "/" VIEW_FOLDER "/");
    template_free(url);
}

static void test_port_and_longer_prefix_stand_in_the_urls(void **state)
{
    static const struct url_row ROWS[] = {
        {"provisioning_host", "pbx.example.com:8443"},
        {"provisioning_path", "a/b/" VIEW_TOKEN},
        {"provisioning_base_url", "https://pbx.example.com:8443/a/b/" VIEW_TOKEN "/"},
    };
    struct view_fixture *view = *state;

    view->source.public_url = "https://pbx.example.com:8443";
    view->source.prefix = "/a/b";
    view_build(view);
    check_urls(view, ROWS, AP_COUNT(ROWS));
}

static void test_flat_form_has_no_token(void **state)
{
    static const struct url_row ROWS[] = {
        {"provisioning_path", "provision"},
        {"provisioning_host_path", "pbx.example.com/provision"},
        {"provisioning_base_url", VIEW_PUBLIC_URL "/provision/"},
        {"provisioning_url", VIEW_PUBLIC_URL "/provision/001565123456.cfg"},
    };
    struct view_fixture *view = *state;

    view->source.token = NULL;
    view_build(view);
    check_urls(view, ROWS, AP_COUNT(ROWS));
    view->source.phone = NULL;
    view_build(view);
    check_urls(view, ROWS, AP_COUNT(ROWS) - 1);
    view_top(view, "provisioning_url", "");
}

/* A URL with a token would be refused when the phone comes with it. */
static void test_vendor_that_cannot_be_given_a_token_is_told_of_none(void **state)
{
    static const struct url_row ROWS[] = {
        {"provisioning_base_url", VIEW_PUBLIC_URL "/provision/"},
        {"provisioning_url", VIEW_PUBLIC_URL "/provision/SEP001565123456.cnf.xml"},
        {"phone_url", VIEW_PUBLIC_URL "/provision/"},
    };
    struct view_fixture *view = *state;

    view_of(view, "flatty", "F1");
    view_build(view);
    check_urls(view, ROWS, AP_COUNT(ROWS));
}

static void test_without_public_url_all_are_empty(void **state)
{
    static const struct url_row ROWS[] = {
        {"provisioning_host", ""},     {"provisioning_path", ""}, {"provisioning_host_path", ""},
        {"provisioning_base_url", ""}, {"provisioning_url", ""},  {"phone_url", ""},
    };
    struct view_fixture *view = *state;
    struct template *url = compile_url(view->source.vendor);

    view->source.url = url;
    view->source.public_url = "";
    view_build(view);
    check_urls(view, ROWS, AP_COUNT(ROWS));
    template_free(url);
}

/* As the catalogue writes the name: the first row that is served, with the MAC in the vendor's form
 * and the model. */
static void test_own_url_has_the_name_that_the_phone_asks_for(void **state)
{
    static const struct {
        const char *vendor, *model, *expected;
    } ROWS[] = {
        {"acme", NULL, "/CC5EF641B794.cfg"},
        {"generic", NULL, "/cc5ef641b794.xml"},
        {"latin", "L1", "/latin-L1-cc5ef641b794.cfg"},
        {"latin", NULL, NULL}, /* the name holds the model, which is not known */
    };
    struct view_fixture *view = *state;

    memcpy(view->phone.mac, "\xcc\x5e\xf6\x41\xb7\x94", AP_MAC_LEN);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        char url[256] = "";
        view_of(view, ROWS[i].vendor, ROWS[i].model);
        view_build(view);
        if (ROWS[i].expected)
            (void)snprintf(url, sizeof(url), "%s/%s%s", VIEW_PUBLIC_URL, VIEW_FOLDER,
                           ROWS[i].expected);
        view_top(view, "provisioning_url", url);
    }
}

/* -- masking ----------------------------------------------------------------------------------- */

/* Every text of the tree. */
static bool holds(const struct value *value, const char *what)
{
    bool is_text = value->kind == VALUE_TEXT || value->kind == VALUE_NUMBER;
    bool found = is_text && memmem(value->as.text, value->len, what, strlen(what));
    const struct value *member;
    char name[VIEW_NAME_MAX];

    for (size_t i = 0; value->kind == VALUE_LIST && i < value->len; i++)
        found = found || holds(&value->as.items[i], what);
    for (size_t i = 0; (member = view_member_at(value, i, name)); i++)
        found = found || holds(member, what);
    return found;
}

static void test_masked_view_holds_no_secret(void **state)
{
    static const char *const SECRETS[] = {"sample-1", "sample-2",   "sample-admin",
                                          VIEW_TOKEN, "sample-raw", "sample-http"};
    struct view_fixture *view = *state;
    struct store_setting settings[8];
    struct template *url = compile_url(view->source.vendor);

    memcpy(settings, view->phone.settings, view->phone.setting_count * sizeof(settings[0]));
    settings[view->phone.setting_count++] =
        (struct store_setting){STORE_SCOPE_PHONE, "p", "raw.pin", "sample-raw", true, 1};
    view->phone.settings = settings;
    view->source.url = url;
    view_build(view);
    for (size_t i = 0; i < AP_COUNT(SECRETS); i++)
        assert_true(holds(&view->root, SECRETS[i]));
    view->source.mask_secrets = true;
    view_build(view);
    for (size_t i = 0; i < AP_COUNT(SECRETS); i++)
        assert_false(holds(&view->root, SECRETS[i]));
    view_top(view, "admin_password", "********");
    view_top(view, "auth_password", "********");
    view_top(view, "auth_user", "001565123456");
    view_top(view, "provisioning_path", "provision/********");
    view_top(view, "phone_url", "pbx.example.com/provision/********");
    view_check(view_item(view, "lines", 0), "password", "********");
    assert_true(view_is(view_item(view, "lines", 0), "has_password"));
    template_free(url);
}

/* A mask would say that there is one. */
static void test_mask_stands_for_what_is_there_alone(void **state)
{
    struct view_fixture *view = *state;
    struct store_line line = phone_view_sample()->lines[0];

    line.account.password = "";
    view->phone.lines = &line;
    view->phone.line_count = 1;
    view->phone.setting_count = 0;
    view->phone.access.auth = (struct store_auth){.user = "desk"};
    view->source.mask_secrets = true;
    view->source.token = NULL;
    view_build(view);
    view_top(view, "admin_password", "");
    view_top(view, "auth_password", "");
    view_top(view, "auth_user", ""); /* a name alone is no use */
    view_check(view_item(view, "lines", 0), "password", "");
    view_top(view, "provisioning_path", "provision");
    assert_false(holds(&view->root, "********"));
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, view_setup, view_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_urls_have_every_form),
        ROW(test_port_and_longer_prefix_stand_in_the_urls),
        ROW(test_flat_form_has_no_token),
        ROW(test_vendor_that_cannot_be_given_a_token_is_told_of_none),
        ROW(test_without_public_url_all_are_empty),
        ROW(test_own_url_has_the_name_that_the_phone_asks_for),
        ROW(test_masked_view_holds_no_secret),
        ROW(test_mask_stands_for_what_is_there_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
