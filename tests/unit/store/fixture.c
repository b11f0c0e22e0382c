#include "fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t wall_s(void *data)
{
    return atomic_load(&((struct fixture *)data)->wall_s);
}

static int64_t monotonic_ms(void *data)
{
    return atomic_load(&((struct fixture *)data)->monotonic_ms);
}

struct vault *fixture_vault(uint8_t byte)
{
    uint8_t key[VAULT_MASTER_KEY_BYTES];
    struct secret secret = {.bytes = key, .len = sizeof(key)};
    struct vault *vault = NULL;

    memset(key, byte, sizeof(key));
    assert_int_equal(vault_new(&secret, &vault), 0);
    return vault;
}

int fixture_setup_folder(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ap-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/" STORE_FILE_NAME, fixture->folder);
    fixture->vault = fixture_vault(0x11);
    fixture->clock = (struct ap_clock){monotonic_ms, wall_s, fixture};
    atomic_store(&fixture->wall_s, FIXTURE_NOW_S);
    atomic_store(&fixture->monotonic_ms, 1000000);
    arena_init(&fixture->arena, 16 << 20);
    *state = fixture;
    return 0;
}

int fixture_setup(void **state)
{
    fixture_setup_folder(state);
    struct fixture *fixture = *state;
    assert_int_equal(store_create(fixture->path, fixture->vault, (uid_t)-1, (gid_t)-1, NULL), 0);
    fixture->db = fixture_open(fixture, STORE_WRITER);
    return 0;
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0)
            remove_folder(path);
    }
    closedir(dir);
    rmdir(folder);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    fixture_close(fixture);
    vault_free(fixture->vault);
    arena_done(&fixture->arena);
    remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

struct store_db *fixture_open(struct fixture *fixture, enum store_mode mode)
{
    struct store_db *db = NULL;
    int err =
        store_open(fixture->path, mode, fixture->vault, &fixture->clock, &db, &fixture->error);
    if (err)
        fail_msg("%d: %s", err, fixture->error.text);
    return db;
}

void fixture_close(struct fixture *fixture)
{
    store_close(fixture->db);
    fixture->db = NULL;
}

void fixture_begin(struct fixture *fixture)
{
    assert_int_equal(store_write_begin(fixture->db), 0);
}

void fixture_commit(struct fixture *fixture)
{
    assert_int_equal(store_write_commit(fixture->db), 0);
}

void fixture_sql(struct fixture *fixture, const char *sql)
{
    sqlite3 *sqlite = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(fixture->path, &sqlite, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

int64_t fixture_number(struct fixture *fixture, const char *sql)
{
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open_v2(fixture->path, &sqlite, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
    return number;
}

void fixture_add_user(struct fixture *fixture, const char *name, struct token *ret_token,
                      char ret_id[static STORE_ID_TEXT_MAX])
{
    const struct store_user user = {.name = name, .display_name = "A user"};
    assert_int_equal(token_make(ret_token), 0);
    fixture_begin(fixture);
    assert_int_equal(store_user_add(fixture->db, &user, ret_token, ret_id), 0);
    fixture_commit(fixture);
}

void fixture_add_account(struct fixture *fixture, const char *user_id, const char *sip_user,
                         const char *password, char ret_id[static STORE_ID_TEXT_MAX])
{
    const struct store_account account = {.user_id = user_id,
                                          .sip_user = sip_user,
                                          .domain = "sip.example.org",
                                          .auth_user = "",
                                          .display_name = "",
                                          .registrar_host = "",
                                          .transport = STORE_TRANSPORT_TLS,
                                          .outbound_proxy = "",
                                          .expires_s = 3600,
                                          .password = password};
    fixture_begin(fixture);
    assert_int_equal(store_account_add(fixture->db, &account, ret_id), 0);
    fixture_commit(fixture);
}

void fixture_mac(uint8_t last_byte, uint8_t ret_mac[static AP_MAC_LEN])
{
    const uint8_t mac[AP_MAC_LEN] = {0xcc, 0x5e, 0xf6, 0x41, 0xb7, last_byte};
    memcpy(ret_mac, mac, sizeof(mac));
}

void fixture_add_phone(struct fixture *fixture, const char *user_id, uint8_t last_byte,
                       const char *account_id, char ret_id[static STORE_ID_TEXT_MAX])
{
    struct store_line line = {.position = 1, .account = {.id = account_id}};
    struct store_phone phone = {.user_id = user_id,
                                .vendor = "generic",
                                .model = "",
                                .label = "",
                                .enabled = true,
                                .lines = &line,
                                .line_count = account_id ? 1 : 0};
    fixture_mac(last_byte, phone.mac);
    fixture_begin(fixture);
    assert_int_equal(store_phone_add(fixture->db, &phone, ret_id), 0);
    fixture_commit(fixture);
}

int fixture_by_pair(struct fixture *fixture, struct store_db *db, const struct token *token,
                    uint8_t last_byte, struct store_phone *ret_phone)
{
    struct store_phone phone;
    enum store_token_kind kind;
    uint8_t mac[AP_MAC_LEN];

    fixture_mac(last_byte, mac);
    return store_phone_by_pair(db, &fixture->arena, token, mac, ret_phone ? ret_phone : &phone,
                               &kind);
}

char *fixture_read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *data = malloc((size_t)size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)size, file), size);
    fclose(file);
    *ret_len = (size_t)size;
    return data;
}

void fixture_write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}
