/* What an import keeps on disk while it lasts: files without a name, gone with the process. Must
 * not know what they hold. */
#ifndef AUTOPROV_APP_IMPORT_FILE_H
#define AUTOPROV_APP_IMPORT_FILE_H

#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/err.h"
#include "autoprov/vault.h"

struct import_file;

/* In folder, mode 0600. *ret_file: free with import_file_free(). Errors: AP_EFULL, AP_EPERM,
 * AP_EREADONLY, AP_EIO; AP_ENOMEM. */
AP_MUSTCHECK int import_file_new(const char *folder, struct import_file **ret_file);
void import_file_free(struct import_file *file);

uint64_t import_file_bytes(const struct import_file *file);
/* Errors: those of a new one; what was there stays as it was. */
AP_MUSTCHECK int import_file_append(struct import_file *file, const void *data, size_t len);
/* As many of len bytes as there are from offset on. */
AP_MUSTCHECK int import_file_read(const struct import_file *file, uint64_t offset, void *data,
                                  size_t len, size_t *ret_len);

/* The same for secrets: pieces of a text, each sealed, to be read in their order. number: of the
 * piece, from 0, and part of its seal. vault: of the calling thread. */
AP_MUSTCHECK int import_file_seal(struct import_file *file, struct vault *vault, uint32_t number,
                                  const char *data, size_t len);
/* *offset: of the piece, then of the next one. The text is borrowed from arena. Errors: AP_ENOENT
 * no more; AP_ECRYPTO. */
AP_MUSTCHECK int import_file_open(const struct import_file *file, struct vault *vault,
                                  uint32_t number, uint64_t *offset, struct arena *arena,
                                  const char **ret_data, size_t *ret_len);

#endif
