/* Error codes and error text, shared by all floors. Knows nothing of the job. */
#ifndef AUTOPROV_ERR_H
#define AUTOPROV_ERR_H

#include <stdarg.h>

#define AP_MUSTCHECK         __attribute__((warn_unused_result))
#define AP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* What can fail returns 0 or one of these. */
enum ap_err {
    AP_OK = 0,
    AP_ENOMEM = -1,      /* an allocation failed */
    AP_EINVAL = -2,      /* the input breaks a rule of its type */
    AP_ESYNTAX = -3,     /* the input cannot be parsed */
    AP_ERANGE = -4,      /* a number, a length or a ceiling was exceeded */
    AP_ENOENT = -5,      /* no such thing */
    AP_EEXIST = -6,      /* it is there already */
    AP_ECONFLICT = -7,   /* another change came first, or something still refers to it */
    AP_EPERM = -8,       /* not permitted: file mode, owner, role */
    AP_EIO = -9,         /* the operating system refused (errno tells) */
    AP_EBUSY = -10,      /* a bounded queue, table or lock is taken */
    AP_ESTORE = -11,     /* SQLite failed */
    AP_ECORRUPT = -12,   /* the database is damaged or is none */
    AP_ENEWER = -13,     /* the database schema is newer than this program */
    AP_EKEY = -14,       /* the master key does not open this database */
    AP_EFULL = -15,      /* no space left for a write */
    AP_EREADONLY = -16,  /* the store cannot be written */
    AP_ECRYPTO = -17,    /* OpenSSL failed, or a sealed value was changed */
    AP_ECLOSED = -18,    /* the other side is gone */
    AP_ESTALE = -19,     /* another change came first: the caller speaks of an older version */
    AP_EAUTH = -20,      /* no credentials, or none that are known */
    AP_ETHROTTLED = -21, /* too many tries: not now */
};

/* Stable English phrase for a code, without a full stop; never NULL. */
const char *ap_strerror(int err);

/* Longest error line, with its terminating NUL: a path (4096 at most) is cut in it. */
#define AP_ERROR_TEXT_MAX 768

/* One clear line for a person: which file, line or key, and what to do. Never the value of a
 * secret. */
struct ap_error {
    char text[AP_ERROR_TEXT_MAX];
};

/* Write the line (cut at its maximum). error may be NULL. */
void ap_error_write(struct ap_error *error, const char *fmt, ...) AP_PRINTF(2, 3);

/* The same, with code as its value, so that callers can `return ap_error_set(error, AP_EINVAL,
 * "…")`. A macro: compilers and analysers then see that the path is a failing one. */
#define ap_error_set(error, code, ...) (ap_error_write((error), __VA_ARGS__), (code))

#endif
