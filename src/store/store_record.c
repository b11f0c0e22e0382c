/* Droppable records: fetches with what was delivered, and refusals, counted or of a known phone.
 *
 * No change_seq: nobody's configuration changes. Must not know the queue they came through. */
#include <stdio.h>

#include "autoprov/store_alarm.h"
#include "autoprov/text.h"

#include "store_password.h"
#include "store_private.h"

static const char *null_if_empty(const char *text)
{
    return text[0] ? text : NULL;
}

/* A phone's word: what is no UTF-8 (perhaps because it was cut) would break whoever prints it. */
static void clean_text(char *text)
{
    if (text_is_utf8(text, strlen(text)))
        return;
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80)
            *text = '?';
    }
}

static int insert_fetch(struct store_db *db, const struct store_record *record, const char *source)
{
    struct store_query query;
    char user_agent[sizeof(record->user_agent)];

    memcpy(user_agent, record->user_agent, sizeof(user_agent));
    clean_text(user_agent);
    store_query_begin(&query, db,
                      "INSERT INTO fetch (at, phone_id, source, role, token_tag, user_agent, "
                      "status, body_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    store_query_bind_number(&query, record->at);
    store_query_bind_text(&query, null_if_empty(record->phone_id));
    store_query_bind_text(&query, source);
    store_query_bind_text(&query, record->role);
    store_query_bind_text(&query, record->token_tag);
    store_query_bind_text(&query, user_agent);
    store_query_bind_number(&query, record->status);
    store_query_bind_number(&query, record->body_bytes);
    return store_query_run(&query);
}

/* A phone that fetches from another network than last time has moved, or somebody else has its URL.
 */
static int compare_network(struct store_db *db, const struct store_record *record)
{
    char before[AP_ADDRESS_TEXT_MAX] = "", mac[AP_MAC_TEXT_MAX] = "";
    char network[AP_ADDRESS_TEXT_MAX], detail[STORE_ALARM_DETAIL_MAX];
    struct store_query query;
    struct address address;

    store_query_begin(
        &query, db, "SELECT mac, last_fetch_address FROM phone WHERE id = ? AND last_fetch_at > 0");
    store_query_bind_text(&query, record->phone_id);
    int err = store_query_step(&query);
    if (!err) {
        store_query_copy_text(&query, mac, sizeof(mac));
        store_query_copy_text(&query, before, sizeof(before));
    }
    err = store_query_end(&query, err);
    if (err)
        return err == AP_ENOENT ? 0 : err;
    network_around(&record->source, network);
    if (address_parse(before, &address) != 0 || network_text_contains(network, &address))
        return 0;
    (void)snprintf(detail, sizeof(detail), "fetched from %s, last time from %s", network, before);
    return store_alarm_raise(db, STORE_ALARM_NEW_NETWORK, mac, detail);
}

/* version stays: an admin's If-Match must not fail because the phone fetched. */
static int update_last_fetch(struct store_db *db, const struct store_record *record,
                             const char *source)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET last_fetch_at = ?2, last_fetch_address = ?3 "
                      "WHERE id = ?1 AND last_fetch_at <= ?2");
    store_query_bind_text(&query, record->phone_id);
    store_query_bind_number(&query, record->at);
    store_query_bind_text(&query, source);
    return store_query_run(&query);
}

/* The lowest byte first, whatever machine the file is carried to. No digests: NULL. */
static void bind_lines(struct store_query *query, const struct store_record *record,
                       uint8_t room[static 4 * AP_BODY_LINES_MAX])
{
    for (size_t i = 0; i < record->line_count; i++) {
        for (unsigned byte = 0; byte < 4; byte++)
            room[4 * i + byte] = (uint8_t)(record->line_digests[i] >> (8 * byte));
    }
    store_query_bind_blob(query, record->line_digests ? room : NULL, 4 * record->line_count);
}

/* at is when the phone first got this body. The phone may have been removed since. */
static int put_delivered(struct store_db *db, const struct store_record *record)
{
    uint8_t lines[4 * AP_BODY_LINES_MAX];
    struct store_query query;

    store_query_begin(&query, db,
                      "INSERT INTO delivered (phone_id, file, digest, at, lines) "
                      "SELECT id, ?2, ?3, ?4, ?5 FROM phone WHERE id = ?1 "
                      "ON CONFLICT (phone_id, file) "
                      "DO UPDATE SET digest = ?3, at = ?4, lines = ?5, version = version + 1");
    store_query_bind_text(&query, record->phone_id);
    store_query_bind_text(&query, record->file);
    store_query_bind_blob(&query, record->body_digest, sizeof(record->body_digest));
    store_query_bind_number(&query, record->at);
    bind_lines(&query, record, lines);
    return store_query_run(&query);
}

static int write_fetch(struct store_db *db, const struct store_record *record, const char *source)
{
    int err = insert_fetch(db, record, source);
    if (err || !record->phone_id[0])
        return err;
    err = compare_network(db, record);
    if (!err)
        err = update_last_fetch(db, record, source);
    if (!err)
        err = store_password_forget(db, record->phone_id);
    if (err || record->status != 200 || !record->file[0])
        return err;
    /* Most fetches bring a phone what it has. */
    err = store_delivery_find(db, record->phone_id, record->file, record->body_digest);
    return err == AP_ENOENT ? put_delivered(db, record) : err;
}

/* Without a known phone one row stands for all refusals of a source, reason and minute; its MAC
 * and role are those of the newest. */
static int write_refusal(struct store_db *db, const struct store_record *record, const char *source)
{
    static const uint8_t no_mac[AP_MAC_LEN];
    struct store_query query;
    char mac[AP_MAC_TEXT_MAX] = "";

    store_query_begin(&query, db,
                      "INSERT INTO refusal (at, phone_id, source, reason, role, token_tag, count, "
                      "mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                      "ON CONFLICT (source, reason, at) WHERE phone_id IS NULL "
                      "DO UPDATE SET count = count + excluded.count, mac = excluded.mac, "
                      "role = excluded.role, token_tag = excluded.token_tag, "
                      "version = version + 1");
    store_query_bind_number(&query, record->at);
    store_query_bind_text(&query, null_if_empty(record->phone_id));
    store_query_bind_text(&query, source);
    store_query_bind_text(&query, record->reason);
    store_query_bind_text(&query, record->role);
    store_query_bind_text(&query, record->token_tag);
    store_query_bind_number(&query, record->count);
    if (memcmp(record->mac, no_mac, sizeof(no_mac)) == 0)
        store_query_bind_text(&query, mac);
    else
        store_query_bind_mac(&query, record->mac, mac);
    return store_query_run(&query);
}

int store_record_write(struct store_db *db, const struct store_record *record)
{
    char source[AP_ADDRESS_TEXT_MAX];

    address_format(&record->source, source);
    if (record->kind == STORE_RECORD_FETCH)
        return write_fetch(db, record, source);
    return write_refusal(db, record, source);
}
