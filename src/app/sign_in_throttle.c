/* Rows of tries, found by a digest of account or source. Must not know passwords or HTTP. */
#include "sign_in_throttle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/secret.h"
#include "autoprov/store_ticket.h"
#include "autoprov/text.h"

/* Of a name that is typed; what follows does not count. */
#define NAME_MAX_BYTES 256
/* 2^10 s are more than the longest wait. */
#define DOUBLINGS_MAX 10

struct row {
    uint8_t key[STORE_TICKET_DIGEST_BYTES];
    uint32_t tries; /* 0: free */
    int64_t last_ms;
    int64_t until_ms; /* no try before */
};

struct sign_in_throttle {
    struct row rows[AP_SIGN_IN_ROWS_MAX];
};

/* The two rows of a try; the first one may be missing. */
struct keys {
    uint8_t bytes[2][STORE_TICKET_DIGEST_BYTES];
    size_t count;
};

int sign_in_throttle_new(struct sign_in_throttle **ret_throttle)
{
    *ret_throttle = calloc(1, sizeof(**ret_throttle));
    return *ret_throttle ? 0 : AP_ENOMEM;
}

void sign_in_throttle_free(struct sign_in_throttle *throttle)
{
    free(throttle);
}

static int read_keys(const char *name, const struct address *source, struct keys *ret_keys)
{
    char account[NAME_MAX_BYTES] = "account ";
    char network[sizeof("source ") + sizeof(struct source_key)] = "source ";
    struct source_key key;
    size_t used = strlen(account), len = strlen(network);
    int err = 0;

    ret_keys->count = 0;
    for (; name && *name && used < sizeof(account); name++)
        account[used++] = text_lower(*name);
    if (name)
        err = store_ticket_digest(account, used, ret_keys->bytes[ret_keys->count++]);
    if (!err && source) {
        address_source_key(source, &key);
        memcpy(network + len, key.bytes, sizeof(key.bytes));
        err = store_ticket_digest(network, len + sizeof(key.bytes),
                                  ret_keys->bytes[ret_keys->count++]);
    }
    secret_wipe(account, sizeof(account)); /* people type passwords there too */
    return err;
}

static bool is_over(const struct row *row, int64_t now_ms)
{
    return row->tries == 0 ||
           (now_ms >= row->until_ms && now_ms - row->last_ms >= (int64_t)AP_SIGN_IN_KEEP_S * 1000);
}

static struct row *find_row(struct sign_in_throttle *throttle, const uint8_t *key)
{
    for (size_t i = 0; i < AP_SIGN_IN_ROWS_MAX; i++) {
        struct row *row = &throttle->rows[i];
        /* A digest of what everybody may know: who is told how long this takes learns nothing. */
        if (row->tries > 0 && memcmp(row->key, key, sizeof(row->key)) == 0)
            return row;
    }
    return NULL;
}

/* A row that is over, else the one with the fewest tries, the oldest of them. */
static struct row *take_row(struct sign_in_throttle *throttle, const uint8_t *key, int64_t now_ms)
{
    struct row *taken = &throttle->rows[0];

    for (size_t i = 0; i < AP_SIGN_IN_ROWS_MAX && !is_over(taken, now_ms); i++) {
        struct row *row = &throttle->rows[i];
        if (is_over(row, now_ms) || row->tries < taken->tries ||
            (row->tries == taken->tries && row->last_ms < taken->last_ms))
            taken = row;
    }
    *taken = (struct row){.tries = 0};
    memcpy(taken->key, key, sizeof(taken->key));
    return taken;
}

static uint32_t count_try(struct sign_in_throttle *throttle, const uint8_t *key, int64_t now_ms)
{
    struct row *row = find_row(throttle, key);

    if (!row || is_over(row, now_ms))
        row = row ? row : take_row(throttle, key, now_ms);
    if (is_over(row, now_ms))
        row->tries = 0;
    if (row->tries < UINT32_MAX)
        row->tries++;
    row->last_ms = now_ms;
    row->until_ms = now_ms;
    if (row->tries > AP_SIGN_IN_FREE) {
        uint32_t doublings = row->tries - AP_SIGN_IN_FREE;
        int64_t wait_s = doublings < DOUBLINGS_MAX ? INT64_C(1) << doublings : AP_SIGN_IN_WAIT_S;
        row->until_ms += (wait_s < AP_SIGN_IN_WAIT_S ? wait_s : AP_SIGN_IN_WAIT_S) * 1000;
    }
    return row->tries;
}

int sign_in_throttle_begin(struct sign_in_throttle *throttle, const char *name,
                           const struct address *source, int64_t now_ms, uint32_t *ret_wait_s,
                           uint32_t *ret_tries)
{
    struct keys keys;
    int64_t wait_ms = 0;
    int err = read_keys(name, source, &keys);

    if (err)
        return err;
    for (size_t i = 0; i < keys.count; i++) {
        const struct row *row = find_row(throttle, keys.bytes[i]);
        if (row && row->until_ms - now_ms > wait_ms)
            wait_ms = row->until_ms - now_ms;
    }
    if (wait_ms > 0) {
        *ret_wait_s = (uint32_t)((wait_ms + 999) / 1000);
        return AP_EBUSY;
    }
    *ret_tries = 0;
    for (size_t i = 0; i < keys.count; i++) {
        uint32_t tries = count_try(throttle, keys.bytes[i], now_ms);
        *ret_tries = tries > *ret_tries ? tries : *ret_tries;
    }
    return 0;
}

void sign_in_throttle_right(struct sign_in_throttle *throttle, const char *name,
                            const struct address *source)
{
    struct keys keys;

    if (read_keys(name, source, &keys) != 0)
        return; /* then it stays counted, which harms nobody for long */
    struct row *account = name ? find_row(throttle, keys.bytes[0]) : NULL;
    if (account)
        account->tries = 0;
    struct row *network = source ? find_row(throttle, keys.bytes[keys.count - 1]) : NULL;
    if (network) {
        network->tries--;
        network->until_ms = network->last_ms;
    }
}
