#include "resync_world.h"

#include "autoprov/array.h"

struct resync_world world;

/* In a transaction of its own, by the writer's back: before it runs. */
static void build(struct store_db *db)
{
    static const struct {
        const char *vendor;
        uint8_t last;
        bool has_line;
    } PHONES[] = {{"acme", 1, true}, {"acme", 2, false}, {"generic", 3, true}, {"flatty", 4, true}};
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];
    const struct store_user user = {.name = "alice", .display_name = ""};

    assert_int_equal(store_write_begin(db), 0);
    assert_int_equal(token_make(&token), 0);
    assert_int_equal(store_user_add(db, &user, &token, user_id), 0);
    const struct store_account account = {.user_id = user_id,
                                          .sip_user = "1001",
                                          .domain = "pbx.example.com",
                                          .auth_user = "",
                                          .display_name = "",
                                          .registrar_host = "",
                                          .outbound_proxy = "",
                                          .expires_s = 600,
                                          .password = "first"};
    assert_int_equal(store_account_add(db, &account, account_id), 0);
    for (size_t i = 0; i < AP_COUNT(PHONES); i++) {
        struct store_line line = {.position = 2, .account = {.id = account_id}};
        const struct store_phone phone = {.mac = {0, 0x15, 0x65, 0, 0, PHONES[i].last},
                                          .user_id = user_id,
                                          .vendor = PHONES[i].vendor,
                                          .model = "",
                                          .label = "",
                                          .enabled = true,
                                          .lines = &line,
                                          .line_count = PHONES[i].has_line};
        assert_int_equal(store_phone_add(db, &phone, id), 0);
    }
    assert_int_equal(store_write_commit(db), 0);
}

void world_open(void **state, const char *more)
{
    struct ap_error error = {{0}};
    struct store_db *db = NULL;

    fixture_setup(state);
    world.fixture = *state;
    fixture_write_config(world.fixture, more);
    assert_int_equal(
        store_create(world.fixture->db_path, world.fixture->vault, (uid_t)-1, (gid_t)-1, &error),
        0);
    assert_int_equal(store_open(world.fixture->db_path, STORE_WRITER, world.fixture->vault,
                                &world.fixture->clock, &db, &error),
                     0);
    build(db);
    store_close(db);
    fixture_restart_store(world.fixture);
    if (snapshot_new(fixture_load_config(world.fixture), NULL, FIXTURE_NOW_S, 1, &world.snapshot,
                     &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(uv_loop_init(&world.loop), 0);
    assert_int_equal(mailbox_open(&world.loop, &world.mailbox), 0);
    resync_fixture_open(&world.rig, world.fixture, &world.loop, world.mailbox, &world.snapshot);
}

int world_close(void **state)
{
    resync_stop(world.rig.resync);
    fixture_stop_store(world.fixture);
    mailbox_close(world.mailbox);
    assert_int_equal(uv_run(&world.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    resync_fixture_close(&world.rig);
    snapshot_unref(world.snapshot);
    return fixture_teardown(state);
}

void world_tick(int64_t later_ms)
{
    resync_fixture_tick(&world.rig, later_ms);
}

uint64_t world_order_of(struct resync_order order)
{
    uint64_t order_id = 0;

    order.actor = "uid=0";
    assert_int_equal(resync_order(world.rig.resync, &order, &order_id), 0);
    return order_id;
}

/* One phone by the last byte of its MAC. */
uint64_t world_order_one(uint8_t last, enum store_resync_kind kind)
{
    const uint8_t macs[1][AP_MAC_LEN] = {{0, 0x15, 0x65, 0, 0, last}};

    return world_order_of(
        (struct resync_order){.whom = RESYNC_PHONES, .kind = kind, .macs = macs, .mac_count = 1});
}

int64_t world_number(const char *sql)
{
    return fixture_number(world.fixture, sql);
}

/* Rows with that outcome. */
int64_t world_rows(const char *outcome)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM resync WHERE outcome = '%s'", outcome);
    return world_number(sql);
}

void world_fetched_from(const char *address)
{
    char sql[160];

    (void)snprintf(sql, sizeof(sql),
                   "UPDATE phone SET last_fetch_at = 5, last_fetch_address = '%s' RETURNING 1",
                   address);
    (void)world_number(sql);
}

struct resync_progress world_progress_of(uint64_t order_id)
{
    struct resync_progress orders[RESYNC_PROGRESS_MAX];
    size_t count = resync_progress(world.rig.resync, NULL, orders);

    for (size_t i = 0; i < count; i++) {
        if (orders[i].order_id == order_id)
            return orders[i];
    }
    fail_msg("no order %llu", (unsigned long long)order_id);
    return orders[0];
}

const struct resync_notice *world_last_notice(void)
{
    assert_true(world.rig.notice_count > 0);
    return &world.rig.notices[world.rig.notice_count - 1];
}

/* Phones 001565010000 and so on, all at one address. */
void world_add_phones(unsigned count)
{
    char sql[512];

    (void)snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %u) "
        "INSERT INTO phone (id, mac, user_id, vendor, enabled, created_at, last_fetch_at, "
        "last_fetch_address) SELECT printf('00000000-0000-0000-0000-%%012x', i), "
        "printf('00156501%%04x', i), (SELECT id FROM user), 'acme', 1, 1, 5, '192.0.2.7' "
        "FROM n WHERE true RETURNING 1",
        count);
    (void)world_number(sql);
    (void)world_number("DELETE FROM phone WHERE mac < '001565010000' RETURNING 1");
}
