#include "fake_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void read_request(int fd, char *out, size_t room)
{
    size_t len = 0;

    for (;;) {
        ssize_t got = recv(fd, out + len, room - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        out[len] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        const char *length = strcasestr(out, "content-length: ");
        size_t body = length ? (size_t)strtoul(length + 16, NULL, 10) : 0;
        if (end && len >= (size_t)(end + 4 - out) + body)
            break;
    }
    out[len] = '\0';
}

static void *serve(void *data)
{
    struct fake *fake = data;

    for (size_t i = 0; i < fake->count; i++) {
        int fd = accept(fake->fd, NULL, NULL);
        if (fd < 0)
            break;
        read_request(fd, fake->asked[i], sizeof(fake->asked[i]));
        (void)send(fd, fake->answers[i], strlen(fake->answers[i]), MSG_NOSIGNAL); /* or it left */
        close(fd);
    }
    return NULL;
}

void fake_start(struct fake *fake, const char *const *answers, size_t count)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    *fake = (struct fake){.answers = answers, .count = count};
    (void)snprintf(fake->folder, sizeof(fake->folder), "/tmp/ap-ctl-XXXXXX");
    assert_non_null(mkdtemp(fake->folder));
    (void)snprintf(fake->path, sizeof(fake->path), "%s/s", fake->folder);
    memcpy(name.sun_path, fake->path, strlen(fake->path));
    fake->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fake->fd >= 0);
    assert_int_equal(bind(fake->fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fake->fd, 8), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

void fake_stop(struct fake *fake)
{
    assert_int_equal(pthread_join(fake->thread, NULL), 0);
    close(fake->fd);
    assert_int_equal(unlink(fake->path), 0);
    assert_int_equal(rmdir(fake->folder), 0);
}
