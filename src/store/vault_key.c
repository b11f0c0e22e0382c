/* Read the master key from its file or systemd credential. Must not know what it is used for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/file.h"
#include "autoprov/text.h"
#include "autoprov/vault.h"

#define HEX_LEN ((size_t)2 * VAULT_MASTER_KEY_BYTES)
/* 64 hex digits and CR LF fit; one byte more is no key. */
#define FILE_MAX_BYTES (HEX_LEN + 2)

static bool is_all_hex(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_hex((char)bytes[i]))
            return false;
    }
    return true;
}

static size_t len_without_line_end(const uint8_t *bytes, size_t len)
{
    if (len > 0 && bytes[len - 1] == '\n') {
        len--;
        if (len > 0 && bytes[len - 1] == '\r')
            len--;
    }
    return len;
}

static int parse_key(const struct secret *content, struct secret *ret_key)
{
    /* 32 hex digits are half a key in the long form, not 32 random bytes. */
    if (content->len == VAULT_MASTER_KEY_BYTES && !is_all_hex(content->bytes, content->len))
        return secret_set(ret_key, content->bytes, content->len);
    if (len_without_line_end(content->bytes, content->len) != HEX_LEN)
        return AP_EINVAL;

    uint8_t key[VAULT_MASTER_KEY_BYTES];
    int err = text_unhex((const char *)content->bytes, HEX_LEN, key);
    err = err ? AP_EINVAL : secret_set(ret_key, key, sizeof(key));
    secret_wipe(key, sizeof(key));
    return err;
}

/* A name without '/' stands for a credential. *ret_path: caller frees. */
static int resolve_path(const char *path, char **ret_path, struct ap_error *error)
{
    const char *folder = NULL;

    if (!strchr(path, '/')) {
        folder = getenv("CREDENTIALS_DIRECTORY");
        if (!folder)
            return ap_error_set(error, AP_ENOENT,
                                "%s: no credential of this name: $CREDENTIALS_DIRECTORY is not "
                                "set; give a path with '/' for a file",
                                path);
    }
    size_t size = strlen(path) + (folder ? strlen(folder) : 0) + 2;
    char *resolved = malloc(size);
    if (!resolved)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", path, ap_strerror(AP_ENOMEM));
    if (folder)
        snprintf(resolved, size, "%s/%s", folder, path);
    else
        snprintf(resolved, size, "%s", path);
    *ret_path = resolved;
    return 0;
}

int vault_read_master_key(const char *path, struct secret *ret_key, struct ap_error *error)
{
    char *resolved = NULL;
    struct secret content = {0};

    int err = resolve_path(path, &resolved, error);
    if (err)
        return err;
    err = file_read_secret(resolved, FILE_MAX_BYTES, false, &content, error);
    if (err == AP_ERANGE)
        err = AP_EINVAL;
    else if (err)
        goto out;
    else
        err = parse_key(&content, ret_key);
    if (err == AP_EINVAL)
        (void)ap_error_set(error, err, "%s: no master key: it must hold %d bytes, or %d hex digits",
                           resolved, VAULT_MASTER_KEY_BYTES, 2 * VAULT_MASTER_KEY_BYTES);
    else if (err)
        (void)ap_error_set(error, err, "%s: %s", resolved, ap_strerror(err));
out:
    secret_done(&content);
    free(resolved);
    return err;
}

static int make_vault(const char *path, struct vault **ret_vault, struct ap_error *error)
{
    struct secret key = {0};

    int err = vault_read_master_key(path, &key, error);
    if (err)
        return err;
    err = vault_new(&key, ret_vault);
    secret_done(&key);
    return err ? ap_error_set(error, err, "%s: %s", path, ap_strerror(err)) : 0;
}

static int add_next(struct vault *vault, const char *path, struct ap_error *error)
{
    size_t size = strlen(path) + sizeof(VAULT_NEXT_SUFFIX);
    struct secret key = {0};
    char *next_path = malloc(size);
    if (!next_path)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", path, ap_strerror(AP_ENOMEM));

    snprintf(next_path, size, "%s" VAULT_NEXT_SUFFIX, path);
    int err = vault_read_master_key(next_path, &key, error);
    if (err == AP_ENOENT) {
        err = 0; /* no rotation is wanted */
        goto out;
    }
    if (err)
        goto out;
    err = vault_add_key(vault, &key);
    if (err == AP_EEXIST)
        err = 0; /* copied over the first one, not moved */
    if (err)
        (void)ap_error_set(error, err, "%s: %s", next_path, ap_strerror(err));
out:
    secret_done(&key);
    free(next_path);
    return err;
}

int vault_open_keys(const char *path, struct vault **ret_vault, struct ap_error *error)
{
    struct vault *vault = NULL;

    int err = make_vault(path, &vault, error);
    if (!err)
        err = add_next(vault, path, error);
    if (err) {
        vault_free(vault);
        return err;
    }
    *ret_vault = vault;
    return 0;
}
