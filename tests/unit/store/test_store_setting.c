/* Settings of all scopes, sites, and what an input check asks. */
#include "fixture.h"

#include "autoprov/array.h"
#include "autoprov/store_setting.h"

/* alice's phone of vendor "generic" and model "m1" in site "hq". */
struct scene {
    struct token token;
    char site[STORE_ID_TEXT_MAX], user[STORE_ID_TEXT_MAX];
    char account[STORE_ID_TEXT_MAX], phone[STORE_ID_TEXT_MAX];
};

static void set(struct fixture *fixture, enum store_scope scope, const char *id, const char *name,
                const char *value, bool secret)
{
    const struct store_setting setting = {
        .scope = scope, .scope_id = id, .name = name, .value = value, .secret = secret};

    fixture_begin(fixture);
    assert_int_equal(store_setting_set(fixture->db, &setting), 0);
    fixture_commit(fixture);
}

/* How many rows fit. */
static size_t list(struct fixture *fixture, const struct store_setting_filter *filter,
                   struct store_setting **ret_list)
{
    size_t count = 0;

    assert_int_equal(store_setting_list(fixture->db, &fixture->arena, filter, ret_list, &count), 0);
    return count;
}

static int unset(struct fixture *fixture, enum store_scope scope, const char *id, const char *name)
{
    fixture_begin(fixture);
    int err = store_setting_unset(fixture->db, scope, id, name);
    fixture_commit(fixture);
    return err;
}

static void make_scene(struct fixture *fixture, struct scene *scene)
{
    const struct store_site site = {.name = "hq"};
    struct store_user user;

    fixture_add_user(fixture, "alice", &scene->token, scene->user);
    fixture_add_account(fixture, scene->user, "100", "pw", scene->account);
    fixture_add_phone(fixture, scene->user, 1, scene->account, scene->phone);
    fixture_sql(fixture, "UPDATE phone SET vendor = 'acme', model = 'm1'");
    fixture_begin(fixture);
    assert_int_equal(store_site_add(fixture->db, &site, scene->site), 0);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "alice", &user), 0);
    user.site_id = scene->site;
    assert_int_equal(store_user_set(fixture->db, &user, 0), 0);
    fixture_commit(fixture);
}

static void test_a_phone_gets_the_settings_of_all_six_scopes_and_no_others(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_phone phone;
    bool seen[STORE_SCOPE_COUNT] = {false};

    make_scene(fixture, &scene);
    const char *const ids[] = {"", "acme", "acme/m1", scene.site, scene.user, scene.phone};
    for (size_t i = 0; i < STORE_SCOPE_COUNT; i++) {
        set(fixture, (enum store_scope)i, ids[i], "ntp_server", ids[i], false);
        if (i == STORE_SCOPE_VENDOR || i == STORE_SCOPE_MODEL)
            set(fixture, (enum store_scope)i, "other", "ntp_server", "no", false);
    }
    fixture_sql(fixture, "INSERT INTO setting (scope, scope_id, name, value) VALUES "
                         "('user', 'somebody', 'ntp_server', 'no'), "
                         "('daemon', '', 'ntp_server', 'no')");
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &scene.token, 1, &phone), 0);
    assert_int_equal(phone.setting_count, STORE_SCOPE_COUNT);
    for (size_t i = 0; i < phone.setting_count; i++) {
        const struct store_setting *setting = &phone.settings[i];
        assert_false(seen[setting->scope]);
        seen[setting->scope] = true;
        assert_string_equal(setting->name, "ntp_server");
        assert_string_equal(setting->value, ids[setting->scope]);
        assert_string_equal(setting->scope_id, ids[setting->scope]);
    }
}

static void test_a_secret_is_sealed_hidden_in_lists_and_open_for_its_phone(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_phone phone;
    const struct store_setting_filter all = {.scope = STORE_SCOPE_COUNT, .limit = 10};
    struct store_setting *rows = NULL;

    make_scene(fixture, &scene);
    set(fixture, STORE_SCOPE_GLOBAL, "", "admin_password", "open-sesame", true);
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &scene.token, 1, &phone), 0);
    assert_int_equal(phone.setting_count, 1);
    assert_true(phone.settings[0].secret);
    assert_string_equal(phone.settings[0].value, "open-sesame");
    assert_int_equal(list(fixture, &all, &rows), 1);
    assert_true(rows[0].secret);
    assert_null(rows[0].value);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting WHERE value IS NULL AND "
                                             "instr(value_sealed, CAST('sesame' AS BLOB)) = 0"),
                     1);
    /* A cell that is moved to another row does not open. */
    fixture_sql(fixture, "UPDATE setting SET scope = 'vendor', scope_id = 'acme'");
    assert_int_equal(fixture_by_pair(fixture, fixture->db, &scene.token, 1, NULL), AP_ECRYPTO);
}

static void test_common_files_see_three_scopes_and_no_secret(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_setting *list = NULL;
    size_t count = 0;

    make_scene(fixture, &scene);
    set(fixture, STORE_SCOPE_GLOBAL, "", "language", "de", false);
    set(fixture, STORE_SCOPE_GLOBAL, "", "admin_password", "secret", true);
    set(fixture, STORE_SCOPE_VENDOR, "acme", "language", "fr", false);
    set(fixture, STORE_SCOPE_MODEL, "acme/m1", "language", "it", false);
    set(fixture, STORE_SCOPE_SITE, scene.site, "language", "no", false);
    set(fixture, STORE_SCOPE_USER, scene.user, "language", "no", false);
    assert_int_equal(
        store_setting_common(fixture->db, &fixture->arena, "acme", "m1", &list, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(store_setting_common(fixture->db, &fixture->arena, "acme", "", &list, &count),
                     0);
    assert_int_equal(count, 2);
}

static void test_setting_again_replaces_and_unsetting_removes(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before, after;

    set(fixture, STORE_SCOPE_GLOBAL, "", "language", "de", false);
    set(fixture, STORE_SCOPE_GLOBAL, "", "language", "fr", false);
    assert_int_equal(fixture_number(fixture, "SELECT version FROM setting WHERE value = 'fr'"), 2);
    assert_int_equal(store_change_seq(fixture->db, &before), 0);
    assert_int_equal(unset(fixture, STORE_SCOPE_GLOBAL, "", "language"), 0);
    assert_int_equal(store_change_seq(fixture->db, &after), 0);
    assert_int_equal(after, before + 1);
    assert_int_equal(unset(fixture, STORE_SCOPE_GLOBAL, "", "language"), AP_ENOENT);
}

static void test_scopes_that_do_not_exist_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const enum store_scope scopes[] = {STORE_SCOPE_SITE, STORE_SCOPE_USER,
                                              STORE_SCOPE_PHONE};

    for (size_t i = 0; i < 3; i++) {
        const struct store_setting setting = {.scope = scopes[i],
                                              .scope_id = "00000000-0000-0000-0000-000000000000",
                                              .name = "language",
                                              .value = "de"};
        fixture_begin(fixture);
        assert_int_equal(store_setting_set(fixture->db, &setting), AP_ENOENT);
        fixture_commit(fixture);
    }
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting"), 0);
}

static void test_what_goes_takes_its_settings_along(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;

    make_scene(fixture, &scene);
    set(fixture, STORE_SCOPE_SITE, scene.site, "language", "de", false);
    set(fixture, STORE_SCOPE_USER, scene.user, "language", "de", false);
    set(fixture, STORE_SCOPE_PHONE, scene.phone, "language", "de", false);
    fixture_begin(fixture);
    assert_int_equal(store_site_del(fixture->db, scene.site), AP_ECONFLICT);
    /* The phone goes by way of its user. */
    assert_int_equal(store_user_del(fixture->db, scene.user), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting"), 1);
    fixture_begin(fixture);
    assert_int_equal(store_site_del(fixture->db, scene.site), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting"), 0);
}

static void test_lists_are_ordered_filtered_and_paged(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_setting_filter filter = {.scope = STORE_SCOPE_COUNT, .limit = 1};
    struct store_setting *rows = NULL;
    struct store_setting after;
    size_t seen = 0;

    make_scene(fixture, &scene);
    set(fixture, STORE_SCOPE_PHONE, scene.phone, "language", "de", false);
    set(fixture, STORE_SCOPE_VENDOR, "acme", "language", "de", false);
    set(fixture, STORE_SCOPE_GLOBAL, "", "time_zone", "UTC", false);
    set(fixture, STORE_SCOPE_GLOBAL, "", "language", "de", false);
    for (;;) {
        static const char *const expected[] = {"language", "time_zone", "language", "language"};
        if (list(fixture, &filter, &rows) == 0)
            break;
        assert_string_equal(rows[0].name, expected[seen]);
        after = rows[0];
        filter.after = &after;
        seen++;
    }
    assert_int_equal(seen, 4);
    filter =
        (struct store_setting_filter){.scope = STORE_SCOPE_GLOBAL, .scope_id = "", .limit = 10};
    assert_int_equal(list(fixture, &filter, &rows), 2);
    filter = (struct store_setting_filter){
        .scope = STORE_SCOPE_VENDOR, .scope_id = "other", .limit = 10};
    assert_int_equal(list(fixture, &filter, &rows), 0);
}

static void test_a_list_of_a_site_has_what_is_set_for_it_its_users_and_phones(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    const struct store_site branch = {.name = "branch"};
    char other[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX], phone[STORE_ID_TEXT_MAX];
    struct store_setting *rows = NULL;
    struct store_setting after;
    struct token token;

    make_scene(fixture, &scene);
    fixture_add_user(fixture, "bob", &token, bob);
    fixture_add_phone(fixture, bob, 2, scene.account, phone);
    fixture_begin(fixture);
    assert_int_equal(store_site_add(fixture->db, &branch, other), 0);
    fixture_commit(fixture);
    struct store_setting_filter filter = {
        .scope = STORE_SCOPE_COUNT, .site_id = scene.site, .limit = 10};
    const char *const ids[] = {"", "acme", "acme/m1", scene.site, scene.user, scene.phone};
    for (size_t i = 0; i < STORE_SCOPE_COUNT; i++)
        set(fixture, (enum store_scope)i, ids[i], "language", "de", false);
    /* Of a vendor that is called as the site's row is. */
    set(fixture, STORE_SCOPE_VENDOR, scene.site, "language", "de", false);
    set(fixture, STORE_SCOPE_SITE, other, "language", "de", false);
    set(fixture, STORE_SCOPE_USER, bob, "language", "de", false);
    set(fixture, STORE_SCOPE_PHONE, phone, "language", "de", false);
    assert_int_equal(list(fixture, &filter, &rows), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(rows[i].scope_id, ids[STORE_SCOPE_SITE + i]);
    after = rows[0];
    filter.after = &after;
    assert_int_equal(list(fixture, &filter, &rows), 2);
    filter.after = NULL;
    filter.scope = STORE_SCOPE_USER;
    assert_int_equal(list(fixture, &filter, &rows), 1);
    filter.scope_id = bob;
    assert_int_equal(list(fixture, &filter, &rows), 0);
    filter.scope = STORE_SCOPE_GLOBAL;
    filter.scope_id = NULL;
    assert_int_equal(list(fixture, &filter, &rows), 0);
}

static void test_the_vendors_that_read_a_value_are_known(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    char second[STORE_ID_TEXT_MAX];
    const char *const *vendors = NULL;
    size_t count = 0;

    make_scene(fixture, &scene);
    fixture_add_phone(fixture, scene.user, 2, scene.account, second);
    const struct {
        enum store_scope scope;
        const char *id;
        size_t count;
    } cases[] = {
        {STORE_SCOPE_COUNT, scene.account, 2}, {STORE_SCOPE_SITE, scene.site, 2},
        {STORE_SCOPE_USER, scene.user, 2},     {STORE_SCOPE_PHONE, scene.phone, 1},
        {STORE_SCOPE_USER, "nobody", 0},       {STORE_SCOPE_GLOBAL, "", 2},
    };
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        assert_int_equal(store_setting_vendors(fixture->db, &fixture->arena, cases[i].scope,
                                               cases[i].id, &vendors, &count),
                         0);
        assert_int_equal(count, cases[i].count);
        if (count > 0)
            assert_string_equal(vendors[0], "acme");
    }
    assert_int_equal(store_setting_vendors(fixture->db, &fixture->arena, STORE_SCOPE_VENDOR, "",
                                           &vendors, &count),
                     AP_EINVAL);
}

static void test_sites_are_named_once_and_listed(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_site site = {.name = "hq"}, *list = NULL;
    char id[STORE_ID_TEXT_MAX];
    size_t count = 0;

    make_scene(fixture, &scene);
    fixture_begin(fixture);
    assert_int_equal(store_site_add(fixture->db, &site, id), AP_EEXIST);
    site.name = "branch";
    assert_int_equal(store_site_add(fixture->db, &site, id), 0);
    fixture_commit(fixture);
    assert_int_equal(store_site_list(fixture->db, &fixture->arena, "", 10, &list, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "branch");
    assert_int_equal(list[1].user_count, 1);
    assert_int_equal(store_site_list(fixture->db, &fixture->arena, "branch", 10, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, id, &site), 0);
    assert_string_equal(site.name, "branch");
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, "none", &site), AP_ENOENT);
}

static void test_lists_of_a_site_have_no_others_and_no_gaps(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    char zoe[STORE_ID_TEXT_MAX], bob[STORE_ID_TEXT_MAX], account[2][STORE_ID_TEXT_MAX];
    char phone[STORE_ID_TEXT_MAX];
    struct store_user *users = NULL;
    struct store_account *accounts = NULL;
    struct store_phone *phones = NULL;
    struct token token;
    size_t count = 0;

    make_scene(fixture, &scene);
    fixture_add_user(fixture, "bob", &token, bob);
    fixture_add_account(fixture, bob, "101", "pw", account[0]);
    fixture_add_phone(fixture, bob, 2, account[0], phone);
    fixture_add_user(fixture, "zoe", &token, zoe);
    fixture_sql(fixture, "UPDATE user SET site_id = (SELECT id FROM site) WHERE name = 'zoe'");
    fixture_add_account(fixture, zoe, "102", "pw", account[1]);
    fixture_add_phone(fixture, zoe, 3, account[1], phone);
    assert_int_equal(
        store_user_list(fixture->db, &fixture->arena, scene.site, "", 2, &users, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(users[1].name, "zoe");
    assert_int_equal(
        store_user_list(fixture->db, &fixture->arena, scene.site, "alice", 2, &users, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_account_list_of_site(fixture->db, &fixture->arena, scene.site, "", 9,
                                                &accounts, &count),
                     0);
    assert_int_equal(count, 2);
    assert_true(strcmp(accounts[0].id, accounts[1].id) < 0);
    assert_string_not_equal(accounts[0].user_name, "bob");
    assert_string_not_equal(accounts[1].user_name, "bob");
    assert_int_equal(store_account_list_of_site(fixture->db, &fixture->arena, scene.site,
                                                accounts[0].id, 9, &accounts, &count),
                     0);
    assert_int_equal(count, 1);
    struct store_phone_filter filter = {.site_id = scene.site, .after_mac = "", .limit = 2};
    assert_int_equal(store_phone_find(fixture->db, &fixture->arena, &filter, &phones, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(phones[0].user_name, "alice");
    assert_string_equal(phones[1].user_name, "zoe");
    const struct {
        struct store_phone_filter filter;
        size_t count;
    } cases[] = {
        {{.vendor = "acme"}, 1},      {{.vendor = "acme", .model = "m1"}, 1},
        {{.never_fetched = true}, 2}, {{.user_id = zoe}, 1},
        {{.user_id = bob}, 0},
    };
    for (size_t i = 0; i < AP_COUNT(cases); i++) {
        filter = cases[i].filter;
        filter.site_id = scene.site;
        filter.after_mac = "";
        filter.limit = 9;
        assert_int_equal(store_phone_find(fixture->db, &fixture->arena, &filter, &phones, &count),
                         0);
        assert_int_equal(count, cases[i].count);
    }
}

static void test_a_site_is_changed_while_its_version_stands(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_site site, again;

    make_scene(fixture, &scene);
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, "hq", &site), 0);
    uint64_t version = site.version;
    site.name = "home";
    site.external_id = "s-1";
    fixture_begin(fixture);
    assert_int_equal(store_site_set(fixture->db, &site, version + 1), AP_ECONFLICT);
    assert_int_equal(store_site_set(fixture->db, &site, version), 0);
    fixture_commit(fixture);
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, "hq", &again), AP_ENOENT);
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, "home", &again), 0);
    assert_string_equal(again.id, scene.site);
    assert_string_equal(again.external_id, "s-1");
    assert_int_equal(again.version, version + 1);
    assert_int_equal(again.user_count, 1);
    site.external_id = NULL;
    fixture_begin(fixture);
    assert_int_equal(store_site_set(fixture->db, &site, 0), 0);
    fixture_commit(fixture);
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, "home", &again), 0);
    assert_null(again.external_id);
}

static void test_a_site_does_not_take_what_another_has(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    const struct store_site branch = {.name = "branch", .external_id = "s-1"};
    struct store_site site = {.id = scene.site, .name = "branch"};
    char id[STORE_ID_TEXT_MAX];

    make_scene(fixture, &scene);
    fixture_begin(fixture);
    assert_int_equal(store_site_add(fixture->db, &branch, id), 0);
    assert_int_equal(store_site_set(fixture->db, &site, 0), AP_EEXIST);
    site.name = "hq";
    site.external_id = "s-1";
    assert_int_equal(store_site_set(fixture->db, &site, 0), AP_EEXIST);
    site.id = "00000000-0000-0000-0000-000000000000";
    assert_int_equal(store_site_set(fixture->db, &site, 0), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(store_site_get(fixture->db, &fixture->arena, "hq", &site), 0);
    assert_int_equal(site.version, 1);
    assert_null(site.external_id);
}

static void test_a_user_changes_site_and_keeps_the_rest(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct store_user user;

    make_scene(fixture, &scene);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "alice", &user), 0);
    assert_string_equal(user.site_name, "hq");
    uint64_t version = user.version;
    user.site_id = NULL;
    user.display_name = "Alice";
    fixture_begin(fixture);
    assert_int_equal(store_user_set(fixture->db, &user, version + 1), AP_ECONFLICT);
    assert_int_equal(store_user_set(fixture->db, &user, version), 0);
    user.site_id = "00000000-0000-0000-0000-000000000000";
    assert_int_equal(store_user_set(fixture->db, &user, 0), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(store_user_get(fixture->db, &fixture->arena, "alice", &user), 0);
    assert_null(user.site_name);
    assert_string_equal(user.display_name, "Alice");
    assert_int_equal(user.phone_count, 1);
}

static void test_scope_names_read_back(void **state)
{
    enum store_scope scope;
    (void)state;

    for (size_t i = 0; i < STORE_SCOPE_COUNT; i++) {
        assert_int_equal(store_scope_parse(store_scope_name((enum store_scope)i), &scope), 0);
        assert_int_equal(scope, i);
    }
    assert_int_equal(store_scope_parse("daemon", &scope), AP_ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_phone_gets_the_settings_of_all_six_scopes_and_no_others),
        TEST(test_a_secret_is_sealed_hidden_in_lists_and_open_for_its_phone),
        TEST(test_common_files_see_three_scopes_and_no_secret),
        TEST(test_setting_again_replaces_and_unsetting_removes),
        TEST(test_scopes_that_do_not_exist_are_refused),
        TEST(test_what_goes_takes_its_settings_along),
        TEST(test_lists_are_ordered_filtered_and_paged),
        TEST(test_a_list_of_a_site_has_what_is_set_for_it_its_users_and_phones),
        TEST(test_the_vendors_that_read_a_value_are_known),
        TEST(test_sites_are_named_once_and_listed),
        TEST(test_lists_of_a_site_have_no_others_and_no_gaps),
        TEST(test_a_site_is_changed_while_its_version_stands),
        TEST(test_a_site_does_not_take_what_another_has),
        TEST(test_a_user_changes_site_and_keeps_the_rest),
        TEST(test_scope_names_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
