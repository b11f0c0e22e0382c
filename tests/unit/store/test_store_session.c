/* Admins, the first one's token, sessions, invitations: what opens what, and until when. */
#include "fixture.h"

#include "autoprov/store_admin.h"
#include "autoprov/store_invitation.h"
#include "autoprov/store_session.h"

typedef uint8_t digest_bytes[STORE_TICKET_DIGEST_BYTES];

static void digest_of(const char *text, digest_bytes ret_digest)
{
    assert_int_equal(store_ticket_digest(text, strlen(text), ret_digest), 0);
}

static int add_admin(struct fixture *fixture, const char *name, const char *role,
                     char ret_id[static STORE_ID_TEXT_MAX])
{
    const struct store_admin admin = {
        .name = name, .role = role, .hash = "$argon2id$…", .enabled = true};

    fixture_begin(fixture);
    int err = store_admin_add(fixture->db, &admin, ret_id);
    fixture_commit(fixture);
    return err;
}

static void add_session(struct fixture *fixture, const char *admin_id, const char *text,
                        char ret_id[static STORE_ID_TEXT_MAX])
{
    const struct store_session session = {.kind = STORE_SESSION_ADMIN,
                                          .holder_id = admin_id,
                                          .ends_at = FIXTURE_NOW_S + AP_SESSION_ADMIN_S,
                                          .address = "127.0.0.1",
                                          .agent = "Browser/1"};
    digest_bytes digest;

    digest_of(text, digest);
    fixture_begin(fixture);
    assert_int_equal(store_session_add(fixture->db, &session, digest, ret_id), 0);
    fixture_commit(fixture);
}

static int find(struct fixture *fixture, const char *text, struct store_session *ret_session)
{
    digest_bytes digest;

    digest_of(text, digest);
    return store_session_find(fixture->db, &fixture->arena, digest, ret_session);
}

static void test_names_of_admins_are_unique_whatever_their_case(void **state)
{
    struct fixture *fixture = *state;
    struct store_admin admin;
    char id[STORE_ID_TEXT_MAX], other[STORE_ID_TEXT_MAX];

    assert_int_equal(add_admin(fixture, "Eva", "admin", id), 0);
    assert_int_equal(add_admin(fixture, "eVA", "viewer", other), AP_EEXIST);
    assert_int_equal(store_admin_get(fixture->db, &fixture->arena, "eva", &admin), 0);
    assert_string_equal(admin.name, "Eva");
    assert_string_equal(admin.id, id);
    assert_string_equal(admin.hash, "$argon2id$…");
    assert_int_equal(store_admin_get(fixture->db, &fixture->arena, "adam", &admin), AP_ENOENT);
}

static void test_the_setup_token_makes_one_admin_in_time(void **state)
{
    struct fixture *fixture = *state;
    digest_bytes old, good, bad;
    char id[STORE_ID_TEXT_MAX];

    digest_of("old", old);
    digest_of("good", good);
    digest_of("bad", bad);
    fixture_begin(fixture);
    assert_int_equal(store_admin_use_setup(fixture->db, good), AP_ENOENT);
    assert_int_equal(store_admin_open_setup(fixture->db, old, FIXTURE_NOW_S + 9999), 0);
    assert_int_equal(store_admin_open_setup(fixture->db, good, FIXTURE_NOW_S + 100), 0);
    assert_int_equal(store_admin_use_setup(fixture->db, bad), AP_ENOENT);
    assert_int_equal(store_admin_use_setup(fixture->db, old), AP_ENOENT); /* one at a time */
    fixture_commit(fixture);
    fixture->wall_s = FIXTURE_NOW_S + 100;
    fixture_begin(fixture);
    assert_int_equal(store_admin_use_setup(fixture->db, good), AP_ENOENT); /* too late */
    assert_int_equal(store_admin_open_setup(fixture->db, good, FIXTURE_NOW_S + 200), 0);
    assert_int_equal(store_admin_use_setup(fixture->db, good), 0);
    assert_int_equal(store_admin_use_setup(fixture->db, good), AP_ENOENT);
    fixture_commit(fixture);
    assert_int_equal(add_admin(fixture, "eva", "admin", id), 0);
    fixture_begin(fixture);
    assert_int_equal(store_admin_open_setup(fixture->db, good, FIXTURE_NOW_S + 999), AP_ECONFLICT);
    assert_int_equal(store_admin_use_setup(fixture->db, good), AP_ECONFLICT);
    fixture_commit(fixture);
}

static void test_a_session_is_found_by_its_text_and_holds_no_text(void **state)
{
    struct fixture *fixture = *state;
    struct store_session session;
    char admin_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    assert_int_equal(add_admin(fixture, "eva", "operator", admin_id), 0);
    add_session(fixture, admin_id, "one", id);
    assert_int_equal(find(fixture, "one", &session), 0);
    assert_string_equal(session.id, id);
    assert_string_equal(session.name, "eva");
    assert_string_equal(session.role, "operator");
    assert_int_equal(session.kind, STORE_SESSION_ADMIN);
    assert_int_equal(session.created_at, FIXTURE_NOW_S);
    assert_int_equal(find(fixture, "two", &session), AP_ENOENT);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM session WHERE "
                                             "instr(CAST(digest AS TEXT), 'one') > 0"),
                     0);
}

static void touch(struct fixture *fixture, const char *id)
{
    fixture_begin(fixture);
    assert_int_equal(store_session_touch(fixture->db, id), 0);
    fixture_commit(fixture);
}

static void test_an_idle_session_ends_and_a_used_one_at_its_absolute_end(void **state)
{
    struct fixture *fixture = *state;
    struct store_session session;
    char admin_id[STORE_ID_TEXT_MAX], idle[STORE_ID_TEXT_MAX], used[STORE_ID_TEXT_MAX];
    uint64_t count = 0;

    assert_int_equal(add_admin(fixture, "eva", "admin", admin_id), 0);
    add_session(fixture, admin_id, "idle", idle);
    add_session(fixture, admin_id, "used", used);
    for (int64_t at = AP_SESSION_IDLE_S - 1; at < AP_SESSION_ADMIN_S; at += AP_SESSION_IDLE_S - 1) {
        fixture->wall_s = FIXTURE_NOW_S + at;
        assert_int_equal(find(fixture, "used", &session), 0);
        assert_int_equal(find(fixture, "idle", &session), at < AP_SESSION_IDLE_S ? 0 : AP_ENOENT);
        touch(fixture, used);
    }
    touch(fixture, idle); /* nothing brings it back */
    assert_int_equal(find(fixture, "idle", &session), AP_ENOENT);
    assert_int_equal(store_session_count(fixture->db, &count), 0);
    assert_int_equal(count, 1);
    fixture->wall_s = FIXTURE_NOW_S + AP_SESSION_ADMIN_S;
    assert_int_equal(find(fixture, "used", &session), AP_ENOENT);
    fixture->wall_s = FIXTURE_NOW_S; /* a clock set back reopens nothing */
    assert_int_equal(find(fixture, "used", &session), AP_ENOENT);
}

static void test_sessions_end_one_by_one_with_others_and_with_their_admin(void **state)
{
    struct fixture *fixture = *state;
    struct store_session session, *sessions = NULL;
    char admin_id[STORE_ID_TEXT_MAX], ids[3][STORE_ID_TEXT_MAX];
    size_t count = 0;

    assert_int_equal(add_admin(fixture, "eva", "admin", admin_id), 0);
    add_session(fixture, admin_id, "0", ids[0]);
    add_session(fixture, admin_id, "1", ids[1]);
    add_session(fixture, admin_id, "2", ids[2]);
    assert_int_equal(
        store_session_list(fixture->db, &fixture->arena, admin_id, "", 9, &sessions, &count), 0);
    assert_int_equal(count, 3);
    fixture_begin(fixture);
    assert_int_equal(store_session_end(fixture->db, ids[0]), 0);
    assert_int_equal(store_session_end(fixture->db, ids[0]), AP_ENOENT);
    assert_int_equal(store_session_end_others(fixture->db, admin_id, ids[2]), 0);
    fixture_commit(fixture);
    assert_int_equal(find(fixture, "1", &session), AP_ENOENT);
    assert_int_equal(find(fixture, "2", &session), 0);
    fixture_begin(fixture);
    assert_int_equal(store_admin_del(fixture->db, admin_id), 0);
    fixture_commit(fixture);
    assert_int_equal(find(fixture, "2", &session), AP_ENOENT);
}

static void test_an_admin_who_is_off_has_no_session(void **state)
{
    struct fixture *fixture = *state;
    struct store_admin admin;
    struct store_session session;
    char admin_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    assert_int_equal(add_admin(fixture, "eva", "admin", admin_id), 0);
    add_session(fixture, admin_id, "0", id);
    assert_int_equal(store_admin_get(fixture->db, &fixture->arena, "eva", &admin), 0);
    admin.enabled = false;
    fixture_begin(fixture);
    assert_int_equal(store_admin_set(fixture->db, &admin), 0);
    fixture_commit(fixture);
    assert_int_equal(find(fixture, "0", &session), AP_ENOENT);
}

static void invite(struct fixture *fixture, const char *user_id, const char *text,
                   char ret_id[static STORE_ID_TEXT_MAX])
{
    digest_bytes digest;

    digest_of(text, digest);
    fixture_begin(fixture);
    assert_int_equal(
        store_invitation_add(fixture->db, user_id, digest, FIXTURE_NOW_S + 100, ret_id), 0);
    fixture_commit(fixture);
}

static int use(struct fixture *fixture, const char *text, struct store_invitation *ret_invitation)
{
    digest_bytes digest;

    digest_of(text, digest);
    fixture_begin(fixture);
    int err = store_invitation_use(fixture->db, &fixture->arena, digest, ret_invitation);
    fixture_commit(fixture);
    return err;
}

static void test_an_invitation_opens_once_and_in_time(void **state)
{
    struct fixture *fixture = *state;
    struct store_invitation invitation;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX], late[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    invite(fixture, user_id, "link", id);
    invite(fixture, user_id, "late", late);
    assert_int_equal(use(fixture, "other", &invitation), AP_ENOENT);
    assert_int_equal(use(fixture, "link", &invitation), 0);
    assert_string_equal(invitation.id, id);
    assert_string_equal(invitation.user_name, "alice");
    assert_int_equal(invitation.used_at, FIXTURE_NOW_S);
    assert_int_equal(use(fixture, "link", &invitation), AP_ENOENT);
    fixture->wall_s = FIXTURE_NOW_S + 100;
    assert_int_equal(use(fixture, "late", &invitation), AP_ENOENT);
}

static void test_an_invitation_adds_ten_phones_at_most(void **state)
{
    struct fixture *fixture = *state;
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], id[STORE_ID_TEXT_MAX];

    fixture_add_user(fixture, "alice", &token, user_id);
    invite(fixture, user_id, "link", id);
    fixture_begin(fixture);
    for (int i = 0; i < AP_INVITATION_PHONES_MAX; i++)
        assert_int_equal(store_invitation_add_phone(fixture->db, id), 0);
    assert_int_equal(store_invitation_add_phone(fixture->db, id), AP_ERANGE);
    assert_int_equal(store_invitation_add_phone(fixture->db, "none"), AP_ENOENT);
    fixture_commit(fixture);
}

static void test_upkeep_takes_ended_rows_away_but_not_the_invitation_of_a_session(void **state)
{
    struct fixture *fixture = *state;
    enum store_upkeep_result result = STORE_UPKEEP_NOTHING;
    struct store_session session = {.kind = STORE_SESSION_USER,
                                    .ends_at = FIXTURE_NOW_S + 1000,
                                    .address = "127.0.0.1",
                                    .agent = ""};
    struct token token;
    char user_id[STORE_ID_TEXT_MAX], unused[STORE_ID_TEXT_MAX], used[STORE_ID_TEXT_MAX];
    char id[STORE_ID_TEXT_MAX];
    digest_bytes digest;

    fixture_add_user(fixture, "alice", &token, user_id);
    invite(fixture, user_id, "unused", unused);
    invite(fixture, user_id, "used", used);
    session.holder_id = user_id;
    session.invitation_id = used;
    digest_of("s", digest);
    fixture_begin(fixture);
    assert_int_equal(store_session_add(fixture->db, &session, digest, id), 0);
    fixture_commit(fixture);
    assert_int_equal(store_session_prune(fixture->db, &result), 0);
    assert_int_equal(result, STORE_UPKEEP_NOTHING);
    fixture->wall_s = FIXTURE_NOW_S + 100;
    assert_int_equal(store_session_prune(fixture->db, &result), 0);
    assert_int_equal(result, STORE_UPKEEP_LAST);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM invitation"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM session"), 1);
    fixture->wall_s = FIXTURE_NOW_S + 1000;
    assert_int_equal(store_session_prune(fixture->db, &result), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM invitation"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM session"), 0);
}

static void test_nobody_is_invited_or_let_in_who_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    const struct store_session session = {.kind = STORE_SESSION_ADMIN,
                                          .holder_id = "00000000-0000-0000-0000-000000000000",
                                          .ends_at = FIXTURE_NOW_S + 1000,
                                          .address = "::1",
                                          .agent = ""};
    char id[STORE_ID_TEXT_MAX];
    digest_bytes digest;

    digest_of("s", digest);
    fixture_begin(fixture);
    assert_int_equal(store_session_add(fixture->db, &session, digest, id), AP_ENOENT);
    assert_int_equal(
        store_invitation_add(fixture->db, session.holder_id, digest, FIXTURE_NOW_S + 100, id),
        AP_ENOENT);
    fixture_commit(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names_of_admins_are_unique_whatever_their_case),
        TEST(test_the_setup_token_makes_one_admin_in_time),
        TEST(test_a_session_is_found_by_its_text_and_holds_no_text),
        TEST(test_an_idle_session_ends_and_a_used_one_at_its_absolute_end),
        TEST(test_sessions_end_one_by_one_with_others_and_with_their_admin),
        TEST(test_an_admin_who_is_off_has_no_session),
        TEST(test_an_invitation_opens_once_and_in_time),
        TEST(test_an_invitation_adds_ten_phones_at_most),
        TEST(test_upkeep_takes_ended_rows_away_but_not_the_invitation_of_a_session),
        TEST(test_nobody_is_invited_or_let_in_who_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
