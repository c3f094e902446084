// Two banks for images, and the record of which one runs: the old one stays until the new is confirmed.
#pragma once
#include "board.h"

#define BANK_BYTES 0x10000u

enum trial { NO_TRIAL, TRIAL_WANTED, TRIAL_RUNS };

struct record {
  uint32_t magic;
  uint32_t sequence;
  uint32_t active;
  uint32_t trial;
  uint32_t lengths[2]; // 0: nothing that could run
  uint8_t digests[2][32];
  uint32_t check;
};

// An image: the vectors of a Cortex-M, and behind them what it is.
struct image {
  uint32_t vectors[16];
  char magic[8];
  char version[24];
};

uint8_t *bank_bytes(uint32_t bank);
const struct image *bank_image(uint32_t bank);
// Read anew: what is there, or an empty record.
struct record record_read(void);
// Kept twice; the older copy is written, so that one is whole whenever the power goes.
void record_write(struct record record);
// Whether the bytes of a bank are those that it was given.
bool bank_is_whole(const struct record *record, uint32_t bank);
// `ok <bank> <state> <version> <digest> <digest of the other bank, or ->`
void tell_about(const struct record *record, uint32_t bank, const char *state);
