// The boot loader: starts the image that is confirmed, or one on trial once; takes a new one by
// XMODEM-CRC into the bank that does not run. A trial that is not confirmed before the next reset,
// whoever caused it, is over.
#include "banks.h"
#include "sha256.h"
#include "xmodem.h"

// A gateway that has lost its power must not leave the board without its application.
#define PATIENCE_MS 10000u

static void start(uint32_t bank) {
  const uint8_t *from = bank_bytes(bank);
  uint8_t *to = (uint8_t *)RUN_ADDRESS;
  for (uint32_t at = 0; at < BANK_BYTES; at++) to[at] = from[at];
  RUNNING_BANK = bank;
  watchdog_start();
  REGISTER(0xe000ed08) = RUN_ADDRESS; // where the vectors are
  const uint32_t *vectors = (const uint32_t *)RUN_ADDRESS;
  __asm__ volatile("msr msp, %0\n bx %1" ::"r"(vectors[0]), "r"(vectors[1]));
}

static void start_what_may_run(struct record record) {
  uint32_t spare = 1 - record.active;
  if (record.trial == TRIAL_RUNS) {
    record.trial = NO_TRIAL;
    record.lengths[spare] = 0;
    record_write(record);
  }
  if (record.trial == TRIAL_WANTED) {
    record.trial = TRIAL_RUNS;
    record_write(record);
    if (bank_is_whole(&record, spare)) start(spare);
  }
  if (bank_is_whole(&record, record.active)) start(record.active);
}

static bool starts_with(const char **text, const char *word) {
  const char *at = *text;
  while (*word) {
    if (*at++ != *word++) return false;
  }
  *text = at;
  return true;
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

// `load <length> <sha256>`
static bool parse_load(const char *text, uint32_t *length, uint8_t digest[32]) {
  *length = 0;
  while (*text >= '0' && *text <= '9' && *length <= BANK_BYTES) {
    *length = *length * 10 + (uint32_t)(*text++ - '0');
  }
  if (*text++ != ' ') return false;
  for (int at = 0; at < 32; at++, text += 2) {
    int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
    if (low < 0) return false;
    digest[at] = (uint8_t)(high << 4 | low);
  }
  return *text == 0;
}

static const char *load(const char *text) {
  struct record record = record_read();
  uint32_t spare = 1 - record.active, length;
  uint8_t digest[32];
  if (!parse_load(text, &length, digest)) return "no load needs a length and a digest\n";
  if (length > BANK_BYTES || length < sizeof(struct image)) return "no such length fits a bank\n";
  record.trial = NO_TRIAL;
  record.lengths[spare] = 0;
  record_write(record);
  line_print("ok send it\n");
  if (!xmodem_receive(bank_bytes(spare), length)) return "no it did not come whole\n";
  record.lengths[spare] = length;
  for (int at = 0; at < 32; at++) record.digests[spare][at] = digest[at];
  if (!bank_is_whole(&record, spare)) return "no it is not what was announced\n";
  if (__builtin_memcmp(bank_image(spare)->magic, "SLMCU-1", 8)) return "no image for this board\n";
  record_write(record);
  return "ok stored\n";
}

static const char *try_spare(void) {
  struct record record = record_read();
  if (!bank_is_whole(&record, 1 - record.active)) return "no image to try\n";
  record.trial = TRIAL_WANTED;
  record_write(record);
  line_print("ok trying\n");
  board_reset();
}

static const char *revert(void) {
  struct record record = record_read();
  uint32_t spare = 1 - record.active;
  if (record.trial != NO_TRIAL) record.lengths[spare] = 0; // what is confirmed is to run again
  else if (!bank_is_whole(&record, spare)) return "no image to go back to\n";
  else record.active = spare;
  record.trial = NO_TRIAL;
  record_write(record);
  line_print("ok back\n");
  board_reset();
}

// What became of the last transfer: whoever sent it may have missed the answer behind it.
static const char *result;

static const char *answer(const char *text) {
  if (starts_with(&text, "load ")) return result = load(text);
  if (starts_with(&text, "result")) return result;
  if (starts_with(&text, "try")) return try_spare();
  if (starts_with(&text, "revert")) return revert();
  if (starts_with(&text, "loader")) return "ok loader\n";
  if (starts_with(&text, "run")) {
    line_print("ok running\n");
    board_reset();
  }
  if (starts_with(&text, "info")) {
    struct record record = record_read();
    tell_about(&record, record.active, "loader");
    return "";
  }
  return *text ? "no such word\n" : "";
}

void reset_handler(void) {
  board_start();
  result = "no image was sent\n";
  bool stays = WISH == WISH_TO_STAY_IN_LOADER;
  WISH = 0;
  if (!stays) start_what_may_run(record_read());
  char text[128];
  for (;;) {
    if (line_read(text, sizeof text, PATIENCE_MS)) {
      line_print(answer(text));
      continue;
    }
    struct record record = record_read();
    if (bank_is_whole(&record, record.active)) board_reset();
  }
}

extern const uint32_t stack_top;

__attribute__((section(".image"), used)) static const struct {
  const void *stack;
  void (*handlers[15])(void);
} VECTORS = {
    &stack_top,
    {reset_handler, board_reset, board_reset, board_reset, board_reset, board_reset},
};
