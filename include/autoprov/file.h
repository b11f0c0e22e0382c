/* Small files: whole reads with a ceiling, files with secrets, atomic writes, the lock file. */
#ifndef AUTOPROV_FILE_H
#define AUTOPROV_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/secret.h"

/* Read a regular file (or, for a path of "-", standard input) to its end into buf.
 * Errors, each with a line that names the path: AP_ENOENT, AP_EPERM, AP_EIO, AP_ERANGE above
 * buf's ceiling, AP_ENOMEM. */
AP_MUSTCHECK int file_read(const char *path, struct buf *buf, struct ap_error *error);

/* Read a file that holds a secret: at most max_bytes, a single trailing line end removed if
 * strip_newline. Refused: a file that group or others may read or write, or that neither root
 * nor the process's user owns (root reads anybody's); not judged below $CREDENTIALS_DIRECTORY
 * (systemd shows its ACL as 0440) and for "-".
 * Errors: those of file_read(), AP_EPERM. */
AP_MUSTCHECK int file_read_secret(const char *path, size_t max_bytes, bool strip_newline,
                                  struct secret *ret_secret, struct ap_error *error);

/* Create path with mode, owned by uid and gid (-1: leave), write, fsync it and its folder.
 * Never replaces: errors AP_EEXIST, AP_EPERM, AP_EIO; on error nothing is left behind. */
AP_MUSTCHECK int file_create(const char *path, const void *data, size_t len, mode_t mode, uid_t uid,
                             gid_t gid, struct ap_error *error);

/* Take the exclusive lock file at path (made if absent, mode 0600, kept until ret_fd is closed).
 * Errors: AP_EBUSY another process holds it; AP_EPERM, AP_EIO. */
AP_MUSTCHECK int file_lock(const char *path, int *ret_fd, struct ap_error *error);

#endif
