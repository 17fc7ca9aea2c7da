#define _GNU_SOURCE
#include "addresses.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct cnet_pool {
    uint32_t slots;
    uint32_t octets;
    uint8_t *storage;
    struct cnet_packet *packets;
    struct mmsghdr headers[CNET_BATCH];
    struct iovec vectors[CNET_BATCH];
    union cnet_sockaddr names[CNET_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[CNET_BATCH][64];
};

struct cnet_pool *cnet_pool_create(uint32_t slots, uint32_t octets) {
    struct cnet_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->slots = slots;
    pool->octets = octets;
    pool->storage = calloc(slots, octets);
    pool->packets = calloc(slots, sizeof *pool->packets);
    if (!pool->storage || !pool->packets) {
        cnet_pool_destroy(pool);
        return NULL;
    }
    for (uint32_t i = 0; i < slots; i++) pool->packets[i].octets = pool->storage + (size_t)i * octets;
    return pool;
}

void cnet_pool_destroy(struct cnet_pool *pool) {
    if (!pool) return;
    free(pool->storage);
    free(pool->packets);
    free(pool);
}

const struct cnet_packet *cnet_packet(const struct cnet_pool *pool, uint32_t slot) {
    return slot < pool->slots ? &pool->packets[slot] : NULL;
}

static int64_t arrival(struct msghdr *header) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(c), sizeof time);
            return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        }
    }
    return 0;
}

int cnet_receive(struct cnet_pool *pool, int fd, const uint32_t *slots, uint32_t count) {
    if (count > CNET_BATCH) count = CNET_BATCH;
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] >= pool->slots) return -EINVAL;
        pool->vectors[i] = (struct iovec){.iov_base = pool->packets[slots[i]].octets, .iov_len = pool->octets};
        pool->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &pool->names[i],
            .msg_namelen = sizeof pool->names[i],
            .msg_iov = &pool->vectors[i],
            .msg_iovlen = 1,
            .msg_control = pool->controls[i],
            .msg_controllen = sizeof pool->controls[i],
        };
    }
    int received = recvmmsg(fd, pool->headers, count, MSG_DONTWAIT, NULL);
    if (received < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    for (int i = 0; i < received; i++) {
        struct cnet_packet *packet = &pool->packets[slots[i]];
        packet->length = pool->headers[i].msg_len;
        packet->is_truncated = pool->headers[i].msg_hdr.msg_flags & MSG_TRUNC;
        packet->arrival = arrival(&pool->headers[i].msg_hdr);
        cnet_from_sockaddr(&pool->names[i], &packet->from);
    }
    return received;
}
