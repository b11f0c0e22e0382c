#include "resync_fixture.h"

#include "autoprov/api.h"
#include "resync_private.h"

static void keep(char *out, size_t room, const char *text)
{
    assert_in_range(snprintf(out, room, "%s", text ? text : ""), 0, room - 1);
}

static int notify(void *data, const struct sip_notice *notice)
{
    struct resync_fixture *rig = data;

    if (rig->notify_err)
        return rig->notify_err;
    assert_true(rig->notice_count < RESYNC_NOTICES_MAX);
    struct resync_notice *kept = &rig->notices[rig->notice_count++];
    address_format(&notice->to.address, kept->host);
    kept->port = notice->to.port;
    kept->data = notice->data;
#define KEEP(field) keep(kept->field, sizeof(kept->field), notice->field)
    KEEP(request_uri);
    KEEP(from);
    KEEP(to_header);
    KEEP(event);
    KEEP(subscription_state);
    KEEP(content_type);
    KEEP(body);
    KEEP(user);
    KEEP(password);
#undef KEEP
    return 0;
}

static struct snapshot *snapshot(void *data)
{
    return *((struct resync_fixture *)data)->snapshot;
}

static void wake(void *data)
{
    ((struct resync_fixture *)data)->wakes++;
}

static int start(void *data, struct api_job *job)
{
    struct resync_fixture *rig = data;

    rig->jobs++;
    job->run(job);
    job->done(job);
    return 0;
}

static int open_reader(void *data, struct store_db **ret_reader)
{
    struct app_fixture *fixture = ((struct resync_fixture *)data)->fixture;
    struct ap_error error = {{0}};

    return store_open(fixture->db_path, STORE_READER, fixture->vault, &fixture->clock, ret_reader,
                      &error);
}

void resync_fixture_open(struct resync_fixture *rig, struct app_fixture *fixture, uv_loop_t *loop,
                         struct mailbox *mailbox, struct snapshot **where)
{
    *rig = (struct resync_fixture){
        .fixture = fixture, .loop = loop, .mailbox = mailbox, .snapshot = where};
    rig->notices = calloc(RESYNC_NOTICES_MAX, sizeof(*rig->notices));
    assert_non_null(rig->notices);
    const struct resync_setup setup = {.reader = fixture->reader,
                                       .writer = fixture->writer,
                                       .mailbox = mailbox,
                                       .clock = &fixture->clock,
                                       .data = rig,
                                       .snapshot = snapshot,
                                       .notify = notify,
                                       .wake = wake,
                                       .start = start,
                                       .open_reader = open_reader};
    assert_int_equal(resync_new(&setup, &rig->resync), 0);
}

void resync_fixture_close(struct resync_fixture *rig)
{
    resync_free(rig->resync);
    free(rig->notices);
}

/* The pause between two commits is over; not that after one that failed. */
static void skip_pause(struct resync *resync)
{
    if (!resync->is_write_failing)
        resync->write_again_ms = 0;
}

void resync_fixture_tick(struct resync_fixture *rig, int64_t later_ms)
{
    skip_pause(rig->resync);
    rig->fixture->monotonic_ms += later_ms;
    rig->fixture->wall_s = FIXTURE_NOW_S + (rig->fixture->monotonic_ms - 1000000) / 1000;
    rig->next_ms = resync_tick(rig->resync, rig->fixture->monotonic_ms);
    while (rig->resync->batch.is_busy) {
        assert_true(uv_run(rig->loop, UV_RUN_ONCE) != 0);
        skip_pause(rig->resync);
        (void)resync_write(rig->resync, rig->fixture->monotonic_ms);
    }
}

void resync_fixture_answer(struct resync_fixture *rig, enum sip_outcome outcome, int status)
{
    for (; rig->answered < rig->notice_count; rig->answered++)
        resync_done(rig->resync, rig->notices[rig->answered].data, outcome, status);
}
