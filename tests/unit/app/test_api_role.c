/* Who may use the control socket. Needs root: a child takes other identities. Skipped otherwise. */
#include "api_client.h"

#include <grp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "autoprov/array.h"

#define OWN_UID   12001
#define GROUP_GID 12002
#define OTHER     12003

static struct api_server server;

static void open_for(void **state, gid_t group_gid)
{
    fixture_setup(state);
    api_server_open(&server, *state, "", OWN_UID, group_gid);
    /* The mode lets everybody in, so that what refuses is the API itself. */
    assert_int_equal(chmod(((struct app_fixture *)*state)->folder, 0711), 0);
    assert_int_equal(chmod(server.socket_path, 0666), 0);
}

static int open_server(void **state)
{
    open_for(state, GROUP_GID);
    return 0;
}

static int open_server_without_group(void **state)
{
    open_for(state, (gid_t)-1);
    return 0;
}

static int close_server(void **state)
{
    api_server_close(&server);
    return fixture_teardown(state);
}

struct identity {
    uid_t uid;
    gid_t gid;
    gid_t more_groups[2];
    size_t more_count;
};

/* In the child. An exit code has no room for a status: 0 for 2xx, 1 for 403, more for the rest. */
static int ask_as(const struct identity *identity, const char *request)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char answer[4096] = "";
    size_t len = 0;

    memcpy(name.sun_path, server.socket_path, strlen(server.socket_path));
    if (setgroups(identity->more_count, identity->more_groups) != 0 ||
        setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) != 0)
        return 3;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
        send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        return 4;
    for (ssize_t got; len < 12; len += (size_t)got) {
        got = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
        if (got <= 0)
            return 5;
    }
    if (strncmp(answer, "HTTP/1.1 2", 10) == 0)
        return 0;
    return strncmp(answer, "HTTP/1.1 403", 12) == 0 ? 1 : 2;
}

struct child {
    pid_t pid;
    int status;
};

static bool has_ended(void *data)
{
    struct child *child = data;

    return waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

static void check(const struct identity *identity, const char *request, int expected)
{
    struct child child = {.pid = fork()};

    assert_true(child.pid >= 0);
    if (child.pid == 0)
        _exit(ask_as(identity, request));
    api_run_until(&server, has_ended, &child);
    assert_true(WIFEXITED(child.status));
    assert_int_equal(WEXITSTATUS(child.status), expected);
}

static const char *const REQUESTS[] = {
    "GET /api/v1/status HTTP/1.1\r\n\r\n",
    "GET /api/v1/users HTTP/1.1\r\n\r\n",
    "POST /api/v1/reload HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "GET /api/v1/options HTTP/1.1\r\n\r\n",
    "GET /api/v1/sites HTTP/1.1\r\n\r\n",
    "GET /api/v1/settings HTTP/1.1\r\n\r\n",
    "GET /api/v1/vendors HTTP/1.1\r\n\r\n",
    "GET /api/v1/models HTTP/1.1\r\n\r\n",
    "GET /api/v1/stale-phones HTTP/1.1\r\n\r\n",
    "GET /api/v1/refusals HTTP/1.1\r\n\r\n",
    "GET /api/v1/fetches HTTP/1.1\r\n\r\n",
    "GET /api/v1/pnp HTTP/1.1\r\n\r\n",
    "GET /api/v1/audit HTTP/1.1\r\n\r\n",
    "GET /api/v1/audit/verify HTTP/1.1\r\n\r\n",
    ("POST /api/v1/explain HTTP/1.1\r\nContent-Type: application/json\r\n"
     "Content-Length: 13\r\n\r\n{\"url\": \"/x\"}"),
};

/* What only strangers are asked with: nothing of it is there. */
static const char *const MORE_REQUESTS[] = {
    "DELETE /api/v1/users/alice HTTP/1.1\r\n\r\n",
    ("POST /api/v1/users HTTP/1.1\r\nContent-Type: application/json\r\n"
     "Content-Length: 17\r\n\r\n{\"name\": \"mal\"}  "),
    "PATCH /api/v1/users/alice HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "POST /api/v1/sites HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "GET /api/v1/sites/hq HTTP/1.1\r\n\r\n",
    "PATCH /api/v1/sites/hq HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "DELETE /api/v1/sites/hq HTTP/1.1\r\n\r\n",
    "PUT /api/v1/settings HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "DELETE /api/v1/settings?scope=global&name=srtp HTTP/1.1\r\n\r\n",
    "GET /api/v1/users/alice/keys HTTP/1.1\r\n\r\n",
    "POST /api/v1/users/alice/keys HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "PUT /api/v1/users/alice/keys/1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "DELETE /api/v1/users/alice/keys/1 HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/url HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/settings HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/files HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/preview HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/difference HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/preview/secrets HTTP/1.1\r\n\r\n",
    "GET /api/v1/phones/cc5ef641b794/keys HTTP/1.1\r\n\r\n",
    "POST /api/v1/phones/cc5ef641b794/keys HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "PUT /api/v1/phones/cc5ef641b794/keys/1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "DELETE /api/v1/phones/cc5ef641b794/keys/1 HTTP/1.1\r\n\r\n",
    "GET /api/v1/models/acme/A1 HTTP/1.1\r\n\r\n",
    "GET /api/v1/pnp/cc5ef641b794 HTTP/1.1\r\n\r\n",
    "DELETE /api/v1/pnp/cc5ef641b794 HTTP/1.1\r\n\r\n",
    "POST /api/v1/pnp/cc5ef641b794/adopt HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
};
#define REQUEST_COUNT AP_COUNT(REQUESTS)

static void check_all(const struct identity *identity, int expected)
{
    for (size_t i = 0; i < REQUEST_COUNT; i++)
        check(identity, REQUESTS[i], expected);
}

static void test_root_the_daemons_user_and_the_group_are_let_in(void **state)
{
    static const struct identity LET_IN[] = {
        {0, 0, {0}, 0},
        {OWN_UID, OTHER, {0}, 0},
        {OTHER, GROUP_GID, {0}, 0},
        {OTHER, OTHER, {GROUP_GID}, 1},
        {OTHER, OTHER, {OTHER + 1, GROUP_GID}, 2},
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(LET_IN); i++)
        check_all(&LET_IN[i], 0);
}

static void test_everybody_else_is_refused_whatever_they_ask(void **state)
{
    static const struct identity STRANGERS[] = {
        {OTHER, OTHER, {0}, 0},
        {OTHER, OTHER, {OTHER + 1, OTHER + 2}, 2},
        {OTHER, OWN_UID, {0}, 0},   /* a gid of the daemon's uid's number */
        {GROUP_GID, OTHER, {0}, 0}, /* a uid of the group's number */
    };

    (void)state;
    for (size_t i = 0; i < AP_COUNT(STRANGERS); i++)
        check_all(&STRANGERS[i], 1);
    for (size_t i = 0; i < AP_COUNT(MORE_REQUESTS); i++)
        check(&STRANGERS[0], MORE_REQUESTS[i], 1);
    assert_int_equal(server.jobs, 0);
    assert_int_equal(server.reloads, 0);
}

static void test_without_a_group_only_root_and_the_daemons_user_are_let_in(void **state)
{
    static const struct identity OWN = {OWN_UID, OTHER, {0}, 0};
    static const struct identity MEMBER = {OTHER, GROUP_GID, {GROUP_GID}, 1};

    (void)state;
    check_all(&OWN, 0);
    check_all(&MEMBER, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_root_the_daemons_user_and_the_group_are_let_in,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(test_everybody_else_is_refused_whatever_they_ask,
                                        open_server, close_server),
        cmocka_unit_test_setup_teardown(
            test_without_a_group_only_root_and_the_daemons_user_are_let_in,
            open_server_without_group, close_server),
    };

    if (geteuid() != 0) {
        print_message("SKIP: needs root to take other identities\n");
        return 77;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
