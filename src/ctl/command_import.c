/* import: the file goes to the daemon in pieces, which looks at all of it before it writes any. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl_private.h"

#define PIECE_BYTES ((size_t)512 * 1024)
#define POLL_NS     100000000L
#define BAR_WIDTH   30
#define PERCENTS    100

/* Set by Ctrl-C and looked at between calls. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    /* Cannot fail with these signals; without them the daemon drops the import by itself. */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* -- progress ---------------------------------------------------------------------------------- */

struct progress {
    bool is_terminal;
    struct timespec start;
    int shown; /* percent: of the last line */
};

static double seconds_since(const struct timespec *start)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists */
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void show_bar(int percent, double rate, double left)
{
    char bar[BAR_WIDTH + 1];

    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(percent * BAR_WIDTH / PERCENTS));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3d %%  %.1f MB/s  %.0f s left ", bar, percent, rate, left);
    (void)fflush(stderr); /* the next one tries again */
}

static void clear_bar(const struct progress *progress)
{
    if (progress->is_terminal)
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 48, "");
}

static void show(struct progress *progress, const json_t *report)
{
    double read = (double)json_integer_value(json_object_get(report, "read"));
    double total = (double)json_integer_value(json_object_get(report, "total"));
    double seconds = seconds_since(&progress->start);
    int percent = total > 0 ? (int)(read * PERCENTS / total) : PERCENTS;
    double rate = seconds > 0 ? read / seconds : 0;
    double left = rate > 0 ? (total - read) / rate : 0;

    if (progress->is_terminal) {
        show_bar(percent, rate / 1e6, left);
        return;
    }
    /* Those that went by since the last look are left out. */
    if (percent / 10 > progress->shown / 10)
        fprintf(stderr, "autoprovctl: %d %%, %.1f MB/s, %.0f s left\n", percent / 10 * 10,
                rate / 1e6, left);
    progress->shown = percent;
}

/* -- the daemon's import ----------------------------------------------------------------------- */

struct job {
    struct ctl_args args; /* with the socket's path in it */
    char socket[CTL_SOCKET_PATH_MAX];
    char *path; /* "/imports/ID" */
    const char *file;
    struct progress progress;
};

/* path of the job and more: freed by the caller. */
static char *path_of(const struct job *job, const char *more)
{
    char *path = NULL;

    return asprintf(&path, "%s%s", job->path, more) < 0 ? NULL : path;
}

static int begin(struct job *job)
{
    json_t *report = NULL;
    int code = ctl_call(&job->args, "POST", "/imports", json_object(), &report);
    const char *id = json_string_value(json_object_get(report, "id"));

    if (code == CTL_OK) {
        job->path = id ? ctl_path("/imports/{}", id) : NULL;
        if (!job->path)
            code = ctl_fail(CTL_FAILED, "out of memory");
    }
    json_decref(report);
    return code;
}

static int send_piece(const struct job *job, unsigned number, const char *data, size_t len)
{
    char more[32];
    json_t *report = NULL;

    (void)snprintf(more, sizeof(more), "/chunks/%u", number); /* 19 bytes at most */
    char *path = path_of(job, more);
    int code = path ? ctl_call_csv(&job->args, "PUT", path, data, len, &report)
                    : ctl_fail(CTL_FAILED, "out of memory");
    json_decref(report);
    free(path);
    return code;
}

static int send_file(const struct job *job, FILE *file)
{
    char *data = malloc(PIECE_BYTES);
    int code = data ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");
    size_t len = PIECE_BYTES;

    for (unsigned number = 0; code == CTL_OK && len == PIECE_BYTES && !interrupted; number++) {
        errno = 0;
        len = fread(data, 1, PIECE_BYTES, file);
        if (ferror(file) && !interrupted)
            code = ctl_fail(CTL_FAILED, "%s: cannot be read: %s", job->file, strerror(errno));
        else if (len > 0)
            code = send_piece(job, number, data, len);
    }
    if (data)
        secret_wipe(data, PIECE_BYTES);
    free(data);
    return code;
}

static int apply(const struct job *job)
{
    json_t *body = json_pack("{s:b, s:b}", "update", ctl_arg(&job->args, "update") != NULL,
                             "dry_run", ctl_arg(&job->args, "dry-run") != NULL);
    json_t *report = NULL;
    char *path = path_of(job, "/apply");
    int code = body && path ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        code = ctl_call(&job->args, "POST", path, body, &report);
    else
        json_decref(body);
    json_decref(report);
    free(path);
    return code;
}

static bool has_state(const json_t *report, const char *state)
{
    const char *is = json_string_value(json_object_get(report, "state"));

    return is && strcmp(is, state) == 0;
}

/* Until it has ended; *ret_report is its last word. */
static int wait_for_end(struct job *job, json_t **ret_report)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    json_t *report = NULL, *answer = NULL;
    bool told = false;
    int code = CTL_OK;

    do {
        json_decref(report);
        report = NULL;
        if (interrupted && !told) {
            code = ctl_call(&job->args, "DELETE", job->path, NULL, &answer);
            told = has_state(answer, "running");
            json_decref(answer);
            if (code != CTL_OK || !told)
                return code;
        }
        (void)nanosleep(&pause, NULL); /* cut short asks sooner */
        code = ctl_call(&job->args, "GET", job->path, NULL, &report);
        if (code == CTL_OK && !told)
            show(&job->progress, report);
    } while (code == CTL_OK && has_state(report, "running"));
    clear_bar(&job->progress);
    *ret_report = report;
    return code;
}

/* -- what came of it --------------------------------------------------------------------------- */

static void print_problem(const char *file, const json_t *problem)
{
    fprintf(stderr, "%s:%lld: %s: %s\n", file,
            (long long)json_integer_value(json_object_get(problem, "line")),
            json_string_value(json_object_get(problem, "column")),
            json_string_value(json_object_get(problem, "reason")));
}

static int print_problems(const struct job *job, json_int_t count)
{
    char *path = path_of(job, "/problems");
    json_t *items = NULL;
    const json_t *problem;
    size_t i;
    int code =
        path ? ctl_call_list(&job->args, path, &items) : ctl_fail(CTL_FAILED, "out of memory");

    json_array_foreach(items, i, problem)
    {
        print_problem(job->file, problem);
    }
    json_decref(items);
    free(path);
    if (code != CTL_OK)
        return code;
    return ctl_fail(CTL_INVALID, "%s: %lld problem%s; nothing was imported", job->file,
                    (long long)count, count == 1 ? "" : "s");
}

static void print_tally(const json_t *report, const char *what, bool dry_run)
{
    const json_t *tally = json_object_get(report, what);

    printf("%-9s %s%lld added, %lld changed, %lld unchanged\n", what, dry_run ? "would be " : "",
           (long long)json_integer_value(json_object_get(tally, "added")),
           (long long)json_integer_value(json_object_get(tally, "changed")),
           (long long)json_integer_value(json_object_get(tally, "unchanged")));
}

static int print_report(const struct job *job, json_t *report)
{
    json_int_t problems = json_integer_value(json_object_get(report, "problems"));
    const char *error = json_string_value(json_object_get(report, "error"));
    bool dry_run = json_is_true(json_object_get(report, "dry_run"));

    if (problems > 0)
        return print_problems(job, problems);
    if (!has_state(report, "done"))
        return ctl_fail(CTL_FAILED, "%s: %s; nothing was imported", job->file,
                        error && error[0] ? error : "it was cancelled");
    int code = dry_run ? ctl_import_changes(&job->args, job->path, report) : CTL_OK;
    if (code != CTL_OK)
        return code;
    if (job->args.json) {
        ctl_print_json(report);
        return CTL_OK;
    }
    print_tally(report, "users", dry_run);
    print_tally(report, "accounts", dry_run);
    print_tally(report, "phones", dry_run);
    return CTL_OK;
}

/* The daemon would drop it by itself a minute later. */
static void forget(const struct job *job)
{
    json_t *report = NULL;

    (void)ctl_call(&job->args, "DELETE", job->path, NULL, &report);
    json_decref(report);
}

static int run(struct job *job, FILE *file)
{
    json_t *report = NULL;
    int code = begin(job);

    if (code != CTL_OK)
        return code;
    code = send_file(job, file);
    (void)clock_gettime(CLOCK_MONOTONIC, &job->progress.start); /* cannot fail: it exists */
    if (code == CTL_OK && !interrupted)
        code = apply(job);
    if (code == CTL_OK)
        code = wait_for_end(job, &report);
    if (code == CTL_OK && report)
        code = print_report(job, report);
    else if (code == CTL_OK)
        code = ctl_fail(CTL_FAILED, "interrupted; nothing was imported");
    json_decref(report);
    if (code != CTL_UNREACHABLE && !(interrupted && !report))
        forget(job);
    free(job->path);
    return code;
}

int ctl_import(const struct ctl_args *args)
{
    const char *name = args->positionals[0];
    bool is_stdin = strcmp(name, "-") == 0;
    struct job job = {.args = *args, .file = name};
    FILE *file;
    int code = ctl_find_socket(args, job.socket, sizeof(job.socket));

    if (code != CTL_OK)
        return code;
    job.args.socket_path = job.socket;
    job.progress.is_terminal = isatty(STDERR_FILENO) == 1;
    file = is_stdin ? stdin : fopen(name, "rbe");
    if (!file)
        return ctl_fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILED, "%s: %s", name,
                        strerror(errno));
    catch_interrupt();
    code = run(&job, file);
    if (!is_stdin)
        (void)fclose(file); /* only read */
    return code;
}
