#include "app_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/log.h"

static int64_t wall_s(void *data)
{
    return atomic_load(&((struct app_fixture *)data)->wall_s);
}

static int64_t monotonic_ms(void *data)
{
    return atomic_load(&((struct app_fixture *)data)->monotonic_ms);
}

/* Called with the log's lock held. */
static void keep_line(void *data, enum log_level level, const char *line)
{
    struct app_fixture *fixture = data;
    size_t room = sizeof(fixture->log) - fixture->log_len;
    int len = snprintf(fixture->log + fixture->log_len, room, "%s\n", line);

    (void)level;
    assert_in_range(len, 1, room - 1);
    fixture->log_len += (size_t)len;
}

int fixture_setup(void **state)
{
    struct app_fixture *fixture = calloc(1, sizeof(*fixture));
    uint8_t key[VAULT_MASTER_KEY_BYTES];
    struct secret secret = {.bytes = key, .len = sizeof(key)};

    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ap-app-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture_path(fixture, STORE_FILE_NAME, fixture->db_path);
    fixture_path(fixture, "autoprovd.conf", fixture->config_path);
    fixture->clock = (struct ap_clock){monotonic_ms, wall_s, fixture};
    atomic_store(&fixture->wall_s, FIXTURE_NOW_S);
    atomic_store(&fixture->monotonic_ms, 1000000);
    memset(key, 0x11, sizeof(key));
    assert_int_equal(vault_new(&secret, &fixture->vault), 0);
    log_init(LOG_LEVEL_INFO);
    log_set_sink(keep_line, fixture);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

int fixture_teardown(void **state)
{
    struct app_fixture *fixture = *state;

    log_set_sink(NULL, NULL);
    fixture_stop_store(fixture);
    vault_free(fixture->vault);
    assert_int_equal(nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(fixture);
    return 0;
}

void fixture_path(const struct app_fixture *fixture, const char *name,
                  char ret_path[static FIXTURE_PATH_MAX])
{
    assert_in_range(snprintf(ret_path, FIXTURE_PATH_MAX, "%s/%s", fixture->folder, name), 1,
                    FIXTURE_PATH_MAX - 1);
}

static FILE *create(const struct app_fixture *fixture, const char *name)
{
    char path[FIXTURE_PATH_MAX];

    fixture_path(fixture, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(file);
    return file;
}

void fixture_write(const struct app_fixture *fixture, const char *name, const char *text)
{
    FILE *file = create(fixture, name);

    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void fixture_make_folder(const struct app_fixture *fixture, const char *name)
{
    char path[FIXTURE_PATH_MAX];

    fixture_path(fixture, name, path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void write_certificate(const struct app_fixture *fixture)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;

    assert_true(key && name);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"localhost", -1, -1, 0),
                     1);
    X509_set_issuer_name(cert, name);
    X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *file = create(fixture, "cert.pem");
    assert_int_equal(PEM_write_X509(file, cert), 1);
    assert_int_equal(fclose(file), 0);
    file = create(fixture, "key.pem");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void write_more(const struct app_fixture *fixture, const char *more, FILE *file)
{
    const char *at;

    while ((at = strstr(more, "FOLDER"))) {
        assert_true(fprintf(file, "%.*s%s", (int)(at - more), more, fixture->folder) > 0);
        more = at + strlen("FOLDER");
    }
    assert_true(fputs(more, file) >= 0);
}

void fixture_write_config(struct app_fixture *fixture, const char *more)
{
    FILE *file;

    write_certificate(fixture);
    fixture_write_vendors(fixture);
    file = create(fixture, "autoprovd.conf");
    assert_true(fprintf(file,
                        "state_directory = '%s'\n"
                        "templates_directory = '%s/templates'\n"
                        "custom_templates_directory = '%s/custom'\n"
                        "vendors_directory = '%s/vendors'\n"
                        "custom_vendors_directory = '%s/custom-vendors'\n"
                        "listener phones {\n"
                        "    address = '127.0.0.1'\n"
                        "    public_url = 'https://pbx.example.com'\n"
                        "    certificate main {\n"
                        "        certificate_file = '%s/cert.pem'\n"
                        "        key_file = '%s/key.pem'\n"
                        "    }\n"
                        "}\n",
                        fixture->folder, fixture->folder, fixture->folder, fixture->folder,
                        fixture->folder, fixture->folder, fixture->folder) > 0);
    write_more(fixture, more, file);
    assert_int_equal(fclose(file), 0);
}

struct config *fixture_load_config(struct app_fixture *fixture)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};

    if (config_load(fixture->config_path, &config, &error) != 0)
        fail_msg("%s", error.text);
    return config;
}

void fixture_start_store(struct app_fixture *fixture)
{
    struct ap_error error = {{0}};

    assert_int_equal(store_create(fixture->db_path, fixture->vault, (uid_t)-1, (gid_t)-1, &error),
                     0);
    fixture_restart_store(fixture);
}

void fixture_restart_store(struct app_fixture *fixture)
{
    struct store_db *db = NULL;
    struct ap_error error = {{0}};

    assert_int_equal(
        store_open(fixture->db_path, STORE_WRITER, fixture->vault, &fixture->clock, &db, &error),
        0);
    assert_int_equal(store_writer_start(db, &fixture->writer), 0);
    assert_int_equal(store_open(fixture->db_path, STORE_READER, fixture->vault, &fixture->clock,
                                &fixture->reader, &error),
                     0);
}

void fixture_stop_store(struct app_fixture *fixture)
{
    store_close(fixture->reader);
    fixture->reader = NULL;
    store_writer_stop(fixture->writer);
    fixture->writer = NULL;
}

int64_t fixture_number(struct app_fixture *fixture, const char *sql)
{
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open_v2(fixture->db_path, &sqlite, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    if (sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
    return number;
}
