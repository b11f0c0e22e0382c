/* Test support: a client and a server of TLS that talk through memory, in one thread. */
#ifndef AUTOPROV_TESTS_TLS_LINK_H
#define AUTOPROV_TESTS_TLS_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "autoprov/tls_context.h"

struct tls_link {
    SSL_CTX *client_context;
    SSL *client, *server;
};

/* Of one version alone. The caller sets what else the client is, and gives it to tls_link_open().
 */
SSL_CTX *tls_link_client(int version);
/* No handshake yet. client_context is the link's from now on. */
void tls_link_open(struct tls_link *link, SSL_CTX *client_context, struct tls_context *context);
/* As far as it goes. True: both sides are done. */
bool tls_link_handshake(struct tls_link *link);
void tls_link_close(struct tls_link *link);

#endif
