// SHA-256 (FIPS 180-4) of bytes that lie in memory.
#include "sha256.h"

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t word, uint32_t by) { return word >> by | word << (32 - by); }

static void add_block(uint32_t state[8], const uint8_t block[64]) {
  uint32_t w[64];
  for (int at = 0; at < 16; at++) {
    const uint8_t *b = block + 4 * at;
    w[at] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
  }
  for (int at = 16; at < 64; at++) {
    uint32_t low = turn(w[at - 15], 7) ^ turn(w[at - 15], 18) ^ w[at - 15] >> 3;
    uint32_t high = turn(w[at - 2], 17) ^ turn(w[at - 2], 19) ^ w[at - 2] >> 10;
    w[at] = w[at - 16] + low + w[at - 7] + high;
  }
  uint32_t s[8];
  for (int at = 0; at < 8; at++) s[at] = state[at];
  for (int at = 0; at < 64; at++) {
    uint32_t high = turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25);
    uint32_t one = s[7] + high + ((s[4] & s[5]) ^ (~s[4] & s[6])) + ROUND[at] + w[at];
    uint32_t low = turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22);
    uint32_t two = low + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int to = 7; to > 0; to--) s[to] = s[to - 1];
    s[4] += one;
    s[0] = one + two;
  }
  for (int at = 0; at < 8; at++) state[at] += s[at];
}

void sha256(const uint8_t *bytes, size_t length, uint8_t digest[32]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  size_t left = length;
  for (; left >= 64; left -= 64, bytes += 64) add_block(state, bytes);
  uint8_t tail[128] = {0};
  for (size_t at = 0; at < left; at++) tail[at] = bytes[at];
  tail[left] = 0x80;
  size_t end = left < 56 ? 64 : 128;
  for (int at = 0; at < 8; at++) tail[end - 1 - at] = (uint8_t)((uint64_t)length * 8 >> 8 * at);
  for (size_t at = 0; at < end; at += 64) add_block(state, tail + at);
  for (int at = 0; at < 32; at++) digest[at] = (uint8_t)(state[at / 4] >> (24 - at % 4 * 8));
}
