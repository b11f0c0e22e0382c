/* From patterns back to names. */
#include "autoprov/phone_file.h"

#include <string.h>

#include "autoprov/limits.h"

const struct catalogue_file *phone_file_next(const struct catalogue_vendor *vendor,
                                             const struct catalogue_model *model,
                                             const struct catalogue_file *after)
{
    size_t at = after ? (size_t)(after - vendor->files) + 1 : 0;

    for (; at < vendor->file_count; at++) {
        const struct catalogue_file *file = &vendor->files[at];
        if (file->template_name && file->role != CATALOGUE_COMMON &&
            catalogue_file_is_for(file, model))
            return file;
    }
    return NULL;
}

/* What stands for the hole that begins at hole; NULL: not known. */
static const char *filling(const char *hole, size_t len, const struct catalogue_model *model,
                           const char *mac)
{
    if (len == 5 && memcmp(hole, "{mac}", len) == 0)
        return mac;
    if (len == 7 && memcmp(hole, "{model}", len) == 0)
        return model ? model->name : NULL;
    if (len == 6 && memcmp(hole, "{code}", len) == 0)
        return model ? model->code : NULL;
    return NULL;
}

int phone_file_name(const struct catalogue_vendor *vendor, const struct catalogue_model *model,
                    const struct catalogue_file *file, const uint8_t mac[static AP_MAC_LEN],
                    struct arena *arena, const char **ret_name)
{
    char mac_text[AP_MAC_TEXT_MAX];
    struct buf name;
    int err = 0;

    mac_format(mac, vendor->mac_form, mac_text);
    buf_init(&name, AP_CATALOGUE_NAME_MAX_BYTES);
    for (const char *at = file->name; !err && *at;) {
        size_t literal = strcspn(at, "{");
        err = buf_append(&name, at, literal);
        at += literal;
        if (err || *at == '\0')
            break;
        size_t len = strcspn(at, "}") + 1;
        const char *text = filling(at, len, model, mac_text);
        err = text ? buf_append_text(&name, text) : AP_ENOENT;
        at += len;
    }
    if (!err) {
        *ret_name = arena_strndup(arena, name.data ? name.data : "", name.len);
        err = *ret_name ? 0 : AP_ENOMEM;
    }
    buf_done(&name);
    return err;
}

const char *phone_file_shown(const struct catalogue_vendor *vendor,
                             const struct catalogue_model *model, const struct catalogue_file *file,
                             const uint8_t mac[static AP_MAC_LEN], struct arena *arena)
{
    const char *name = NULL;

    return phone_file_name(vendor, model, file, mac, arena, &name) == 0 ? name : file->name;
}
