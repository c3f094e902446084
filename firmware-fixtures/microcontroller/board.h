// The emulated board: a Cortex-M3 with a serial line, a watchdog, and memory that outlives its power.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

// Of a word that was in memory before a reset, the boot loader and the application tell each other.
#define WISH REGISTER(0x20000000)
#define WISH_TO_STAY_IN_LOADER 0x4c4f4144u
#define RUNNING_BANK REGISTER(0x20000004)
// Where an image runs; it is copied there from its bank.
#define RUN_ADDRESS 0x20010000u

void board_start(void);
void board_reset(void) __attribute__((noreturn));
// From here on the board is reset unless it is fed at least every three seconds.
void watchdog_start(void);
void watchdog_feed(void);
// The next byte of the line, or -1 after so many milliseconds of silence.
int line_byte(uint32_t patience_ms);
void line_put(uint8_t byte);
void line_print(const char *text);
// A whole line without its end; false when it is silent for too long. What does not fit is cut off.
bool line_read(char *text, size_t size, uint32_t patience_ms);
