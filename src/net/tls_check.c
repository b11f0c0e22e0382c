/* A handshake of a server set-up with itself, in memory: proves that a phone can get through
 * before the set-up goes live. Must not touch the network or files. */
#include "tls_private.h"

#include <openssl/err.h>
#include <stdbool.h>

#include "autoprov/array.h"

/* Each flight of a handshake needs one turn of both sides; three are enough for 1.2. */
#define HANDSHAKE_TURNS 8

/* What a client of each profile is sure to know. */
static const char CIPHERS_RSA[] = "ECDHE-RSA-AES128-GCM-SHA256";
static const char CIPHERS_EC[] = "ECDHE-ECDSA-AES128-GCM-SHA256";
static const char CIPHERS_LEGACY[] = "AES128-SHA";
static const char SIGNATURES_RSA[] = "RSA-PSS+SHA256:RSA+SHA256";
static const char SIGNATURES_EC[] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512";

static const struct version {
    int number;
    const char *name;
    enum tls_profile from; /* profiles before this one don't have it */
} VERSIONS[] = {
    {TLS1_VERSION, "1.0", TLS_PROFILE_LEGACY},
    {TLS1_2_VERSION, "1.2", TLS_PROFILE_MODERN},
    {TLS1_3_VERSION, "1.3", TLS_PROFILE_MODERN},
};

/* A client that knows one key type only, so that each certificate is really used. */
static SSL_CTX *client_new(int version, enum tls_profile profile, int key_type)
{
    bool is_rsa = key_type == EVP_PKEY_RSA;
    bool is_legacy = profile == TLS_PROFILE_LEGACY;
    const char *ciphers = is_legacy ? CIPHERS_LEGACY : is_rsa ? CIPHERS_RSA : CIPHERS_EC;
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    if (!client)
        return NULL;
    SSL_CTX_set_security_level(client, is_legacy ? 0 : 2);
    SSL_CTX_set_verify(client, SSL_VERIFY_NONE, NULL);
    if (SSL_CTX_set_min_proto_version(client, version) == 1 &&
        SSL_CTX_set_max_proto_version(client, version) == 1 &&
        SSL_CTX_set_ciphersuites(client, "TLS_AES_128_GCM_SHA256") == 1 &&
        SSL_CTX_set_cipher_list(client, ciphers) == 1 &&
        SSL_CTX_set1_groups_list(client, "P-256:P-384:P-521:X25519") == 1 &&
        SSL_CTX_set1_sigalgs_list(client, is_rsa ? SIGNATURES_RSA : SIGNATURES_EC) == 1)
        return client;
    SSL_CTX_free(client);
    return NULL;
}

static SSL *side_new(SSL_CTX *context, BIO *read, BIO *write)
{
    SSL *ssl = SSL_new(context);

    if (!ssl)
        return NULL;
    BIO_up_ref(read);
    BIO_up_ref(write);
    SSL_set_bio(ssl, read, write);
    return ssl;
}

/* 1 done, 0 wants more, -1 failed. */
static int step(SSL *ssl)
{
    ERR_clear_error();
    int got = SSL_do_handshake(ssl);
    if (got == 1)
        return 1;
    return SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static bool shake_hands(SSL *client, SSL *server)
{
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int turn = 0; turn < HANDSHAKE_TURNS; turn++) {
        int client_done = step(client);
        int server_done = client_done < 0 ? -1 : step(server);
        if (client_done < 0 || server_done < 0)
            return false;
        if (client_done && server_done)
            return true;
    }
    return false;
}

static bool shakes_with(const struct tls_check *check, SSL_CTX *client_context)
{
    BIO *to_server = BIO_new(BIO_s_mem());
    BIO *to_client = BIO_new(BIO_s_mem());
    SSL *client = NULL;
    SSL *server = NULL;
    bool is_good = false;

    if (!client_context || !to_server || !to_client)
        goto out;
    client = side_new(client_context, to_client, to_server);
    server = side_new(check->server, to_server, to_client);
    if (client && server && (!check->name || SSL_set_tlsext_host_name(client, check->name) == 1))
        is_good = shake_hands(client, server) &&
                  X509_cmp(SSL_get0_peer_certificate(client), check->pair->leaf) == 0;
out:
    SSL_free(server);
    SSL_free(client);
    BIO_free(to_client);
    BIO_free(to_server);
    return is_good;
}

int tls_self_check(const struct tls_check *check, struct ap_error *error)
{
    for (size_t i = 0; i < AP_COUNT(VERSIONS); i++) {
        if (check->profile < VERSIONS[i].from)
            continue;
        SSL_CTX *client = client_new(VERSIONS[i].number, check->profile, check->pair->key_type);
        bool is_good = shakes_with(check, client);
        SSL_CTX_free(client);
        if (!is_good)
            return ap_error_set(error, AP_ECRYPTO, "%s: a TLS %s handshake with itself fails (%s)",
                                check->certificate_file, VERSIONS[i].name, tls_reason());
    }
    ERR_clear_error();
    return 0;
}
