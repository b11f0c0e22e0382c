/* Phrases for error codes, and the one line that a person reads. */
#include "autoprov/err.h"

#include <errno.h>
#include <stdio.h>

const char *ap_strerror(int err)
{
    switch ((enum ap_err)err) {
    case AP_OK:
        return "no error";
    case AP_ENOMEM:
        return "out of memory";
    case AP_EINVAL:
        return "invalid value";
    case AP_ESYNTAX:
        return "cannot be parsed";
    case AP_ERANGE:
        return "out of range";
    case AP_ENOENT:
        return "not found";
    case AP_EEXIST:
        return "exists already";
    case AP_ECONFLICT:
        return "in conflict with another change or a reference";
    case AP_EPERM:
        return "not permitted";
    case AP_EIO:
        return "input/output error";
    case AP_EBUSY:
        return "busy";
    case AP_ESTORE:
        return "the database failed";
    case AP_ECORRUPT:
        return "the database is damaged";
    case AP_ENEWER:
        return "the database is newer than this program";
    case AP_EKEY:
        return "the master key does not open the database";
    case AP_EFULL:
        return "no space left on the device";
    case AP_EREADONLY:
        return "the database cannot be written";
    case AP_ECRYPTO:
        return "cryptographic operation failed";
    case AP_ECLOSED:
        return "the other side closed";
    case AP_ESTALE:
        return "changed meanwhile";
    case AP_EAUTH:
        return "no valid credentials";
    case AP_ETHROTTLED:
        return "too many tries";
    }
    return "unknown error";
}

void ap_error_write(struct ap_error *error, const char *fmt, ...)
{
    int saved = errno; /* the caller may compute its code from errno only afterwards */
    va_list args;

    if (error) {
        va_start(args, fmt);
        (void)vsnprintf(error->text, sizeof(error->text), fmt, args); /* a long path is cut */
        va_end(args);
    }
    errno = saved;
}
