/* Every allocation of the store and of SQLite fails once: an error, no crash, no leak,
 * and the database is whole afterwards. */
#include "autoprov/array.h"
#include "fixture.h"
#include "support/alloc_fault.h"

/* SQLite's allocations; --wrap does not reach into libraries. */
static unsigned long library_fail_at, library_seen;

static bool must_fail(void)
{
    library_seen++;
    return library_fail_at != 0 && library_seen == library_fail_at;
}

static sqlite3_mem_methods plain;

static void *sqlite_malloc(int size)
{
    return must_fail() ? NULL : plain.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return must_fail() ? NULL : plain.xRealloc(memory, size);
}

static int replace_sqlite_memory(void)
{
    sqlite3_mem_methods counted;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK)
        return -1;
    counted = plain;
    counted.xMalloc = sqlite_malloc;
    counted.xRealloc = sqlite_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &counted) == SQLITE_OK ? 0 : -1;
}

static int add_things(struct fixture *fixture, struct store_db *db, struct token *token)
{
    char user_id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX];
    const struct store_user user = {.name = "alice", .display_name = ""};
    const struct store_audit entry = {
        .actor = "uid=0", .action = "user.add", .object = "", .detail = ""};
    struct token next;
    (void)fixture;

    int err = token_make(token);
    if (!err)
        err = store_user_add(db, &user, token, user_id);
    if (err)
        return err;
    const struct store_account account = {.user_id = user_id,
                                          .sip_user = "1",
                                          .domain = "d",
                                          .auth_user = "",
                                          .display_name = "",
                                          .registrar_host = "",
                                          .outbound_proxy = "",
                                          .expires_s = 60,
                                          .password = "password"};
    err = store_account_add(db, &account, account_id);
    if (err)
        return err;
    struct store_line line = {.position = 1, .account = {.id = account_id}};
    struct store_phone phone = {.user_id = user_id,
                                .vendor = "generic",
                                .model = "",
                                .label = "",
                                .lines = &line,
                                .line_count = 1};
    fixture_mac(1, phone.mac);
    err = store_phone_add(db, &phone, phone_id);
    if (!err)
        err = store_audit_add(db, &entry);
    if (!err)
        err = store_options_set(db, "{}");
    if (!err)
        err = token_make(&next);
    if (!err)
        err = store_token_rotate(db, user_id, &next, FIXTURE_NOW_S + 60);
    return err;
}

static int look_things_up(struct fixture *fixture, struct store_db *db, const struct token *token)
{
    struct store_phone phone;
    struct store_audit *entries;
    struct store_user user;
    const char *json;
    size_t count;

    int err = fixture_by_pair(fixture, db, token, 1, &phone);
    if (!err)
        err = store_phone_get(db, &fixture->arena, phone.mac, &phone);
    if (!err)
        err = store_user_get(db, &fixture->arena, "alice", &user);
    if (!err)
        err = store_audit_list(db, &fixture->arena, 0, 10, &entries, &count);
    return err ? err : store_options_get(db, &fixture->arena, &json);
}

static void ignore(void *data, const char *line)
{
    (void)data;
    (void)line;
}

/* The whole life of a database; everything is undone at the end, so that it can run again. */
static int live(void *data)
{
    struct fixture *fixture = data;
    struct store_db *db = NULL;
    struct token token;

    arena_done(&fixture->arena);
    arena_init(&fixture->arena, 1 << 20);
    int err = store_open(fixture->path, STORE_WRITER, fixture->vault, &fixture->clock, &db, NULL);
    if (err)
        return err;
    err = store_write_begin(db);
    if (!err)
        err = add_things(fixture, db, &token);
    if (!err)
        err = look_things_up(fixture, db, &token);
    store_write_rollback(db);
    if (!err)
        err = store_check(db, ignore, NULL, NULL);
    store_close(db);
    return err;
}

static int create(void *data)
{
    struct fixture *fixture = data;
    char path[256];

    snprintf(path, sizeof(path), "%s/made.db", fixture->folder);
    int err = store_create(path, fixture->vault, (uid_t)-1, (gid_t)-1, NULL);
    if (!err)
        store_create_remove(path);
    return err;
}

static int start_and_stop(void *data)
{
    struct fixture *fixture = data;
    struct store_db *db = NULL;
    struct store_writer *writer = NULL;

    int err = store_open(fixture->path, STORE_WRITER, fixture->vault, &fixture->clock, &db, NULL);
    if (!err)
        err = store_writer_start(db, &writer);
    store_writer_stop(writer);
    return err;
}

static int restore(void *data)
{
    struct fixture *fixture = data;
    char backup[256];

    snprintf(backup, sizeof(backup), "%s/backup.db", fixture->folder);
    const struct store_restore restore = {.path = fixture->path,
                                          .backup_path = backup,
                                          .vault = fixture->vault,
                                          .clock = &fixture->clock,
                                          .uid = (uid_t)-1,
                                          .gid = (gid_t)-1,
                                          .keep_options = true,
                                          .actor = "uid=0"};
    struct store_restored restored;
    return store_restore(&restore, &restored, NULL);
}

static int back_up(void *data)
{
    struct fixture *fixture = data;
    char path[256];
    struct store_db *db = NULL;

    snprintf(path, sizeof(path), "%s/another.db", fixture->folder);
    int err = store_open(fixture->path, STORE_READER, fixture->vault, &fixture->clock, &db, NULL);
    if (!err)
        err = store_backup(db, &(struct store_backup){.path = path, .replace = true}, NULL);
    store_close(db);
    return err;
}

static void make_backup(struct fixture *fixture)
{
    char backup[256];
    size_t len;

    snprintf(backup, sizeof(backup), "%s/backup.db", fixture->folder);
    fixture_close(fixture);
    char *content = fixture_read_file(fixture->path, &len);
    fixture_write_file(backup, content, len);
    free(content);
}

static const struct {
    const char *name;
    int (*run)(void *data);
    unsigned long stride; /* prime: beyond the first hundred it keeps the test within seconds */
} scenarios[] = {{"live", live, 31},
                 {"create", create, 53},
                 {"start_and_stop", start_and_stop, 31},
                 {"restore", restore, 31},
                 {"backup", back_up, 211}};
#define SCENARIO_COUNT AP_COUNT(scenarios)

static void test_every_failing_allocation_of_ours_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    make_backup(fixture);
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        if (alloc_fault_run(scenarios[i].run, fixture) < 4)
            fail_msg("%s", scenarios[i].name);
    }
}

static void test_every_failing_allocation_of_sqlite_is_survived(void **state)
{
    struct fixture *fixture = *state;
    make_backup(fixture);
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        library_fail_at = 0;
        library_seen = 0;
        assert_int_equal(scenarios[i].run(fixture), 0);
        unsigned long count = library_seen;
        assert_true(count > 50);
        for (unsigned long nth = 1; nth <= count; nth += nth < 100 ? 1 : scenarios[i].stride) {
            library_seen = 0;
            library_fail_at = nth;
            int err = scenarios[i].run(fixture);
            library_fail_at = 0;
            /* Where a library does without the memory all is well; never may it look as if the
             * data were at fault. */
            if (err == AP_ECORRUPT || err == AP_EKEY || err == AP_ENEWER || err == AP_ENOENT)
                fail_msg("%s, allocation %lu of %lu: %s", scenarios[i].name, nth, count,
                         ap_strerror(err));
        }
        assert_int_equal(scenarios[i].run(fixture), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_failing_allocation_of_ours_is_an_error),
        TEST(test_every_failing_allocation_of_sqlite_is_survived),
    };
    if (replace_sqlite_memory() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
