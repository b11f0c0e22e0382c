/* Passwords of admins: Argon2id on job threads, two at a time. Must not know whose they are. */
#include <argon2.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "api_door.h"
#include "api_private.h"
#include "autoprov/text.h"

#define SALT_BYTES 16 /* RFC 9106, 3.1 and 4 */
#define HASH_BYTES 32

/* Of 32 random bytes that nobody has: an account that is not there takes as long. */
static const char NOBODY[] = "$argon2id$v=19$m=19456,t=2,p=1$aD2rK7/WmMGDULzvZsUqAw$s6/"
                             "xFMijbY0mkzC2g/M9ERuEeyomYCpmKlij6yD8PH8";
_Static_assert(AP_ARGON2_KIB == 19456 && AP_ARGON2_PASSES == 2 && AP_ARGON2_LANES == 1,
               "of the same cost");

/* -- on a job thread --------------------------------------------------------------------------- */

static int make(struct api_password *password)
{
    uint8_t salt[SALT_BYTES];

    if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
        return AP_ECRYPTO;
    int rc = argon2id_hash_encoded(AP_ARGON2_PASSES, AP_ARGON2_KIB, AP_ARGON2_LANES,
                                   password->made_of, strlen(password->made_of), salt, sizeof(salt),
                                   HASH_BYTES, password->made, sizeof(password->made));
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return AP_ENOMEM;
    return rc == ARGON2_OK ? 0 : AP_ECRYPTO;
}

static int check(struct api_password *password)
{
    const char *hash = password->hash ? password->hash : NOBODY;
    int rc = argon2id_verify(hash, password->checked, strlen(password->checked));

    password->is_right = rc == ARGON2_OK && password->hash;
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return AP_ENOMEM;
    return rc == ARGON2_OK || rc == ARGON2_VERIFY_MISMATCH ? 0 : AP_ECRYPTO;
}

static void run_job(struct api_job *job)
{
    struct api_call *call = (struct api_call *)((char *)job - offsetof(struct api_call, job));
    struct api_password *password = &call->password;

    if (password->checked)
        call->err = check(password);
    if (!call->err && password->made_of && (!password->checked || password->is_right))
        call->err = make(password);
}

/* -- the queue --------------------------------------------------------------------------------- */

static void start_next(struct api *api);

static void job_done(struct api_job *job)
{
    struct api_call *call = (struct api_call *)((char *)job - offsetof(struct api_call, job));
    struct api *api = call->api;

    api->door.passwords.running--;
    start_next(api);
    if (call->err)
        api_call_answer(call);
    else
        api_run_write(call);
}

static void start_job(struct api_call *call)
{
    struct api *api = call->api;

    call->job.run = run_job;
    call->job.done = job_done;
    api->door.passwords.running++;
    int err = api->daemon.start(api->daemon.data, &call->job);
    if (err) {
        api->door.passwords.running--;
        call->err = err;
        api_call_answer(call);
    }
}

static struct api_call *take_first(struct api_passwords *passwords)
{
    struct api_call *call = passwords->first;

    if (!call)
        return NULL;
    passwords->first = call->password.next;
    if (!passwords->first)
        passwords->last = NULL;
    passwords->waiting--;
    return call;
}

static void start_next(struct api *api)
{
    struct api_passwords *passwords = &api->door.passwords;

    while (passwords->running < AP_ARGON2_RUN_MAX) {
        struct api_call *call = take_first(passwords);
        if (!call)
            return;
        start_job(call);
    }
}

static void source_of(const struct api_call *call, struct source_key *ret_key)
{
    const struct http_request *request = http_exchange_request(call->exchange);

    *ret_key = (struct source_key){.bytes = {0}};
    if (!request->peer_user && !address_is_loopback(request->peer))
        address_source_key(request->peer, ret_key);
}

bool api_passwords_are_full(const struct api_call *call)
{
    const struct api_passwords *passwords = &call->api->door.passwords;
    struct source_key own, other;
    size_t same = 0;

    if (passwords->stopping || passwords->waiting >= AP_ARGON2_QUEUE_MAX)
        return true;
    source_of(call, &own);
    for (const struct api_call *it = passwords->first; it; it = it->password.next) {
        source_of(it, &other);
        same += memcmp(&own, &other, sizeof(own)) == 0;
    }
    return same >= AP_ARGON2_SOURCE_MAX;
}

void api_password_start(struct api_call *call)
{
    struct api_passwords *passwords = &call->api->door.passwords;

    if (!call->password.checked && !call->password.made_of) {
        api_run_write(call);
        return;
    }
    if (api_passwords_are_full(call)) {
        call->err = AP_EBUSY;
        api_call_answer(call);
        return;
    }
    if (passwords->last)
        passwords->last->password.next = call;
    else
        passwords->first = call;
    passwords->last = call;
    passwords->waiting++;
    start_next(call->api);
}

void api_passwords_stop(struct api *api)
{
    struct api_call *call;

    api->door.passwords.stopping = true;
    while ((call = take_first(&api->door.passwords)) != NULL) {
        call->err = AP_EBUSY;
        api_call_answer(call);
    }
}

/* -- rules ------------------------------------------------------------------------------------- */

/* NIST SP 800-63B, 5.1.1.2: length counts, rules of composition do not. */
int api_password_check(struct api_call *call, const char *pointer, const char *text,
                       const char *name)
{
    size_t len = strlen(text);

    if (len < AP_ADMIN_PASSWORD_MIN_BYTES || len > AP_ADMIN_PASSWORD_MAX_BYTES)
        return api_problem(call, AP_ERANGE, pointer, "a password has %d to %d bytes",
                           AP_ADMIN_PASSWORD_MIN_BYTES, AP_ADMIN_PASSWORD_MAX_BYTES);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return api_problem(call, AP_EINVAL, pointer, "a password has no control characters");
    }
    if (!text_is_utf8(text, len))
        return api_problem(call, AP_EINVAL, pointer, "a password is UTF-8");
    if (strcasecmp(text, name) == 0)
        return api_problem(call, AP_EINVAL, pointer, "the name is no password");
    return 0;
}
