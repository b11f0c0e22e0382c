/* The only file that knows libosipparser2: it reads the values of headers, one at a time.
 *
 * Its reader of whole messages is not used. That would find lines, folds and lists a second time,
 * by rules that differ from ours, and had most of the library's faults (CVE-2022-41550); nor is its
 * table of headers needed, which parser_init() would fill, so nothing here is shared by threads.
 * Values come without control characters, blanks for tabs. */
#include <osipparser2/osip_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "autoprov/text.h"
#include "sip_private.h"

static int error_of(int osip_error)
{
    return osip_error == 0 ? 0 : osip_error == OSIP_NOMEM ? AP_ENOMEM : AP_ESYNTAX;
}

/* NULL stays NULL. */
static int copy_text(struct arena *arena, const char *text, const char **ret_copy)
{
    const char *copy = text ? arena_strdup(arena, text) : NULL;

    if (text && !copy)
        return AP_ENOMEM;
    *ret_copy = copy;
    return 0;
}

/* *ret_port: 0 where there is none. */
static bool read_port(const char *text, uint16_t *ret_port)
{
    uint64_t port = 0;

    if (text && text_parse_u64(text, strlen(text), 1, UINT16_MAX, &port) != 0)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* The first of that name; of URIs and of headers alike. */
static const osip_generic_param_t *find_param(const osip_list_t *params, const char *name)
{
    const osip_generic_param_t *param;

    for (int i = 0; (param = osip_list_get(params, i)) != NULL; i++) {
        if (param->gname && strcasecmp(param->gname, name) == 0)
            return param;
    }
    return NULL;
}

int sip_parse_via(const char *value, struct arena *arena, struct sip_via *ret_via)
{
    struct sip_via via = {0};
    osip_via_t *read;
    int err = error_of(osip_via_init(&read));

    if (err)
        return err;
    err = error_of(osip_via_parse(read, value));
    if (!err && (!read->version || strcmp(read->version, "2.0") != 0 || !read->host ||
                 !*read->host || !read_port(read->port, &via.port)))
        err = AP_ESYNTAX;
    if (!err) {
        const osip_generic_param_t *branch = find_param(&read->via_params, "branch");
        const osip_generic_param_t *rport = find_param(&read->via_params, "rport");
        via.rport = rport && (!rport->gvalue || !*rport->gvalue);
        err = copy_text(arena, branch ? branch->gvalue : NULL, &via.branch);
        if (!err)
            err = copy_text(arena, read->host, &via.host);
    }
    osip_via_free(read);
    if (!err)
        *ret_via = via;
    return err;
}

int sip_parse_party(const char *value, struct arena *arena, const char **ret_tag)
{
    osip_from_t *read;
    int err = error_of(osip_from_init(&read));

    if (err)
        return err;
    err = error_of(osip_from_parse(read, value));
    if (!err) {
        const osip_generic_param_t *tag = find_param(&read->gen_params, "tag");
        err = copy_text(arena, tag ? tag->gvalue : NULL, ret_tag);
    }
    osip_from_free(read);
    return err;
}

int sip_parse_uri(const char *uri)
{
    osip_uri_t *read;
    int err = error_of(osip_uri_init(&read));

    if (err)
        return err;
    err = error_of(osip_uri_parse(read, uri));
    osip_uri_free(read);
    return err;
}

/* UDP, to the host itself. */
static bool is_direct(const osip_uri_t *uri)
{
    const osip_uri_param_t *transport = find_param(&uri->url_params, "transport");

    return strcasecmp(uri->scheme, "sip") == 0 &&
           (!transport || (transport->gvalue && strcasecmp(transport->gvalue, "udp") == 0)) &&
           !find_param(&uri->url_params, "maddr");
}

static int read_endpoint(const osip_uri_t *uri, struct address *ret_address, uint16_t *ret_port)
{
    uint16_t port;

    if (!uri->scheme || !uri->host || !read_port(uri->port, &port))
        return AP_ESYNTAX;
    if (!is_direct(uri) || address_parse(uri->host, ret_address) != 0)
        return AP_EINVAL;
    *ret_port = port ? port : 5060;
    return 0;
}

/* Does the text say that host, as every reader sees it? libosipparser2 takes
 * "192.0.2.7:[192.0.2.8]" for the second. */
static bool has_host(const char *text, const char *host)
{
    const char *at = strchr(text, '@');
    const char *begin = at ? at + 1 : text + strcspn(text, ":") + 1; /* there is a scheme */
    bool brackets = *begin == '[';
    size_t len = strlen(host);

    begin += brackets;
    if ((at && strchr(at + 1, '@')) || strncmp(begin, host, len) != 0)
        return false;
    begin += len;
    if (brackets && *begin++ != ']')
        return false;
    if (*begin == ':')
        begin += 1 + strspn(begin + 1, "0123456789");
    return *begin == '\0' || *begin == ';' || *begin == '?';
}

int sip_uri_endpoint(const char *uri, struct address *ret_address, uint16_t *ret_port)
{
    struct address address;
    osip_uri_t *read;
    char *copy = NULL;
    size_t len = strlen(uri);

    if (*uri == '<') {
        const char *end = strchr(++uri, '>');
        if (!end)
            return AP_ESYNTAX;
        len = (size_t)(end - uri);
    }
    int err = error_of(osip_uri_init(&read));
    if (err)
        return err;
    copy = strndup(uri, len);
    err = copy ? error_of(osip_uri_parse(read, copy)) : AP_ENOMEM;
    if (!err && read->scheme && read->host && !has_host(copy, read->host))
        err = AP_ESYNTAX;
    if (!err)
        err = read_endpoint(read, &address, ret_port);
    if (!err)
        *ret_address = address;
    free(copy);
    osip_uri_free(read);
    return err;
}
