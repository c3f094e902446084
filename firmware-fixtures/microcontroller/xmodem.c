#include "xmodem.h"

enum { SOH = 1, STX = 2, EOT = 4, ACK = 6, NAK = 21, CAN = 24 };

#define MOST_FAULTS 10
#define SILENCE_MS 1000u

static uint16_t add_to_crc(uint16_t crc, uint8_t byte) {
  crc ^= (uint16_t)(byte << 8);
  for (int bit = 0; bit < 8; bit++) crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
  return crc;
}

// Whether a block came as it was sent; its bytes go to `block`.
static bool receive_block(uint8_t *block, size_t length, uint8_t *number) {
  int first = line_byte(SILENCE_MS), second = line_byte(SILENCE_MS);
  uint16_t crc = 0;
  for (size_t at = 0; at < length; at++) {
    int byte = line_byte(SILENCE_MS);
    if (byte < 0) return false;
    block[at] = (uint8_t)byte;
    crc = add_to_crc(crc, block[at]);
  }
  int high = line_byte(SILENCE_MS), low = line_byte(SILENCE_MS);
  *number = (uint8_t)first;
  return first >= 0 && second == 255 - first && low >= 0 && high == crc >> 8 && low == (crc & 255);
}

static bool give_up(void) {
  line_put(CAN);
  line_put(CAN);
  return false;
}

bool xmodem_receive(uint8_t *target, size_t size) {
  static uint8_t block[1024];
  size_t at = 0;
  uint8_t expected = 1;
  int faults = 0;
  line_put('C');
  while (faults < MOST_FAULTS) {
    int kind = line_byte(SILENCE_MS);
    if (kind == EOT) {
      line_put(ACK);
      return true;
    }
    if (kind == CAN) return false;
    size_t length = kind == STX ? 1024 : 128;
    uint8_t number = 0;
    if ((kind != SOH && kind != STX) || !receive_block(block, length, &number)) {
      faults++;
      line_put(at == 0 ? 'C' : NAK);
      continue;
    }
    if (number == expected) {
      if (length > size - at) length = size - at; // the last one is filled up
      for (size_t index = 0; index < length; index++) target[at + index] = block[index];
      at += length;
      expected++;
      faults = 0;
    } else if (number != (uint8_t)(expected - 1)) {
      return give_up(); // a block that came before is only said once more
    }
    line_put(ACK);
  }
  return give_up();
}
