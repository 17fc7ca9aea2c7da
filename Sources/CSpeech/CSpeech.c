#include "CSpeech.h"

int cspeech_opus_set_bit_rate(OpusEncoder *encoder, opus_int32 bitsPerSecond) {
    int status = opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bitsPerSecond));
    if (status != OPUS_OK) {
        return status;
    }
    // Every frame is sent: discontinuous transmission would look like loss to who counts packets.
    status = opus_encoder_ctl(encoder, OPUS_SET_DTX(0));
    if (status != OPUS_OK) {
        return status;
    }
    return opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
}
