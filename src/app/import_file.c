/* Files without a name. The text of an import is full of passwords, so its pieces are sealed: a
 * disk keeps what was written to it long after the file is gone.
 *
 *   piece    length of what is sealed (4 bytes), then that */
#include "import_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct import_file {
    int fd;
    uint64_t bytes;
};

#define NAME "/import-XXXXXX"
/* Digits of a piece's number and a NUL. */
#define NUMBER_MAX 11

static int map_errno(int error_number)
{
    switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return AP_EFULL;
    case EACCES:
    case EPERM:
        return AP_EPERM;
    case EROFS:
        return AP_EREADONLY;
    default:
        return AP_EIO;
    }
}

int import_file_new(const char *folder, struct import_file **ret_file)
{
    struct import_file *file = calloc(1, sizeof(*file));
    size_t room = strlen(folder) + sizeof(NAME);
    char *path = malloc(room);
    int err = AP_ENOMEM;

    if (!file || !path)
        goto out;
    (void)snprintf(path, room, "%s" NAME, folder); /* measured above */
    file->fd = mkostemp(path, O_CLOEXEC);          /* mode 0600 */
    if (file->fd < 0) {
        err = map_errno(errno);
        goto out;
    }
    (void)unlink(path); /* a name that stays is in nobody's way: the next one has another */
    *ret_file = file;
    file = NULL;
    err = 0;
out:
    free(path);
    free(file);
    return err;
}

void import_file_free(struct import_file *file)
{
    if (!file)
        return;
    (void)close(file->fd); /* nothing in it is needed any more */
    free(file);
}

uint64_t import_file_bytes(const struct import_file *file)
{
    return file->bytes;
}

static int write_at(const struct import_file *file, uint64_t offset, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t written = pwrite(file->fd, at, len, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return map_errno(errno);
        at += written;
        len -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

int import_file_append(struct import_file *file, const void *data, size_t len)
{
    int err = write_at(file, file->bytes, data, len);

    if (!err)
        file->bytes += len;
    return err;
}

int import_file_read(const struct import_file *file, uint64_t offset, void *data, size_t len,
                     size_t *ret_len)
{
    size_t done = 0;

    while (done < len && offset + done < file->bytes) {
        ssize_t got = pread(file->fd, (char *)data + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return AP_EIO;
        done += (size_t)got;
    }
    *ret_len = done;
    return 0;
}

/* -- sealed pieces ----------------------------------------------------------------------------- */

static struct vault_place place_of(uint32_t number, char text[static NUMBER_MAX])
{
    (void)snprintf(text, NUMBER_MAX, "%u", (unsigned)number); /* 10 digits at most */
    return (struct vault_place){"import", text, "piece"};
}

int import_file_seal(struct import_file *file, struct vault *vault, uint32_t number,
                     const char *data, size_t len)
{
    char text[NUMBER_MAX];
    const struct vault_place place = place_of(number, text);
    uint32_t sealed_len = (uint32_t)(len + VAULT_SEAL_OVERHEAD);
    size_t whole_len = sizeof(sealed_len) + sealed_len;
    uint8_t *whole = malloc(whole_len);

    if (!whole)
        return AP_ENOMEM;
    memcpy(whole, &sealed_len, sizeof(sealed_len));
    int err = vault_seal(vault, &place, data, len, whole + sizeof(sealed_len));
    if (!err)
        err = import_file_append(file, whole, whole_len);
    free(whole);
    return err;
}

int import_file_open(const struct import_file *file, struct vault *vault, uint32_t number,
                     uint64_t *offset, struct arena *arena, const char **ret_data, size_t *ret_len)
{
    char text[NUMBER_MAX];
    const struct vault_place place = place_of(number, text);
    uint32_t sealed_len = 0;
    size_t got = 0;
    char *plain = NULL;

    int err = import_file_read(file, *offset, &sealed_len, sizeof(sealed_len), &got);
    if (!err && got == 0)
        return AP_ENOENT;
    if (err || got != sizeof(sealed_len))
        return err ? err : AP_EIO;
    uint8_t *sealed = arena_take(arena, sealed_len);
    if (!sealed)
        return AP_ENOMEM;
    err = import_file_read(file, *offset + sizeof(sealed_len), sealed, sealed_len, &got);
    if (!err && got != sealed_len)
        err = AP_EIO;
    if (!err)
        err = vault_open(vault, &place, sealed, sealed_len, arena, &plain, ret_len);
    if (err)
        return err;
    *ret_data = plain;
    *offset += sizeof(sealed_len) + sealed_len;
    return 0;
}
