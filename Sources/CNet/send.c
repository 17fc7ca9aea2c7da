#define _GNU_SOURCE
#include "addresses.h"
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

struct cnet_list {
    uint32_t count;
    /// Shared by all headers, so that a payload is put in by one assignment.
    struct iovec payload;
    struct mmsghdr *headers;
    union cnet_sockaddr *names;
};

struct cnet_list *cnet_list_create(const struct cnet_address *destinations, uint32_t count) {
    struct cnet_list *list = calloc(1, sizeof *list);
    if (!list) return NULL;
    list->count = count;
    list->headers = calloc(count ? count : 1, sizeof *list->headers);
    list->names = calloc(count ? count : 1, sizeof *list->names);
    if (!list->headers || !list->names) {
        cnet_list_destroy(list);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct msghdr *header = &list->headers[i].msg_hdr;
        header->msg_name = &list->names[i];
        header->msg_namelen = cnet_to_sockaddr(&destinations[i], &list->names[i]);
        header->msg_iov = &list->payload;
        header->msg_iovlen = 1;
    }
    return list;
}

void cnet_list_destroy(struct cnet_list *list) {
    if (!list) return;
    free(list->headers);
    free(list->names);
    free(list);
}

/// Sends headers until all are dealt with or the socket is full; those that fail are skipped.
static uint32_t send_all(int fd, struct mmsghdr *headers, uint32_t count, uint32_t *failed) {
    uint32_t done = 0;
    while (done < count) {
        int sent = sendmmsg(fd, headers + done, count - done, MSG_DONTWAIT);
        if (sent > 0) {
            done += (uint32_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            break;
        } else if (errno != EINTR) {
            // This destination alone: unreachable, forbidden. The others are served.
            done++;
            (*failed)++;
        }
    }
    return done;
}

int cnet_list_send(struct cnet_list *list, int fd, const void *octets, size_t length, uint32_t start, uint32_t count,
                   uint32_t *failed) {
    if (start > list->count) return -EINVAL;
    if (count > list->count - start) count = list->count - start;
    list->payload = (struct iovec){.iov_base = (void *)octets, .iov_len = length};
    return (int)send_all(fd, list->headers + start, count, failed);
}

int cnet_send_segments(int fd, const struct cnet_address *to, const void *const *payloads, size_t length,
                       uint32_t count) {
    if (count == 0 || count > CNET_SEGMENTS || length == 0 || length * count > 65000) return -EINVAL;
    union cnet_sockaddr name;
    struct iovec vectors[CNET_SEGMENTS];
    for (uint32_t i = 0; i < count; i++)
        vectors[i] = (struct iovec){.iov_base = (void *)payloads[i], .iov_len = length};
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct msghdr header = {
        .msg_name = &name,
        .msg_namelen = cnet_to_sockaddr(to, &name),
        .msg_iov = vectors,
        .msg_iovlen = count,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    struct cmsghdr *segment = CMSG_FIRSTHDR(&header);
    segment->cmsg_level = SOL_UDP;
    segment->cmsg_type = UDP_SEGMENT;
    segment->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t size = (uint16_t)length;
    memcpy(CMSG_DATA(segment), &size, sizeof size);
    for (;;) {
        if (sendmsg(fd, &header, MSG_DONTWAIT) >= 0) return 0;
        if (errno != EINTR) return -errno;
    }
}

struct cnet_outgoing {
    uint32_t count;
    uint32_t octets;
    uint8_t *storage;
    struct mmsghdr headers[CNET_BATCH];
    struct iovec vectors[CNET_BATCH];
    union cnet_sockaddr names[CNET_BATCH];
};

struct cnet_outgoing *cnet_outgoing_create(uint32_t octets) {
    struct cnet_outgoing *outgoing = calloc(1, sizeof *outgoing);
    if (!outgoing) return NULL;
    outgoing->octets = octets;
    outgoing->storage = calloc(CNET_BATCH, octets);
    if (!outgoing->storage) {
        free(outgoing);
        return NULL;
    }
    return outgoing;
}

void cnet_outgoing_destroy(struct cnet_outgoing *outgoing) {
    if (!outgoing) return;
    free(outgoing->storage);
    free(outgoing);
}

bool cnet_outgoing_add(struct cnet_outgoing *outgoing, const struct cnet_address *to, const void *octets,
                       size_t length) {
    if (outgoing->count == CNET_BATCH || length > outgoing->octets) return false;
    uint32_t i = outgoing->count++;
    uint8_t *copy = outgoing->storage + (size_t)i * outgoing->octets;
    memcpy(copy, octets, length);
    outgoing->vectors[i] = (struct iovec){.iov_base = copy, .iov_len = length};
    outgoing->headers[i].msg_hdr = (struct msghdr){
        .msg_name = &outgoing->names[i],
        .msg_namelen = cnet_to_sockaddr(to, &outgoing->names[i]),
        .msg_iov = &outgoing->vectors[i],
        .msg_iovlen = 1,
    };
    return true;
}

uint32_t cnet_outgoing_flush(struct cnet_outgoing *outgoing, int fd, int patience) {
    uint32_t failed = 0, done = 0;
    for (;;) {
        done += send_all(fd, outgoing->headers + done, outgoing->count - done, &failed);
        if (done == outgoing->count) break;
        if (!cnet_wait_writable(fd, patience)) {
            failed += outgoing->count - done;
            break;
        }
    }
    outgoing->count = 0;
    return failed;
}
