/* notifier: takes the daemon's orders one by one and lets a program of the admin's tell the phone
 * through the PBX. Runs as whoever may talk to the PBX, apart from the daemon, which executes
 * nothing. Never a shell. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "autoprov/array.h"
#include "ctl_private.h"
#include "words.h"

/* Half of the time after which the daemon gives an order once more. */
#define RUN_MAX_MS 30000
/* How long the daemon may keep the call when there is nothing. */
#define WAIT_S 25

/* Set by SIGTERM and Ctrl-C. While nothing is in hand the handler itself ends the process: libcurl
 * begins an interrupted wait anew. */
static volatile sig_atomic_t interrupted, idle;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
    if (idle)
        _exit(CTL_OK);
}

static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    /* Cannot fail with these signals. */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* Members of an order; all but the URL may stand in the command line. */
static const struct {
    const char *member, *variable;
    bool secret;
} MEMBERS[] = {
    {"mac", "AUTOPROV_MAC", false},           {"user", "AUTOPROV_USER", false},
    {"sip_user", "AUTOPROV_SIP_USER", false}, {"domain", "AUTOPROV_DOMAIN", false},
    {"contact", "AUTOPROV_CONTACT", false},   {"event", "AUTOPROV_EVENT", false},
    {"kind", "AUTOPROV_KIND", false},         {"url", "AUTOPROV_URL", true},
};
#define MEMBER_COUNT AP_COUNT(MEMBERS)

/* -- one run ----------------------------------------------------------------------------------- */

/* In the child: nothing but execve(2) and what is safe behind fork(2). Returns only on failure. */
static void become(char *const *words)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)setpgid(0, 0); /* so that its children can be ended with it */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        return;
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    (void)execve(words[0], words, environ);
}

/* Its exit status; -1: it did not end in time, or by a signal. */
static int wait_for(pid_t child)
{
    struct pollfd ended = {.fd = pidfd_open(child, 0), .events = POLLIN};
    struct timespec start = {0}, now = {0};
    int status = 0, left_ms = RUN_MAX_MS, got = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &start); /* cannot fail: the clock exists */
    while (ended.fd >= 0 && left_ms > 0 && (got = poll(&ended, 1, left_ms)) < 0 && errno == EINTR) {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        left_ms = RUN_MAX_MS - (int)((now.tv_sec - start.tv_sec) * 1000 +
                                     (now.tv_nsec - start.tv_nsec) / 1000000);
    }
    if (got != 1)
        (void)kill(-child, SIGKILL);
    if (got != 1)
        (void)kill(child, SIGKILL); /* before it was a group of its own */
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (ended.fd >= 0)
        (void)close(ended.fd); /* only watched */
    return got == 1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_words(const struct words *words)
{
    pid_t child;

    (void)fflush(stdout); /* or the child's copy is written twice */
    child = fork();
    if (child == 0) {
        become(words->words);
        _exit(127);
    }
    return child < 0 ? -1 : wait_for(child);
}

/* -- one order --------------------------------------------------------------------------------- */

static const char *text_of(const json_t *item, const char *member)
{
    const char *text = json_string_value(json_object_get(item, member));

    return text ? text : "";
}

/* Into the environment of the next child. Errors: AP_EINVAL one is not plain; AP_ENOMEM. */
static int take_values(const json_t *item, struct words_value values[static MEMBER_COUNT + 1])
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const char *text = text_of(item, MEMBERS[i].member);
        if (!MEMBERS[i].secret && !words_value_is_plain(text))
            return AP_EINVAL;
        values[i] = (struct words_value){MEMBERS[i].member, MEMBERS[i].secret ? NULL : text};
        if (setenv(MEMBERS[i].variable, text, 1) != 0)
            return AP_ENOMEM;
    }
    values[MEMBER_COUNT] = (struct words_value){NULL, NULL};
    return 0;
}

static int report(const struct ctl_args *args, const json_t *item, const char *outcome, int status)
{
    char path[64];
    json_t *answer = NULL;

    (void)snprintf(path, sizeof(path), "/notifications/%lld", /* 35 bytes at most */
                   (long long)json_integer_value(json_object_get(item, "id")));
    int code = ctl_call(args, "POST", path,
                        json_pack("{s:s, s:i}", "outcome", outcome, "status", status), &answer);
    json_decref(answer);
    return code == CTL_NOT_FOUND ? CTL_OK : code; /* it was given up: the next one may be in time */
}

static int handle(const struct ctl_args *args, const struct words *command, const json_t *item)
{
    struct words_value values[MEMBER_COUNT + 1];
    struct words filled;
    struct ap_error error = {{0}};
    int status = -1;
    int err = take_values(item, values);

    if (err)
        ap_error_write(&error, "a value is no plain text");
    else
        err = words_fill(command, values, &filled, &error);
    if (err)
        (void)ctl_fail(CTL_INVALID, "phone %s: %s; it is not told", text_of(item, "mac"),
                       error.text);
    else
        status = run_words(&filled);
    (void)unsetenv("AUTOPROV_URL");
    const char *outcome = status == 0 ? "accepted" : status > 0 ? "refused" : "failed";
    printf("mac=%s kind=%s outcome=%s status=%d\n", text_of(item, "mac"), text_of(item, "kind"),
           outcome, status > 0 ? status : 0);
    (void)fflush(stdout); /* whoever reads it waits for each line */
    return report(args, item, outcome, status > 0 ? status : 0);
}

static int serve(const struct ctl_args *args, const struct words *command)
{
    bool told = false;
    int code = CTL_OK;

    while (code == CTL_OK && !interrupted) {
        json_t *answer = NULL;
        json_t *item;
        size_t i;
        idle = 1;
        /* A signal before this line ended the loop, or ends the process. */
        code = interrupted ? CTL_OK
                           : ctl_call(args, "POST", "/notifications/take",
                                      json_pack("{s:i, s:i}", "limit", 1, "wait", WAIT_S), &answer);
        idle = 0;
        if (code == CTL_OK && !told && json_is_false(json_object_get(answer, "enabled"))) {
            (void)ctl_fail(CTL_OK, "warning: the daemon's notifier is not 'external': it gives "
                                   "nothing away");
            told = true;
        }
        json_array_foreach(json_object_get(answer, "items"), i, item)
        {
            if (code == CTL_OK)
                code = handle(args, command, item);
        }
        json_decref(answer);
    }
    return code;
}

/* With nothing in the places, so that a mistake is told at once. */
static int check_command(const struct words *command)
{
    struct words_value values[MEMBER_COUNT + 1] = {{NULL, NULL}};
    struct words filled;
    struct ap_error error;

    for (size_t i = 0; i < MEMBER_COUNT; i++)
        values[i] = (struct words_value){MEMBERS[i].member, MEMBERS[i].secret ? NULL : ""};
    if (words_fill(command, values, &filled, &error) != 0)
        return ctl_fail(CTL_USAGE, "--exec: %s", error.text);
    if (filled.words[0][0] != '/')
        return ctl_fail(CTL_USAGE, "--exec: the program is named by its absolute path");
    if (access(filled.words[0], X_OK) != 0)
        return ctl_fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_NOT_PERMITTED, "--exec: %s: %s",
                        filled.words[0], strerror(errno));
    return CTL_OK;
}

int ctl_notifier(const struct ctl_args *given)
{
    const char *line = ctl_arg(given, "exec");
    struct ctl_args args = *given; /* the socket is looked for once */
    char socket[CTL_SOCKET_PATH_MAX];
    struct words command;
    struct ap_error error;
    int code;

    if (!line)
        return ctl_fail(CTL_USAGE, "--exec is missing: what tells a phone (man autoprovctl)");
    if (words_split(line, &command, &error) != 0)
        return ctl_fail(CTL_USAGE, "--exec: %s", error.text);
    code = check_command(&command);
    if (code == CTL_OK)
        code = ctl_find_socket(given, socket, sizeof(socket));
    if (code != CTL_OK)
        return code;
    args.socket_path = socket;
    catch_interrupt();
    return serve(&args, &command);
}
