/* The list of who asked, before it reaches the store: a row a phone and second, however often it
 * asks. Must not know who is answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pnp_private.h"

#define FIRST_ROOM    16
#define PRUNE_TIME_MS INT64_C(3600000)

/* -- rows that gather -------------------------------------------------------------------------- */

/* Text of a stranger: cut; what is not printable ASCII becomes '?'. */
static void copy_text(char *out, size_t room, const char *text)
{
    size_t len = 0;

    for (; text && text[len] && len < room - 1; len++)
        out[len] = text[len] >= ' ' && text[len] <= '~' ? text[len] : '?';
    out[len] = '\0';
}

static bool make_room(struct pnp *pnp)
{
    size_t room = pnp->row_room > 0 ? 2 * pnp->row_room : FIRST_ROOM;

    if (pnp->row_count < pnp->row_room)
        return true;
    if (pnp->row_count >= AP_PNP_PENDING_MAX)
        return false;
    if (room > AP_PNP_PENDING_MAX)
        room = AP_PNP_PENDING_MAX;
    struct pnp_row *rows = reallocarray(pnp->rows, room, sizeof(*rows));
    if (!rows)
        return false;
    pnp->rows = rows;
    pnp->row_room = room;
    return true;
}

/* The phone's row, or a new one. NULL: there are too many; that is counted. */
static struct pnp_row *row_of(struct pnp *pnp, const uint8_t mac[static AP_MAC_LEN])
{
    for (size_t i = 0; i < pnp->row_count; i++) {
        if (memcmp(pnp->rows[i].mac, mac, AP_MAC_LEN) == 0)
            return &pnp->rows[i];
    }
    if (!make_room(pnp)) {
        pnp->stats.dropped_rows++;
        return NULL;
    }
    struct pnp_row *row = &pnp->rows[pnp->row_count++];
    *row = (struct pnp_row){.count = 0};
    memcpy(row->mac, mac, AP_MAC_LEN);
    return row;
}

void pnp_list_asked(struct pnp *pnp, const struct sip_pnp_request *request, const char *interface)
{
    struct pnp_row *row = row_of(pnp, request->mac);
    int64_t now = clock_wall_s(pnp->setup.clock);

    if (!row)
        return;
    copy_text(row->vendor, sizeof(row->vendor), request->vendor);
    copy_text(row->model, sizeof(row->model), request->model);
    copy_text(row->firmware, sizeof(row->firmware), request->version);
    copy_text(row->user_agent, sizeof(row->user_agent), request->user_agent);
    copy_text(row->contact, sizeof(row->contact), request->contact);
    copy_text(row->interface, sizeof(row->interface), interface);
    address_format(&request->from.address, row->source);
    row->first_at = row->count > 0 ? row->first_at : now;
    row->last_at = now;
    row->count++;
}

void pnp_list_told(struct pnp *pnp, const uint8_t mac[static AP_MAC_LEN], enum sip_outcome outcome)
{
    struct pnp_row *row = row_of(pnp, mac);

    if (!row)
        return;
    row->told_at = clock_wall_s(pnp->setup.clock);
    row->outcome = outcome;
}

/* -- to the writer ----------------------------------------------------------------------------- */

static int note(struct store_db *db, const struct pnp_row *from)
{
    struct store_pnp row = {
        .vendor = from->vendor,
        .model = from->model,
        .firmware = from->firmware,
        .user_agent = from->user_agent,
        .contact = from->contact,
        .source = from->source,
        .interface = from->interface,
        .first_at = from->first_at,
        .last_at = from->last_at,
        .count = from->count,
        .told_at = from->told_at,
        .outcome = from->told_at > 0 ? pnp_outcome_name(from->outcome) : "",
    };

    memcpy(row.mac, from->mac, sizeof(row.mac));
    return store_pnp_note(db, &row);
}

static int run_batch(struct store_write *write, struct store_db *db)
{
    const struct pnp_batch *batch = (struct pnp_batch *)write;
    int err = 0;

    for (size_t i = 0; !err && i < batch->count; i++)
        err = note(db, &batch->rows[i]);
    return err ? err : store_pnp_prune(db);
}

static void free_batch(struct pnp_batch *batch)
{
    free(batch->rows);
    free(batch);
}

static void batch_back(struct mailbox_message *message)
{
    struct pnp_batch *batch =
        (struct pnp_batch *)((char *)message - offsetof(struct pnp_batch, message));

    if (batch->pnp) {
        batch->pnp->batch = NULL;
        /* The writer's figures tell why. */
        batch->pnp->stats.dropped_rows += batch->err ? batch->count : 0;
    }
    free_batch(batch);
}

static void batch_done(struct store_write *write, int err)
{
    struct pnp_batch *batch = (struct pnp_batch *)write;

    batch->err = err;
    mailbox_post(batch->mailbox, &batch->message);
}

/* When it cannot be handed over, the rows wait for the next call. */
static void submit(struct pnp *pnp)
{
    struct pnp_batch *batch = calloc(1, sizeof(*batch));

    if (!batch)
        return;
    batch->write.run = run_batch;
    batch->write.done = batch_done;
    batch->message.run = batch_back;
    batch->mailbox = pnp->setup.mailbox;
    batch->pnp = pnp;
    batch->rows = pnp->rows;
    batch->count = pnp->row_count;
    if (store_writer_submit(pnp->setup.writer, &batch->write) != 0) {
        free(batch);
        return;
    }
    pnp->batch = batch;
    pnp->rows = NULL;
    pnp->row_count = 0;
    pnp->row_room = 0;
    pnp->pruned_ms = clock_monotonic_ms(pnp->setup.clock);
}

void pnp_list_tick(struct pnp *pnp)
{
    bool is_old = clock_monotonic_ms(pnp->setup.clock) - pnp->pruned_ms >= PRUNE_TIME_MS;

    if (!pnp->batch && (pnp->row_count > 0 || is_old))
        submit(pnp);
}

void pnp_list_close(struct pnp *pnp)
{
    for (int i = 0; i < 2; i++) { /* the one under way, and the last one */
        if (pnp->batch)
            pnp->batch->pnp = NULL;
        pnp->batch = NULL;
        if (pnp->row_count > 0)
            submit(pnp);
    }
    free(pnp->rows); /* the writer took them not */
    pnp->rows = NULL;
}
