#include "capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

void capture_begin(struct capture *capture)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
        capture->kept[i] = dup(fd);
        capture->files[i] = memfd_create("captured", MFD_CLOEXEC);
        assert_true(capture->kept[i] >= 0 && capture->files[i] >= 0);
        assert_int_equal(dup2(capture->files[i], fd), fd);
    }
}

static void read_back(int fd, char *text, size_t room)
{
    ssize_t len = pread(fd, text, room - 1, 0);

    assert_true(len >= 0);
    text[len] = '\0';
}

void capture_end(struct capture *capture)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
        assert_int_equal(dup2(capture->kept[i], fd), fd);
        close(capture->kept[i]);
    }
    read_back(capture->files[0], capture->out, sizeof(capture->out));
    read_back(capture->files[1], capture->err, sizeof(capture->err));
    close(capture->files[0]);
    close(capture->files[1]);
}
