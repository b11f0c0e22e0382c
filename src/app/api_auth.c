/* What a phone says in HTTP: members of its body, and what it shows of them. A password is written
 * and never read back; one that is made here is told once. */
#include <string.h>

#include "api_private.h"
#include "autoprov/secret.h"
#include "autoprov/token.h"

/* 96 bits in hex digits: the shortest fields that vendors document hold 31 characters. */
#define MADE_LEN 24

static int make_password(struct api_call *call, struct store_auth *auth, const char **ret_made)
{
    struct token random = {.len = 0};
    int err = token_make(&random);

    if (!err) {
        auth->password = arena_strndup(&call->arena, random.text, MADE_LEN);
        err = auth->password ? 0 : AP_ENOMEM;
    }
    secret_wipe(&random, sizeof(random));
    *ret_made = auth->password;
    return err;
}

int api_settle_auth(struct api_call *call, struct api_auth_fields *fields, struct store_auth *auth)
{
    bool given = json_object_get(call->body, "auth_password") != NULL;
    int err = 0;

    if (given && fields->make)
        return api_problem(call, AP_EINVAL, "/auth_password_make",
                           "give either auth_password or auth_password_make");
    if (fields->make)
        err = make_password(call, auth, &fields->made);
    else if (given)
        auth->password = fields->password ? fields->password : "";
    if (err)
        return err;
    bool has_password = auth->password ? auth->password[0] != '\0' : auth->has_password;
    if (auth->required && !has_password)
        return api_problem(call, AP_EINVAL, "/auth_required",
                           "a phone that must say its password needs one: auth_password, or "
                           "auth_password_make");
    return 0;
}

int api_auth_show(const struct store_phone *phone, json_t *object)
{
    const struct store_auth *auth = &phone->access.auth;
    char mac[AP_MAC_TEXT_MAX];

    mac_format(phone->mac, MAC_FORM_LOWER, mac);
    json_t *members = json_pack("{s:b, s:s, s:b}", "auth_required", (int)auth->required,
                                "auth_user", auth->user && auth->user[0] ? auth->user : mac,
                                "auth_password_set", (int)auth->has_password);
    int err = members && json_object_update(object, members) == 0 ? 0 : AP_ENOMEM;
    json_decref(members);
    return err;
}
