#include "fixture.h"

#include "autoprov/array.h"

static struct store_record fetch_of(const char *phone_id, int64_t at, uint16_t status,
                                    uint8_t digest)
{
    struct store_record record = {.kind = STORE_RECORD_FETCH,
                                  .at = at,
                                  .role = "config",
                                  .file = "{mac}.xml",
                                  .token_tag = "t:01234567",
                                  .user_agent = "Linphone/5.1",
                                  .status = status,
                                  .body_bytes = 4321};
    assert_int_equal(address_parse("192.0.2.7", &record.source), 0);
    snprintf(record.phone_id, sizeof(record.phone_id), "%s", phone_id);
    memset(record.body_digest, digest, sizeof(record.body_digest));
    return record;
}

static struct store_record refusal_of(const char *phone_id, const char *source, const char *reason,
                                      int64_t at, uint32_t count)
{
    struct store_record record = {.kind = STORE_RECORD_REFUSAL, .at = at, .count = count};
    assert_int_equal(address_parse(source, &record.source), 0);
    snprintf(record.phone_id, sizeof(record.phone_id), "%s", phone_id);
    snprintf(record.reason, sizeof(record.reason), "%s", reason);
    return record;
}

static void put(struct fixture *fixture, const struct store_record *record)
{
    fixture_begin(fixture);
    assert_int_equal(store_record_write(fixture->db, record), 0);
    fixture_commit(fixture);
}

static void add_phone(struct fixture *fixture, char id[static STORE_ID_TEXT_MAX])
{
    struct token token;
    char user_id[STORE_ID_TEXT_MAX];
    fixture_add_user(fixture, "alice", &token, user_id);
    fixture_add_phone(fixture, user_id, 1, NULL, id);
}

static void test_a_fetch_is_kept_with_the_last_fetch_and_what_was_delivered(void **state)
{
    struct fixture *fixture = *state;
    struct store_phone phone;
    char id[STORE_ID_TEXT_MAX];
    uint8_t mac[AP_MAC_LEN];
    uint64_t before, after;

    add_phone(fixture, id);
    assert_int_equal(store_change_seq(fixture->db, &before), 0);
    const struct store_record records[] = {
        fetch_of(id, 1000, 200, 0xaa),
        fetch_of(id, 1010, 304, 0x00), /* nothing was sent: the digest stays */
        fetch_of(id, 1005, 200, 0xbb), /* a late one does not turn the last fetch back */
    };
    for (size_t i = 0; i < 3; i++)
        put(fixture, &records[i]);
    fixture_mac(1, mac);
    assert_int_equal(store_phone_get(fixture->db, &fixture->arena, mac, &phone), 0);
    assert_int_equal(phone.last_fetch_at, 1010);
    assert_string_equal(phone.last_fetch_address, "192.0.2.7");
    assert_int_equal(phone.version, 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM fetch WHERE role = 'config' "
                                             "AND token_tag = 't:01234567' "
                                             "AND user_agent = 'Linphone/5.1' "
                                             "AND body_bytes = 4321"),
                     3);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM delivered"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT version FROM delivered "
                                             "WHERE file = '{mac}.xml' AND at = 1005 "
                                             "AND hex(digest) LIKE 'BBBB%'"),
                     2);
    assert_int_equal(store_change_seq(fixture->db, &after), 0);
    assert_int_equal(after, before);
}

static void test_lines_are_kept_of_a_body_that_is_new_or_another(void **state)
{
    static uint32_t FIRST[] = {0x01020304, 0xffffffff}, SECOND[] = {7};
    struct fixture *fixture = *state;
    char id[STORE_ID_TEXT_MAX];
    const struct {
        uint8_t digest;
        uint32_t *lines;
        uint32_t count;
        const char *kept; /* "NULL": none */
    } ROWS[] = {
        {1, FIRST, 2, "X'04030201FFFFFFFF'"},
        {1, SECOND, 1, "X'04030201FFFFFFFF'"}, /* unchanged: nothing is written */
        {2, SECOND, 1, "X'07000000'"},
        {3, NULL, 0, "NULL"},
        {4, FIRST, 0, "X''"}, /* an empty file */
    };

    add_phone(fixture, id);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct store_record record = fetch_of(id, 1000 + (int64_t)i, 200, ROWS[i].digest);
        char sql[128];
        record.line_digests = ROWS[i].lines;
        record.line_count = ROWS[i].count;
        put(fixture, &record);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM delivered WHERE lines IS %s",
                 ROWS[i].kept);
        assert_int_equal(fixture_number(fixture, sql), 1);
    }
}

static void test_a_delivery_is_found_by_phone_file_and_digest(void **state)
{
    struct fixture *fixture = *state;
    char id[STORE_ID_TEXT_MAX];
    uint8_t digest[VAULT_TAG_BYTES], other[VAULT_TAG_BYTES];

    add_phone(fixture, id);
    memset(digest, 1, sizeof(digest));
    memset(other, 2, sizeof(other));
    assert_int_equal(store_delivery_find(fixture->db, id, "{mac}.xml", digest), AP_ENOENT);
    struct store_record record = fetch_of(id, 1000, 200, 1);
    put(fixture, &record);
    assert_int_equal(store_delivery_find(fixture->db, id, "{mac}.xml", digest), 0);
    assert_int_equal(store_delivery_find(fixture->db, id, "{mac}.cfg", digest), AP_ENOENT);
    assert_int_equal(store_delivery_find(fixture->db, "", "{mac}.xml", digest), AP_ENOENT);
    assert_int_equal(store_delivery_find(fixture->db, id, "{mac}.xml", other), AP_ENOENT);
    record = fetch_of(id, 1001, 200, 2);
    put(fixture, &record);
    assert_int_equal(store_delivery_find(fixture->db, id, "{mac}.xml", digest), AP_ENOENT);
    assert_int_equal(store_delivery_find(fixture->db, id, "{mac}.xml", other), 0);
}

static int read_lines(struct fixture *fixture, const char *id, uint32_t **ret_lines,
                      size_t *ret_count)
{
    return store_delivery_lines(fixture->db, &fixture->arena, id, "{mac}.xml", ret_lines,
                                ret_count);
}

static void test_lines_are_read_until_another_key_takes_over(void **state)
{
    static uint32_t LINES[] = {0x01020304, 0xffffffff};
    struct fixture *fixture = *state;
    struct store_record record;
    char id[STORE_ID_TEXT_MAX];
    uint32_t *lines = NULL;
    size_t count = 0;

    add_phone(fixture, id);
    assert_int_equal(read_lines(fixture, id, &lines, &count), AP_ENOENT);
    record = fetch_of(id, 1000, 200, 1);
    put(fixture, &record);
    assert_int_equal(read_lines(fixture, id, &lines, &count), AP_ENOENT);
    record = fetch_of(id, 1001, 200, 2);
    record.line_digests = LINES;
    record.line_count = 2;
    put(fixture, &record);
    assert_int_equal(read_lines(fixture, id, &lines, &count), 0);
    assert_int_equal(count, 2);
    assert_memory_equal(lines, LINES, sizeof(LINES));
    fixture_sql(fixture, "INSERT INTO meta (name, number) VALUES ('rekey_began', 1002)");
    assert_int_equal(read_lines(fixture, id, &lines, &count), AP_ENOENT);
    record = fetch_of(id, 1002, 200, 3);
    record.line_digests = LINES;
    put(fixture, &record);
    assert_int_equal(read_lines(fixture, id, &lines, &count), 0);
    assert_int_equal(count, 0);
}

static void test_a_fetch_of_a_removed_phone_is_still_a_fetch(void **state)
{
    struct fixture *fixture = *state;
    char id[STORE_ID_TEXT_MAX];
    struct store_counts counts;

    add_phone(fixture, id);
    fixture_begin(fixture);
    assert_int_equal(store_phone_del(fixture->db, id), 0);
    fixture_commit(fixture);
    const struct store_record record = fetch_of(id, 1000, 200, 1);
    put(fixture, &record);
    assert_int_equal(store_counts(fixture->db, &counts), 0);
    assert_int_equal(counts.fetches, 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM delivered"), 0);
}

static void test_refusals_without_a_phone_are_counted_per_source_reason_and_minute(void **state)
{
    struct fixture *fixture = *state;
    const struct store_record records[] = {
        refusal_of("", "192.0.2.1", "unknown_pair", 60, 3),
        refusal_of("", "192.0.2.1", "unknown_pair", 60, 4),
        refusal_of("", "192.0.2.1", "flat_off", 60, 1),
        refusal_of("", "192.0.2.2", "unknown_pair", 60, 1),
        refusal_of("", "192.0.2.1", "unknown_pair", 120, 1),
    };
    struct store_counts counts;

    for (size_t i = 0; i < AP_COUNT(records); i++)
        put(fixture, &records[i]);
    assert_int_equal(store_counts(fixture->db, &counts), 0);
    assert_int_equal(counts.refusals, 4);
    assert_int_equal(fixture_number(fixture, "SELECT count FROM refusal "
                                             "WHERE source = '192.0.2.1' AND at = 60 "
                                             "AND reason = 'unknown_pair'"),
                     7);
}

static void test_refusals_of_a_known_phone_get_their_own_rows(void **state)
{
    struct fixture *fixture = *state;
    char id[STORE_ID_TEXT_MAX];

    add_phone(fixture, id);
    struct store_record record = refusal_of(id, "2001:db8::1", "disabled", 61, 1);
    fixture_mac(1, record.mac);
    put(fixture, &record);
    put(fixture, &record);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM refusal WHERE count = 1 "
                                             "AND mac = 'cc5ef641b701' "
                                             "AND source = '2001:db8::1'"),
                     2);
}

static void test_a_fetch_from_another_network_raises_an_alarm(void **state)
{
    struct fixture *fixture = *state;
    char id[STORE_ID_TEXT_MAX];
    static const struct {
        const char *source;
        int64_t alarms, count;
    } ROWS[] = {
        {"192.0.2.7", 0, 0},   /* the first */
        {"192.0.2.200", 0, 0}, /* the same network */
        {"198.51.100.7", 1, 1}, {"198.51.100.8", 1, 1}, {"192.0.2.7", 1, 2},
        {"2001:db8::1", 1, 3},  {"2001:db8::2", 1, 3},  {"2001:db8:0:1::1", 1, 4},
    };

    add_phone(fixture, id);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        struct store_record record = fetch_of(id, 1000 + (int64_t)i, 200, 1);
        assert_int_equal(address_parse(ROWS[i].source, &record.source), 0);
        put(fixture, &record);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM alarm WHERE kind = "
                                                 "'new_network' AND length(subject) = 12"),
                         ROWS[i].alarms);
        assert_int_equal(fixture_number(fixture, "SELECT coalesce(sum(count), 0) FROM alarm"),
                         ROWS[i].count);
    }
}

static void test_a_user_agent_that_is_no_utf_8_is_stored_as_ascii(void **state)
{
    struct fixture *fixture = *state;
    struct store_record record = fetch_of("", 1000, 200, 1);

    snprintf(record.user_agent, sizeof(record.user_agent), "Ph\xff\xfe one");
    put(fixture, &record);
    snprintf(record.user_agent, sizeof(record.user_agent), "Telef\xc3\xb3n");
    put(fixture, &record);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM fetch WHERE user_agent = 'Ph?? one'"), 1);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM fetch WHERE user_agent = 'Telef\xc3\xb3n'"),
        1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_fetch_is_kept_with_the_last_fetch_and_what_was_delivered),
        TEST(test_lines_are_kept_of_a_body_that_is_new_or_another),
        TEST(test_a_delivery_is_found_by_phone_file_and_digest),
        TEST(test_lines_are_read_until_another_key_takes_over),
        TEST(test_a_fetch_of_a_removed_phone_is_still_a_fetch),
        TEST(test_refusals_without_a_phone_are_counted_per_source_reason_and_minute),
        TEST(test_refusals_of_a_known_phone_get_their_own_rows),
        TEST(test_a_fetch_from_another_network_raises_an_alarm),
        TEST(test_a_user_agent_that_is_no_utf_8_is_stored_as_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
