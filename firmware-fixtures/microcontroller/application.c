// What runs on the board. It answers on the line, and confirms itself only when it is told to.
#include "banks.h"

#ifndef BEHAVIOUR
#define BEHAVIOUR WELL
#endif
enum { WELL, HANGS, BABBLES };

void reset_handler(void);
extern const uint32_t stack_top;

__attribute__((section(".image"), used)) static const struct {
  const void *stack;
  void (*handlers[15])(void);
  char magic[8];
  char version[24];
} IMAGE = {
    &stack_top,
    // whatever goes wrong ends in a reset, and that ends a trial
    {reset_handler, board_reset, board_reset, board_reset, board_reset, board_reset},
    "SLMCU-1",
    VERSION,
};

static void confirm(struct record record) {
  if (record.trial == TRIAL_RUNS) {
    record.active = RUNNING_BANK;
    record.trial = NO_TRIAL;
    record_write(record);
  }
  line_print("ok confirmed\n");
}

static void revert(struct record record) {
  uint32_t other = 1 - RUNNING_BANK;
  if (!bank_is_whole(&record, other)) {
    line_print("no image to go back to\n");
    return;
  }
  record.active = other;
  record.trial = NO_TRIAL;
  record_write(record);
  line_print("ok back\n");
  board_reset();
}

static bool is(const char *text, const char *word) {
  while (*text && *text == *word) text++, word++;
  return *text == *word;
}

static void answer(const char *text) {
  struct record record = record_read();
  if (is(text, "info")) {
    tell_about(&record, RUNNING_BANK, record.trial == TRIAL_RUNS ? "trial" : "confirmed");
  } else if (is(text, "confirm")) {
    confirm(record);
  } else if (is(text, "revert")) {
    revert(record);
  } else if (is(text, "loader")) {
    WISH = WISH_TO_STAY_IN_LOADER;
    line_print("ok loader\n");
    board_reset();
  } else if (*text) {
    line_print("no such word\n");
  }
}

void reset_handler(void) {
  char text[128];
  board_start();
  watchdog_feed();
  for (;;) {
    if (BEHAVIOUR == HANGS) continue;
    if (BEHAVIOUR == BABBLES) line_print("ok ok \x01\xff!\n");
    if (line_read(text, sizeof text, BEHAVIOUR == BABBLES ? 10 : 1000)) answer(text);
    else watchdog_feed();
  }
}
