#include "tls_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_private.h"

/* More flights than any handshake has. */
#define TURNS 8

SSL_CTX *tls_link_client(int version)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    assert_non_null(context);
    assert_int_equal(SSL_CTX_set_min_proto_version(context, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
    return context;
}

void tls_link_open(struct tls_link *link, SSL_CTX *client_context, struct tls_context *context)
{
    BIO *to_server = BIO_new(BIO_s_mem());
    BIO *to_client = BIO_new(BIO_s_mem());

    *link = (struct tls_link){.client_context = client_context,
                              .client = SSL_new(client_context),
                              .server = SSL_new(tls_context_ssl(context))};
    assert_true(to_server && to_client && link->client && link->server);
    SSL_set0_rbio(link->client, to_client);
    BIO_up_ref(to_server);
    SSL_set0_wbio(link->client, to_server);
    SSL_set0_rbio(link->server, to_server);
    BIO_up_ref(to_client);
    SSL_set0_wbio(link->server, to_client);
    SSL_set_connect_state(link->client);
    SSL_set_accept_state(link->server);
}

bool tls_link_handshake(struct tls_link *link)
{
    for (int i = 0; i < TURNS; i++) {
        (void)SSL_do_handshake(link->client);
        (void)SSL_do_handshake(link->server);
    }
    return SSL_is_init_finished(link->client) && SSL_is_init_finished(link->server);
}

void tls_link_close(struct tls_link *link)
{
    SSL_free(link->client);
    SSL_free(link->server);
    SSL_CTX_free(link->client_context);
}
