#define _GNU_SOURCE
#include "addresses.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t read64(const uint8_t *octets) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value = value << 8 | octets[i];
    return value;
}

static void write64(uint64_t value, uint8_t *octets) {
    for (int i = 7; i >= 0; i--, value >>= 8) octets[i] = (uint8_t)value;
}

socklen_t cnet_to_sockaddr(const struct cnet_address *address, union cnet_sockaddr *out) {
    memset(out, 0, sizeof *out);
    if (address->is_ipv6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(address->port);
        write64(address->high, out->v6.sin6_addr.s6_addr);
        write64(address->low, out->v6.sin6_addr.s6_addr + 8);
        return sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(address->port);
    out->v4.sin_addr.s_addr = htonl((uint32_t)address->low);
    return sizeof out->v4;
}

void cnet_from_sockaddr(const union cnet_sockaddr *address, struct cnet_address *out) {
    if (address->any.sa_family == AF_INET6) {
        out->is_ipv6 = true;
        out->port = ntohs(address->v6.sin6_port);
        out->high = read64(address->v6.sin6_addr.s6_addr);
        out->low = read64(address->v6.sin6_addr.s6_addr + 8);
        return;
    }
    out->is_ipv6 = false;
    out->port = ntohs(address->v4.sin_port);
    out->high = 0;
    out->low = ntohl(address->v4.sin_addr.s_addr);
}

int cnet_udp_open(const struct cnet_address *local, int receive_bytes, int send_bytes, struct cnet_address *bound,
                  int granted[2]) {
    int fd = socket(local->is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    if (local->is_ipv6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    // FORCE needs a capability and goes beyond rmem_max; without it the ordinary option gives what is allowed.
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_bytes, sizeof send_bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    union cnet_sockaddr name;
    socklen_t length = cnet_to_sockaddr(local, &name);
    if (bind(fd, &name.any, length) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    length = sizeof name;
    if (getsockname(fd, &name.any, &length) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    cnet_from_sockaddr(&name, bound);
    if (granted) {
        socklen_t size = sizeof granted[0];
        getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted[0], &size);
        size = sizeof granted[1];
        getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &granted[1], &size);
    }
    return fd;
}

int cnet_udp_note_arrival(int fd) {
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 ? 0 : -errno;
}

uint32_t cnet_udp_drops(int fd) {
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof memory;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0) return 0;
    return memory[SK_MEMINFO_DROPS];
}

void cnet_close(int fd) {
    if (fd >= 0) close(fd);
}

bool cnet_wait_writable(int fd, int milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    return poll(&entry, 1, milliseconds) > 0;
}

int cnet_send(int fd, const struct cnet_address *to, const void *octets, size_t length) {
    union cnet_sockaddr name;
    socklen_t size = cnet_to_sockaddr(to, &name);
    for (;;) {
        if (sendto(fd, octets, length, 0, &name.any, size) >= 0) return 0;
        if (errno != EINTR) return -errno;
    }
}
