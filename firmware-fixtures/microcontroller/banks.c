#include "banks.h"
#include "sha256.h"

#define MAGIC 0x534c4d43u
#define STORAGE 0x21000000u // QEMU keeps it in a file: it is this board's flash
#define EMPTY_RECORD ((struct record){.magic = MAGIC})

static struct record *copy_of_record(uint32_t copy) {
  return (struct record *)(STORAGE + copy * 0x1000u);
}

uint8_t *bank_bytes(uint32_t bank) { return (uint8_t *)(STORAGE + (bank + 1) * BANK_BYTES); }

const struct image *bank_image(uint32_t bank) { return (const struct image *)bank_bytes(bank); }

static uint32_t check_of(const struct record *record) {
  const uint8_t *bytes = (const uint8_t *)record;
  uint32_t hash = 2166136261u;
  for (size_t at = 0; at < offsetof(struct record, check); at++) {
    hash = (hash ^ bytes[at]) * 16777619u;
  }
  return hash;
}

static bool is_whole(const struct record *record) {
  return record->magic == MAGIC && record->check == check_of(record);
}

static const struct record *newest_record(void) {
  const struct record *found = NULL;
  for (uint32_t copy = 0; copy < 2; copy++) {
    const struct record *record = copy_of_record(copy);
    if (is_whole(record) && (!found || record->sequence > found->sequence)) found = record;
  }
  return found;
}

struct record record_read(void) {
  const struct record *found = newest_record();
  return found ? *found : EMPTY_RECORD;
}

void record_write(struct record record) {
  const struct record *newest = newest_record();
  struct record *target = copy_of_record(newest == copy_of_record(0) ? 1 : 0);
  record.sequence = newest ? newest->sequence + 1 : 1;
  record.check = check_of(&record);
  target->magic = 0; // torn until it is whole
  *target = record;
}

bool bank_is_whole(const struct record *record, uint32_t bank) {
  uint32_t length = record->lengths[bank];
  if (length == 0 || length > BANK_BYTES) return false;
  uint8_t digest[32];
  sha256(bank_bytes(bank), length, digest);
  return __builtin_memcmp(digest, record->digests[bank], sizeof digest) == 0;
}

static void print_digest(const struct record *record, uint32_t bank) {
  if (record->lengths[bank] == 0) {
    line_print("-");
    return;
  }
  for (size_t at = 0; at < 32; at++) {
    uint8_t byte = record->digests[bank][at];
    line_put((uint8_t)"0123456789abcdef"[byte >> 4]);
    line_put((uint8_t)"0123456789abcdef"[byte & 15]);
  }
}

void tell_about(const struct record *record, uint32_t bank, const char *state) {
  line_print("ok ");
  line_put((uint8_t)('a' + bank));
  line_print(" ");
  line_print(state);
  line_print(" ");
  line_print(record->lengths[bank] ? bank_image(bank)->version : "-");
  line_print(" ");
  print_digest(record, bank);
  line_print(" ");
  print_digest(record, 1 - bank);
  line_print("\n");
}
