/* What an admin writes must fit the files of every phone that reads it: asked inside the
 * transaction, after the change, so that a refusal undoes it. */
#include <string.h>

#include "api_private.h"
#include "autoprov/phone_view.h"

int api_check_phone(struct api_call *call, struct store_db *db,
                    const uint8_t mac[static AP_MAC_LEN])
{
    const struct catalogue *catalogue = call->snapshot->rendering->catalogue;
    struct store_phone phone;
    struct ap_error error = {{0}};
    struct arena arena; /* a user may have many */

    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    int err = store_phone_by_mac(db, &arena, mac, &phone);
    const struct catalogue_vendor *vendor = err ? NULL : catalogue_vendor(catalogue, phone.vendor);
    /* Without one a catalogue file was taken away: what it could carry is not known. */
    if (vendor)
        err = phone_view_check(vendor, &phone, &error);
    if (err == AP_EINVAL)
        err = api_problem(call, err, NULL, "%s", error.text);
    arena_done(&arena);
    return err;
}

int api_check_phones_of(struct api_call *call, struct store_db *db, const char *user_id)
{
    struct store_phone *phones = NULL;
    char after[AP_MAC_TEXT_MAX] = "";
    size_t count = AP_LIST_PAGE_MAX;
    int err = 0;

    while (!err && count == AP_LIST_PAGE_MAX) {
        err = store_phone_list(db, &call->arena, user_id, after, AP_LIST_PAGE_MAX, &phones, &count);
        for (size_t i = 0; !err && i < count; i++) {
            mac_format(phones[i].mac, MAC_FORM_LOWER, after);
            err = api_check_phone(call, db, phones[i].mac);
        }
    }
    return err;
}

static int check_vendor(struct api_call *call, const char *name, const struct api_check *check)
{
    const struct catalogue_vendor *vendor =
        catalogue_vendor(call->snapshot->rendering->catalogue, name);
    struct ap_error error;
    int err = vendor ? check->run(vendor, check->object, &error) : 0;

    return err == AP_EINVAL ? api_problem(call, err, check->pointer, "%s", error.text) : err;
}

int api_check_vendors(struct api_call *call, struct store_db *db, const struct api_check *check)
{
    const char *const *names = NULL;
    size_t count = 0;
    int err;

    if (check->scope == STORE_SCOPE_VENDOR || check->scope == STORE_SCOPE_MODEL) {
        const char *vendor = arena_strndup(&call->arena, check->id, strcspn(check->id, "/"));
        return vendor ? check_vendor(call, vendor, check) : AP_ENOMEM;
    }
    err = store_setting_vendors(db, &call->arena, check->scope, check->id, &names, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = check_vendor(call, names[i], check);
    return err;
}

int api_check_account(const struct catalogue_vendor *vendor, const void *object,
                      struct ap_error *error)
{
    return phone_view_check_account(vendor, object, error);
}

int api_check_key(const struct catalogue_vendor *vendor, const void *object, struct ap_error *error)
{
    return phone_view_check_key(vendor, object, error);
}

int api_check_setting(const struct catalogue_vendor *vendor, const void *object,
                      struct ap_error *error)
{
    return phone_view_check_setting(vendor, object, error);
}

int api_check_user(const struct catalogue_vendor *vendor, const void *object,
                   struct ap_error *error)
{
    return phone_view_check_user(vendor, object, error);
}
