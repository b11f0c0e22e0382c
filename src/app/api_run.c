/* A call that is admitted: on which thread it runs, and when it is answered. */
#include "api_private.h"

static void switched(void *data, int err, const char *line)
{
    struct api_call *call = data;

    if (err) {
        /* A certificate that is not there is no missing path of this API. */
        bool is_later = err == AP_EBUSY || err == AP_ENOMEM;
        call->err = api_problem(call, is_later ? err : AP_EINVAL, NULL, "%s", line);
    }
    api_call_answer(call);
}

static void reload_switched(void *data, int err, const char *line)
{
    struct api_call *call = data;
    struct snapshot *snapshot = call->api->daemon.snapshot(call->api->daemon.data);

    if (!err)
        call->err =
            api_result(call, 200,
                       json_pack("{s:I, s:s}", "generation", (json_int_t)snapshot->generation,
                                 "config", snapshot->config->path));
    switched(call, err, line);
}

static void answer_committed(struct mailbox_message *message)
{
    struct api_call *call =
        (struct api_call *)((char *)message - offsetof(struct api_call, message));
    const struct api_daemon *daemon = &call->api->daemon;

    if (!call->err && call->route->after)
        call->err = call->route->after(call);
    if (!call->err && call->route->kind == API_OPTIONS)
        daemon->reload(daemon->data, API_PART_OPTIONS, switched, call);
    else if (!call->err && call->route->kind == API_TEMPLATES)
        daemon->reload(daemon->data, API_PART_TEMPLATES, switched, call);
    else
        api_call_answer(call);
}

static int run_route(struct api_call *call, struct store_db *db)
{
    int err = api_scope_check(call, db);

    if (!err)
        err = api_check_if_match(call, db);
    return err ? err : call->route->run(call, db);
}

static int run_write(struct store_write *write, struct store_db *db)
{
    struct api_call *call = (struct api_call *)((char *)write - offsetof(struct api_call, write));

    int err = api_identify_again(call, db);
    return err ? err : run_route(call, db);
}

static void write_done(struct store_write *write, int err)
{
    struct api_call *call = (struct api_call *)((char *)write - offsetof(struct api_call, write));

    call->err = err;
    mailbox_post(call->api->mailbox, &call->message);
}

static void run_job(struct api_job *job)
{
    struct api_call *call = (struct api_call *)((char *)job - offsetof(struct api_call, job));

    call->err = call->is_looking ? call->route->look(call, call->job_reader)
                                 : run_route(call, call->job_reader);
}

void api_run_write(struct api_call *call)
{
    call->write.run = run_write;
    call->write.done = write_done;
    call->message.run = answer_committed;
    int err = store_writer_submit(call->api->writer, &call->write);
    if (err) {
        /* Only then: an accepted call is the writer's, and may be answered already. */
        call->err = err;
        api_call_answer(call);
    }
}

static void job_done(struct api_job *job)
{
    struct api_call *call = (struct api_call *)((char *)job - offsetof(struct api_call, job));

    store_close(call->job_reader);
    if (!call->err && call->is_looking)
        api_run_write(call);
    else
        api_call_answer(call);
}

static void start_job(struct api_call *call)
{
    const struct api_daemon *daemon = &call->api->daemon;
    int err = daemon->open_reader(daemon->data, &call->job_reader);

    call->job.run = run_job;
    call->job.done = job_done;
    if (!err)
        err = daemon->start(daemon->data, &call->job);
    if (err) {
        store_close(call->job_reader);
        call->err = err;
        api_call_answer(call);
    }
}

void api_run(struct api_call *call)
{
    struct api *api = call->api;
    int err = call->route->before ? call->route->before(call) : 0;

    if (err) {
        call->err = err;
        api_call_answer(call);
        return;
    }
    call->is_looking = call->route->look != NULL;
    if (call->is_looking || (call->route->is_long && call->route->is_long(call))) {
        start_job(call);
        return;
    }
    switch (call->route->kind) {
    case API_READ:
    case API_UPLOAD:
        call->err = run_route(call, api->reader);
        api_call_answer(call);
        return;
    case API_LATER:
        call->err = run_route(call, api->reader);
        if (call->err || !call->is_kept)
            api_call_answer(call);
        return;
    case API_RELOAD:
        api->daemon.reload(api->daemon.data, API_PART_ALL, reload_switched, call);
        return;
    case API_JOB:
        start_job(call);
        return;
    case API_WRITE:
    case API_OPTIONS:
    case API_TEMPLATES:
        api_run_write(call);
        return;
    case API_PASSWORD:
        api_password_start(call);
        return;
    }
}
