/* The audit log: a chain of rows, each linked to the one before under K_audit.
 *
 * The end of the chain is kept sealed in meta (audit_head: number of rows, last link), so that
 * rows cut off at the end are noticed too. Must not know what the actions mean. */
#include <stdio.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#include "store_private.h"

/* actor, action, object, detail at their largest, id, numbers and lengths. */
#define ROW_MAX_BYTES 8192

static const struct vault_place head_place = {"meta", "audit_head", "value"};

struct chain_end {
    int64_t seq;
    uint8_t link[VAULT_TAG_BYTES];
};
#define HEAD_BYTES (8 + VAULT_TAG_BYTES)

/* Of read_entry(). */
#define AUDIT_COLUMNS "seq, id, at, actor, action, object, detail"

static void put_number(uint8_t out[static 8], int64_t number)
{
    uint64_t bits = (uint64_t)number;
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(bits >> (56 - 8 * i));
}

static int append_number(struct buf *row, int64_t number)
{
    uint8_t bytes[8];
    put_number(bytes, number);
    return buf_append(row, bytes, sizeof(bytes));
}

/* Each text after its length: no two rows give the same bytes. */
static int append_text(struct buf *row, const char *text)
{
    size_t len = strlen(text);
    int err = append_number(row, (int64_t)len);
    return err ? err : buf_append(row, text, len);
}

/* key: NULL, or that of a row which an earlier master key has linked. */
static int link_row(struct store_db *db, const uint8_t *key, const struct chain_end *previous,
                    const struct store_audit *entry, uint8_t ret_link[static VAULT_TAG_BYTES])
{
    const char *const texts[] = {entry->id, entry->actor, entry->action, entry->object,
                                 entry->detail};
    struct buf row;

    buf_init(&row, ROW_MAX_BYTES);
    int err = append_number(&row, entry->row);
    if (!err)
        err = append_number(&row, entry->at);
    for (size_t i = 0; i < AP_COUNT(texts) && !err; i++)
        err = append_text(&row, texts[i]);
    if (!err)
        err = key ? vault_audit_link_by(key, previous->link, row.data, row.len, ret_link)
                  : vault_audit_link(db->vault, previous->link, row.data, row.len, ret_link);
    buf_done(&row);
    return err == AP_ERANGE ? AP_EINVAL : err;
}

static int read_head(struct store_db *db, struct arena *arena, struct chain_end *ret_head)
{
    struct store_query query;
    struct chain_end head = {0};
    size_t len = 0;

    store_query_begin(&query, db, "SELECT value FROM meta WHERE name = 'audit_head'");
    int err = store_query_step(&query);
    if (err) {
        err = store_query_end(&query, err);
        if (err == AP_ENOENT) {
            *ret_head = head; /* no entry yet */
            return 0;
        }
        return err;
    }
    const uint8_t *plain =
        (const uint8_t *)store_query_column_sealed(&query, &head_place, arena, &len);
    err = store_query_end(&query, 0);
    if (err)
        return err;
    if (len != HEAD_BYTES)
        return AP_ECORRUPT;
    for (size_t i = 0; i < 8; i++)
        head.seq = (int64_t)((uint64_t)head.seq << 8 | plain[i]);
    memcpy(head.link, plain + 8, sizeof(head.link));
    *ret_head = head;
    return 0;
}

static int write_head(struct store_db *db, const struct chain_end *head)
{
    uint8_t plain[HEAD_BYTES];
    uint8_t sealed[HEAD_BYTES + VAULT_SEAL_OVERHEAD];
    struct store_query query;

    put_number(plain, head->seq);
    memcpy(plain + 8, head->link, sizeof(head->link));
    int err = vault_seal(db->vault, &head_place, plain, sizeof(plain), sealed);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "INSERT INTO meta (name, value) VALUES ('audit_head', ?1) "
                      "ON CONFLICT (name) DO UPDATE SET value = ?1, version = version + 1");
    store_query_bind_blob(&query, sealed, sizeof(sealed));
    return store_query_run(&query);
}

static int insert_row(struct store_db *db, const struct chain_end *end,
                      const struct store_audit *entry)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO audit (seq, id, at, actor, action, object, detail, link) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_number(&query, end->seq);
    store_query_bind_text(&query, entry->id);
    store_query_bind_number(&query, entry->at);
    store_query_bind_text(&query, entry->actor);
    store_query_bind_text(&query, entry->action);
    store_query_bind_text(&query, entry->object);
    store_query_bind_text(&query, entry->detail);
    store_query_bind_blob(&query, end->link, sizeof(end->link));
    return store_query_run(&query);
}

/* -- keys of earlier rows ---------------------------------------------------------------------- */

/* K_audit of an earlier master key, for the rows up to until. A secret. */
struct retired_key {
    int64_t until;
    uint8_t key[VAULT_AUDIT_KEY_BYTES];
};
/* Some thousand rotations. */
#define RETIRED_MAX_BYTES 262144
/* "audit_until_", 19 digits, NUL: as texts in the order of the numbers. */
#define RETIRED_NAME_MAX 32

static void read_retired_key(struct store_query *query, struct arena *arena, void *item)
{
    struct retired_key *retired = item;
    size_t len = 0;

    const char *name = store_query_column_text(query, arena);
    retired->until = store_query_column_number(query);
    const struct vault_place place = {"meta", name ? name : "", "value"};
    const char *key = store_query_column_sealed(query, &place, arena, &len);
    if (!query->err && len != sizeof(retired->key))
        query->err = AP_ECORRUPT;
    if (!query->err)
        memcpy(retired->key, key, len);
}

static int read_retired(struct store_db *db, struct arena *arena, struct store_rows *ret_rows)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT name, number, value FROM meta "
                      "WHERE name > 'audit_until_' AND name < 'audit_until_~' ORDER BY name");
    return store_query_rows(&query, arena, sizeof(struct retired_key), read_retired_key, ret_rows);
}

static int put_retired(struct store_db *db, const struct retired_key *retired)
{
    char name[RETIRED_NAME_MAX];
    const struct vault_place place = {"meta", name, "value"};
    uint8_t sealed[VAULT_AUDIT_KEY_BYTES + VAULT_SEAL_OVERHEAD];
    struct store_query query;

    snprintf(name, sizeof(name), "audit_until_%019lld", (long long)retired->until);
    int err = vault_seal(db->vault, &place, retired->key, sizeof(retired->key), sealed);
    if (err)
        return err;
    store_query_begin(&query, db,
                      "INSERT INTO meta (name, number, value) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT (name) DO UPDATE SET value = ?3, version = version + 1");
    store_query_bind_text(&query, name);
    store_query_bind_number(&query, retired->until);
    store_query_bind_blob(&query, sealed, sizeof(sealed));
    return store_query_run(&query);
}

static int rekey(struct store_db *db, struct arena *arena)
{
    struct store_rows rows = {.items = NULL};
    struct chain_end head;

    int err = read_retired(db, arena, &rows);
    const struct retired_key *keys = rows.items;
    for (size_t i = 0; i < rows.count && !err; i++)
        err = put_retired(db, &keys[i]);
    if (!err)
        err = read_head(db, arena, &head);
    if (err || head.seq == 0)
        return err;
    struct retired_key retired = {.until = head.seq};
    vault_old_audit_key(db->vault, retired.key);
    err = put_retired(db, &retired);
    secret_wipe(&retired, sizeof(retired));
    return err ? err : write_head(db, &head);
}

int store_audit_rekey(struct store_db *db)
{
    struct arena arena;

    arena_init(&arena, RETIRED_MAX_BYTES);
    int err = rekey(db, &arena);
    arena_done(&arena);
    return err;
}

/* -- rows -------------------------------------------------------------------------------------- */

static int add_entry(struct store_db *db, struct store_audit *entry)
{
    struct arena arena;
    struct chain_end head, end;

    arena_init(&arena, 4096);
    int err = read_head(db, &arena, &head);
    if (!err) {
        end.seq = head.seq + 1;
        entry->row = end.seq;
        err = link_row(db, NULL, &head, entry, end.link);
    }
    if (!err)
        err = insert_row(db, &end, entry);
    if (!err)
        err = write_head(db, &end);
    arena_done(&arena);
    return err;
}

int store_audit_add(struct store_db *db, const struct store_audit *entry)
{
    char id[STORE_ID_TEXT_MAX];
    struct store_audit row = *entry;

    int err = store_change_begin(db);
    if (err)
        return err;
    store_change_make_id(id);
    row.id = id;
    row.at = clock_wall_s(db->clock);
    return store_change_end(db, add_entry(db, &row));
}

static void read_entry(struct store_query *query, struct arena *arena,
                       struct store_audit *ret_entry)
{
    ret_entry->row = store_query_column_number(query);
    ret_entry->id = store_query_column_text(query, arena);
    ret_entry->at = store_query_column_number(query);
    ret_entry->actor = store_query_column_text(query, arena);
    ret_entry->action = store_query_column_text(query, arena);
    ret_entry->object = store_query_column_text(query, arena);
    ret_entry->detail = store_query_column_text(query, arena);
}

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    read_entry(query, arena, item);
}

int store_audit_list(struct store_db *db, struct arena *arena, int64_t before, uint32_t limit,
                     struct store_audit **ret_entries, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < ?1 "
                      "ORDER BY seq DESC LIMIT ?2");
    store_query_bind_number(&query, before > 0 ? before : INT64_MAX);
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_audit), read_row, &rows);
    if (err)
        return err;
    *ret_entries = rows.items;
    *ret_count = rows.count;
    return 0;
}

struct walk {
    struct store_db *db;
    struct arena *arena;
    struct chain_end end; /* of the rows that were walked */
    uint64_t rows;
    void (*found)(void *data, const char *line);
    void *data;
    struct arena retired_arena;
    struct store_rows retired; /* struct retired_key, the earliest rows' first */
};

static void report_missing(struct walk *walk, int64_t first, int64_t last)
{
    char line[96];

    if (first == last)
        snprintf(line, sizeof(line), "audit row %lld is missing", (long long)first);
    else
        snprintf(line, sizeof(line), "audit rows %lld to %lld are missing", (long long)first,
                 (long long)last);
    walk->found(walk->data, line);
}

/* NULL: of the vault. */
static const uint8_t *key_of(const struct walk *walk, int64_t row)
{
    const struct retired_key *keys = walk->retired.items;

    for (size_t i = 0; i < walk->retired.count; i++) {
        if (row <= keys[i].until)
            return keys[i].key;
    }
    return NULL;
}

/* Behind a gap a row cannot be told from a changed one: its link is made of what is missing. */
static int verify_row(struct walk *walk, struct store_query *query)
{
    struct store_audit entry = {0};
    uint8_t link[VAULT_TAG_BYTES];
    char line[96];
    size_t len;

    read_entry(query, walk->arena, &entry);
    const uint8_t *stored = store_query_column_blob(query, &len);
    if (query->err)
        return query->err;
    int err = link_row(walk->db, key_of(walk, entry.row), &walk->end, &entry, link);
    if (err)
        return err;
    bool is_whole = stored && len == sizeof(link);
    if (entry.row > walk->end.seq + 1) {
        report_missing(walk, walk->end.seq + 1, entry.row - 1);
    } else if (entry.row <= walk->end.seq || !is_whole || memcmp(stored, link, len) != 0) {
        snprintf(line, sizeof(line), "audit row %lld was changed", (long long)entry.row);
        walk->found(walk->data, line);
    }
    if (entry.row > walk->end.seq)
        walk->end.seq = entry.row;
    /* Go on from what is stored: one changed row is one finding. */
    if (is_whole)
        memcpy(walk->end.link, stored, sizeof(link));
    walk->rows++;
    return 0;
}

static int verify_end(struct walk *walk)
{
    struct chain_end head = {0};
    char line[128];

    int err = read_head(walk->db, walk->arena, &head);
    if (err == AP_ECRYPTO || err == AP_ECORRUPT) {
        walk->found(walk->data, "the sealed end of the audit chain does not open");
        return 0;
    }
    if (err)
        return err;
    if (head.seq > walk->end.seq) {
        report_missing(walk, walk->end.seq + 1, head.seq);
    } else if (head.seq < walk->end.seq ||
               memcmp(head.link, walk->end.link, sizeof(head.link)) != 0) {
        snprintf(line, sizeof(line),
                 "the sealed end of the audit chain names row %lld and another link: rows or the "
                 "end were replaced",
                 (long long)head.seq);
        walk->found(walk->data, line);
    }
    return 0;
}

static int walk_rows(struct walk *walk)
{
    struct store_query query;
    int err;

    store_query_begin(&query, walk->db, "SELECT " AUDIT_COLUMNS ", link FROM audit ORDER BY seq");
    while ((err = store_query_step(&query)) == 0 && (err = verify_row(walk, &query)) == 0)
        arena_reset(walk->arena);
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    return err ? err : verify_end(walk);
}

int store_audit_verify(struct store_db *db, struct arena *arena,
                       void (*found)(void *data, const char *line), void *data, uint64_t *ret_rows)
{
    struct walk walk = {.db = db, .arena = arena, .found = found, .data = data};
    bool opened = false;

    int err = store_read_join(db, &opened);
    if (err)
        return err;
    arena_init(&walk.retired_arena, RETIRED_MAX_BYTES);
    err = read_retired(db, &walk.retired_arena, &walk.retired);
    if (err == AP_ECRYPTO || err == AP_ECORRUPT) {
        found(data, "a sealed key of earlier audit rows does not open");
        err = 0;
    }
    if (!err)
        err = walk_rows(&walk);
    arena_done(&walk.retired_arena);
    store_read_leave(db, opened);
    if (!err)
        *ret_rows = walk.rows;
    return err;
}
