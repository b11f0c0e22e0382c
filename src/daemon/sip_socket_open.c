/* Sockets made, bound and joined. Must not know what comes and goes. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip_socket_private.h"

/* Addresses of interfaces that are looked through. */
#define ADDRESSES_MAX 1024

/* One socket that is being made, for messages. */
struct making {
    const struct config *config;
    const char *key; /* of the configuration */
    struct ap_error *error;
};

static int fail(const struct making *making, const char *what)
{
    const char *hint = "";
    int code = AP_EIO;

    if (errno == EADDRINUSE) {
        code = AP_EBUSY;
        hint = "; a PBX that is bound to 0.0.0.0 is in the way: bind it to its addresses, or take "
               "another port";
    } else if (errno == EACCES || errno == EPERM) {
        code = AP_EPERM;
    } else if (errno == EAFNOSUPPORT) { /* socket(2) alone says so */
        code = AP_EINVAL;
        hint = "; a unit without a network (private-network.conf) can do no SIP: take that drop-in "
               "away, or set pnp = off";
    }
    return ap_error_set(making->error, code, "%s: %s: %s: %s%s", making->config->path, making->key,
                        what, strerror(errno), hint);
}

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* -- interfaces -------------------------------------------------------------------------------- */

/* All IPv4 addresses with their interfaces (netdevice(7)): getifaddrs(3) wants AF_NETLINK, which
 * the systemd unit does not give. Caller frees. NULL: errno tells. */
static struct ifreq *list_addresses(int fd, size_t *ret_count)
{
    struct ifreq *rows = calloc(ADDRESSES_MAX, sizeof(*rows));
    struct ifconf list = {.ifc_len = ADDRESSES_MAX * (int)sizeof(*rows)};

    if (!rows)
        return NULL;
    list.ifc_req = rows;
    if (ioctl(fd, SIOCGIFCONF, &list) != 0) {
        free(rows);
        return NULL;
    }
    *ret_count = (size_t)list.ifc_len / sizeof(*rows);
    return rows;
}

/* "eth0:1" is an address of eth0. */
static int take_interface(struct sip_door *door, const char *label)
{
    struct ifreq row = {.ifr_flags = 0};

    (void)snprintf(door->name, sizeof(door->name), "%.*s", (int)strcspn(label, ":"), label);
    (void)snprintf(row.ifr_name, sizeof(row.ifr_name), "%s", door->name); /* the same size */
    if (ioctl(door->fd, SIOCGIFINDEX, &row) != 0)
        return -1;
    door->interface = (unsigned)row.ifr_ifindex;
    return 0;
}

static int find_interface(const struct making *making, struct sip_door *door,
                          const struct address *address)
{
    char text[AP_ADDRESS_TEXT_MAX];
    size_t count = 0;
    struct ifreq *rows = list_addresses(door->fd, &count);
    int err = rows ? AP_ENOENT : fail(making, "the interfaces cannot be listed");

    for (size_t i = 0; err == AP_ENOENT && i < count; i++) {
        struct address other;
        address_from_sockaddr(&rows[i].ifr_addr, &other);
        if (other.family != AF_INET || memcmp(other.bytes, address->bytes, 4) != 0)
            continue;
        err = take_interface(door, rows[i].ifr_name) == 0 ? 0 : fail(making, door->name);
    }
    free(rows);
    if (err != AP_ENOENT)
        return err;
    address_format(address, text);
    /* It may come later: systemd tries again. */
    return ap_error_set(making->error, AP_EIO,
                        "%s: %s: no interface has the address %s; look with: ip -4 address",
                        making->config->path, making->key, text);
}

/* -- sockets ----------------------------------------------------------------------------------- */

/* The next door with a socket of its own. It belongs to sip from here on. */
static int make_door(const struct making *making, struct sip_socket *sip, int family,
                     struct sip_door **ret_door)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return fail(making, "no socket");
    struct sip_door *door = &sip->doors[sip->count++];
    *door = (struct sip_door){.sip = sip, .fd = fd, .family = family};
    *ret_door = door;
    return 0;
}

static int bind_door(const struct making *making, const struct sip_door *door,
                     const struct address *address)
{
    struct sockaddr_storage sockaddr;
    socklen_t len = address_to_sockaddr(address, &sockaddr);
    char text[AP_ADDRESS_TEXT_MAX], what[AP_ADDRESS_TEXT_MAX + 32];

    if (bind(door->fd, (const struct sockaddr *)&sockaddr, len) == 0)
        return 0;
    address_format(address, text);
    (void)snprintf(what, sizeof(what), "UDP %s port %u", text, (unsigned)address->port); /* fits */
    return fail(making, what);
}

static int open_group(struct making *making, struct sip_socket *sip,
                      const struct address *interface)
{
    struct address group = {.family = AF_INET};
    struct sip_door *door;

    making->key = "pnp_interfaces";
    if (address_parse(SIP_SOCKET_GROUP, &group) != 0)
        return AP_EINVAL; /* it is one */
    group.port = (uint16_t)making->config->pnp_port;
    int err = make_door(making, sip, AF_INET, &door);
    if (!err)
        err = find_interface(making, door, interface);
    if (err)
        return err;
    door->is_multicast = true;
    memcpy(&door->membership.imr_multiaddr, group.bytes, 4);
    memcpy(&door->membership.imr_address, interface->bytes, 4);
    /* Others may be bound to the group too: a second interface, a PBX that does PnP itself. */
    if (set_option(door->fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0 ||
        set_option(door->fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) != 0 ||
        set_option(door->fd, IPPROTO_IP, IP_PKTINFO, 1) != 0)
        return fail(making, "socket options");
    making->key = "pnp_port";
    err = bind_door(making, door, &group);
    making->key = "pnp_interfaces";
    if (!err && setsockopt(door->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &door->membership,
                           sizeof(door->membership)) != 0)
        err = fail(making, door->name);
    return err;
}

static int set_sender_options(const struct making *making, const struct sip_door *door)
{
    const struct config *config = making->config;

    if (door->family == AF_INET6)
        return set_option(door->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    /* On the group's own port it stands beside the group's sockets, and hears the group not. */
    if (config->pnp != CONFIG_PNP_OFF && config->sip_port == config->pnp_port &&
        set_option(door->fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
        return -1;
    return set_option(door->fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
}

static int open_sender(struct making *making, struct sip_socket *sip, int family)
{
    const struct address any = {.family = family, .port = (uint16_t)making->config->sip_port};
    struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(bound);
    struct address local;
    struct sip_door *door;

    making->key = "sip_port";
    int err = make_door(making, sip, family, &door);
    if (err)
        return err;
    if (set_sender_options(making, door) != 0)
        return fail(making, "socket options");
    err = bind_door(making, door, &any);
    if (err)
        return err;
    if (getsockname(door->fd, (struct sockaddr *)&bound, &len) != 0)
        return fail(making, "its port");
    address_from_sockaddr((const struct sockaddr *)&bound, &local);
    door->port = local.port;
    return 0;
}

/* A machine without IPv6 goes without. */
static int open_ipv6(struct making *making, struct sip_socket *sip)
{
    int err = open_sender(making, sip, AF_INET6);

    return err == AP_EINVAL ? 0 : err;
}

int sip_socket_open(const struct config *config, struct sip_socket **ret_sip,
                    struct ap_error *error)
{
    struct sip_socket *sip = calloc(1, sizeof(*sip));
    struct making making = {.config = config, .error = error};

    if (!sip)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    int err = open_sender(&making, sip, AF_INET);
    if (!err)
        err = open_ipv6(&making, sip);
    for (size_t i = 0; !err && config->pnp != CONFIG_PNP_OFF && i < config->pnp_interfaces.count;
         i++)
        err = open_group(&making, sip, &config->pnp_interfaces.items[i]);
    if (err) {
        sip_socket_close(sip);
        return err;
    }
    *ret_sip = sip;
    return 0;
}
