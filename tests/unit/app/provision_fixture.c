#include "provision_fixture.h"

#include <sqlite3.h>

#define GRACE_S 3600

/* -- the network floor ------------------------------------------------------------------------- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

bool http_exchange_is_gone(const struct http_exchange *exchange)
{
    (void)exchange;
    return false;
}

void http_exchange_answer(struct http_exchange *exchange, struct http_answer *answer)
{
    exchange->answers++;
    exchange->status = answer->status;
    exchange->when = answer->when;
    (void)snprintf(exchange->content_type, sizeof(exchange->content_type), "%s",
                   answer->content_type ? answer->content_type : "");
    (void)snprintf(exchange->etag, sizeof(exchange->etag), "%s", answer->etag);
    (void)snprintf(exchange->body, sizeof(exchange->body), "%s",
                   answer->body.data ? answer->body.data : "");
    for (size_t i = 0; i < 2; i++)
        (void)snprintf(exchange->authenticate[i], HTTP_CHALLENGE_MAX, "%s",
                       answer->authenticate[i] ? answer->authenticate[i] : "");
    buf_done(&answer->body);
    arena_done(&exchange->arena);
}

/* -- the rest ---------------------------------------------------------------------------------- */

struct add_write {
    struct store_write write;
    int err;
};

/* alice has two Acme A1 with the account 1001 on the first; her token was changed a moment ago. */
static int add_all(struct store_write *write, struct store_db *db)
{
    const struct store_user user = {.name = "alice", .display_name = ""};
    struct store_phone phone = {.mac = {0x00, 0x15, 0x65, 0, 0, 1},
                                .vendor = "acme",
                                .model = "A1",
                                .label = "",
                                .enabled = true};
    struct store_line line = {.position = 1,
                              .account = {.sip_user = "1001",
                                          .domain = "pbx.example.com",
                                          .auth_user = "",
                                          .display_name = "Alice",
                                          .registrar_host = "",
                                          .outbound_proxy = "",
                                          .expires_s = 3600,
                                          .password = PASSWORD}};
    char user_id[STORE_ID_TEXT_MAX], phone_id[STORE_ID_TEXT_MAX], account_id[STORE_ID_TEXT_MAX];
    struct token token;

    (void)write;
    int err = token_parse(OLD_TOKEN, strlen(OLD_TOKEN), &token);
    if (!err)
        err = store_user_add(db, &user, &token, user_id);
    phone.user_id = line.account.user_id = user_id;
    if (!err)
        err = store_account_add(db, &line.account, account_id);
    line.account.id = account_id;
    phone.lines = &line;
    phone.line_count = 1;
    if (!err)
        err = store_phone_add(db, &phone, phone_id);
    phone.mac[5] = 2;
    phone.line_count = 0;
    phone.access.auth = (struct store_auth){.required = true, .password = HTTP_PASSWORD};
    if (!err)
        err = store_phone_add(db, &phone, phone_id);
    if (!err)
        err = token_parse(NEW_TOKEN, strlen(NEW_TOKEN), &token);
    return err ? err : store_token_rotate(db, user_id, &token, FIXTURE_NOW_S + GRACE_S);
}

static void note(struct store_write *write, int err)
{
    ((struct add_write *)write)->err = err;
}

struct snapshot *load(struct app_fixture *app, uint32_t generation)
{
    static const char OPTIONS[] = "{\"disable_auto_provision_security\": true}";
    struct snapshot *snapshot = NULL;
    struct ap_error error = {{0}};

    if (snapshot_new(fixture_load_config(app), &(struct snapshot_stored){.options = OPTIONS},
                     FIXTURE_NOW_S, generation, &snapshot, &error))
        fail_msg("%s", error.text);
    return snapshot;
}

/* The first phone's mark is that of the second, and there can be one only. (The store lets no
 * trigger run.) */
static void freeze_phones(const struct app_fixture *app)
{
    static const char SQL[] = "UPDATE phone SET seen_generation = (SELECT max(generation) FROM "
                              "token) WHERE mac = '001565000002';"
                              "CREATE UNIQUE INDEX frozen ON phone(seen_generation)";
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(app->db_path, &db), SQLITE_OK);
    if (sqlite3_exec(db, SQL, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int open_with(void **state, const char *config, bool frozen)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct add_write add = {.write = {.run = add_all, .done = note}, .err = -1000};
    void *app = NULL;

    assert_non_null(worker);
    fixture_setup(&app);
    worker->app = app;
    fixture_write_config(worker->app, config);
    fixture_start_store(worker->app);
    assert_int_equal(store_writer_submit(worker->app->writer, &add.write), 0);
    fixture_stop_store(worker->app);
    assert_int_equal(add.err, 0);
    if (frozen)
        freeze_phones(worker->app);
    fixture_restart_store(worker->app);
    assert_int_equal(uv_loop_init(&worker->loop), 0);
    assert_int_equal(mailbox_open(&worker->loop, &worker->mailbox), 0);
    assert_int_equal(alarms_new(worker->app->writer, &worker->app->clock, &worker->alarms), 0);
    assert_int_equal(fetch_log_new(worker->app->writer, worker->alarms, &worker->log), 0);
    assert_int_equal(penalty_table_new(&worker->penalties), 0);
    assert_int_equal(auth_table_new(&worker->auths), 0);
    worker->snapshot = load(worker->app, 1);
    const struct provision_setup setup = {
        .snapshot = worker->snapshot,
        .reader = worker->app->reader,
        .writer = worker->app->writer,
        .mailbox = worker->mailbox,
        .log = worker->log,
        .alarms = worker->alarms,
        .penalties = worker->penalties,
        .auths = worker->auths,
        .clock = &worker->app->clock,
    };
    assert_int_equal(provision_new(&setup, &worker->provision), 0);
    assert_int_equal(address_parse("192.0.2.7", &worker->peer), 0);
    *state = worker;
    return 0;
}

int close_worker(void **state)
{
    struct worker *worker = *state;
    void *app = worker->app;

    /* A test that failed may have left it closed. */
    if (worker->gate.write.run)
        assert_int_equal(sem_post(&worker->gate.open), 0);
    provision_free(worker->provision);
    penalty_table_free(worker->penalties);
    auth_table_free(worker->auths);
    snapshot_unref(worker->snapshot);
    mailbox_close(worker->mailbox);
    assert_int_equal(uv_run(&worker->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&worker->loop), 0);
    fetch_log_close(worker->log);
    fixture_stop_store(worker->app);
    fetch_log_free(worker->log);
    alarms_free(worker->alarms);
    free(worker);
    return fixture_teardown(&app);
}

void ask_as(struct worker *worker, const struct question *question, struct http_exchange *exchange)
{
    *exchange = (struct http_exchange){
        .request = {.profile = GATE_PHONE,
                    .method = question->head ? GATE_HEAD : GATE_GET,
                    .path = question->path,
                    .path_len = strlen(question->path),
                    .query = "",
                    .user_agent = "",
                    .if_none_match = question->if_none_match ? question->if_none_match : "",
                    .if_match = "",
                    .content_type = "",
                    .authorization = question->authorization ? question->authorization : "",
                    .target = question->path,
                    .listener = question->listener,
                    .peer = &exchange->peer}};
    exchange->peer = worker->peer;
    if (question->from)
        assert_int_equal(address_parse(question->from, &exchange->peer), 0);
    arena_init(&exchange->arena, AP_REQUEST_ARENA_MAX_BYTES);
    provision_handle(worker->provision, exchange);
}

void ask(struct worker *worker, const char *path, struct http_exchange *exchange)
{
    ask_as(worker, &(struct question){.path = path}, exchange);
}

void wait_for(struct worker *worker, const struct http_exchange *exchange)
{
    while (exchange->answers == 0)
        (void)uv_run(&worker->loop, UV_RUN_ONCE);
    assert_int_equal(exchange->answers, 1);
}

int fetch(struct worker *worker, const struct question *question, struct http_exchange *exchange)
{
    ask_as(worker, question, exchange);
    wait_for(worker, exchange);
    return exchange->status;
}

void pass(struct worker *worker, int64_t seconds)
{
    atomic_fetch_add(&worker->app->wall_s, seconds);
    atomic_fetch_add(&worker->app->monotonic_ms, 1000 * seconds);
}

static int run_gate(struct store_write *write, struct store_db *db)
{
    (void)db;
    while (sem_wait(&((struct gate *)write)->open) != 0)
        ; /* a signal */
    return 0;
}

static void gate_done(struct store_write *write, int err)
{
    assert_int_equal(err, 0);
    assert_int_equal(sem_post(&((struct gate *)write)->passed), 0);
}

void close_gate(struct worker *worker)
{
    worker->gate.write = (struct store_write){.run = run_gate, .done = gate_done};
    assert_int_equal(sem_init(&worker->gate.open, 0, 0), 0);
    assert_int_equal(sem_init(&worker->gate.passed, 0, 0), 0);
    assert_int_equal(store_writer_submit(worker->app->writer, &worker->gate.write), 0);
}

void open_gate(struct worker *worker)
{
    assert_int_equal(sem_post(&worker->gate.open), 0);
    while (sem_wait(&worker->gate.passed) != 0)
        ; /* a signal */
}

/* *ret_alarms: of the arena. */
static size_t list_alarms(struct worker *worker, struct arena *arena,
                          struct store_alarm **ret_alarms)
{
    size_t count = 0;

    /* What was raised before is in the database then. */
    close_gate(worker);
    open_gate(worker);
    arena_init(arena, AP_REQUEST_ARENA_MAX_BYTES);
    assert_int_equal(store_alarm_list(worker->app->reader, arena, true, 0, 10, ret_alarms, &count),
                     0);
    return count;
}

size_t open_alarms(struct worker *worker, enum store_alarm_kind kind)
{
    struct store_alarm *alarms = NULL;
    struct arena arena;
    size_t count = list_alarms(worker, &arena, &alarms), found = 0;

    for (size_t i = 0; i < count; i++)
        found += alarms[i].kind == kind;
    arena_done(&arena);
    return found;
}

uint64_t repeats(struct worker *worker)
{
    struct store_alarm *alarms = NULL;
    struct arena arena;
    size_t count = list_alarms(worker, &arena, &alarms);
    uint64_t times = 0;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(alarms[i].kind, STORE_ALARM_BOOTSTRAP_REPEATED);
        assert_string_equal(alarms[i].subject, "001565000001");
        times += alarms[i].count;
    }
    arena_done(&arena);
    return times;
}
