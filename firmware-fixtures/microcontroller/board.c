// ARM MPS2 with the AN385 image, as QEMU emulates it: registers of the CMSDK's UART and watchdog.
#include "board.h"

#define UART_DATA REGISTER(0x40004000)
#define UART_STATE REGISTER(0x40004004)
#define UART_CONTROL REGISTER(0x40004008)
#define UART_INTERRUPT REGISTER(0x4000400c)
#define UART_DIVIDER REGISTER(0x40004010)
#define WATCHDOG_LOAD REGISTER(0x40008000)
#define WATCHDOG_CONTROL REGISTER(0x40008008)
#define WATCHDOG_CLEAR REGISTER(0x4000800c)
#define WATCHDOG_LOCK REGISTER(0x40008c00)
#define TICK_CONTROL REGISTER(0xe000e010)
#define TICK_RELOAD REGISTER(0xe000e014)
#define TICK_VALUE REGISTER(0xe000e018)
#define IRQ_ENABLE REGISTER(0xe000e100)
#define IRQ_CLEAR REGISTER(0xe000e280)
#define ICSR REGISTER(0xe000ed04)
#define AIRCR REGISTER(0xe000ed0c)

#define HERTZ 25000000u
#define TICK_MS 10u

static void feed_nobody(void) {}
static void (*feed)(void) = feed_nobody;

void board_start(void) {
  feed = feed_nobody;
  __asm__ volatile("cpsid i"); // interrupts only wake us, nobody handles them
  UART_DIVIDER = HERTZ / 115200u;
  UART_CONTROL = 0xb; // transmit, receive, wake when something has come
  IRQ_ENABLE = 1;
  TICK_RELOAD = HERTZ / 1000u * TICK_MS - 1;
  TICK_VALUE = 0;
  TICK_CONTROL = 7;
}

void board_reset(void) {
  AIRCR = 0x05fa0004;
  for (;;) {
  }
}

void watchdog_start(void) {
  WATCHDOG_LOCK = 0x1acce551;
  WATCHDOG_LOAD = 3 * HERTZ;
  WATCHDOG_CONTROL = 3;
  feed = watchdog_feed;
}

void watchdog_feed(void) {
  feed = watchdog_feed;
  WATCHDOG_CLEAR = 1;
}

int line_byte(uint32_t patience_ms) {
  uint32_t waited = 0;
  for (;;) {
    if (UART_STATE & 2) {
      uint8_t byte = (uint8_t)UART_DATA;
      UART_INTERRUPT = 2;
      IRQ_CLEAR = 1;
      return byte;
    }
    if (ICSR & (1u << 26)) {
      ICSR = 1u << 25;
      feed();
      waited += TICK_MS;
      if (waited >= patience_ms) return -1;
    } else {
      __asm__ volatile("wfi");
    }
  }
}

void line_put(uint8_t byte) {
  while (UART_STATE & 1) {
  }
  UART_DATA = byte;
}

void line_print(const char *text) {
  while (*text) line_put((uint8_t)*text++);
}

bool line_read(char *text, size_t size, uint32_t patience_ms) {
  size_t length = 0;
  for (;;) {
    int byte = line_byte(patience_ms);
    if (byte < 0) return false;
    if (byte == '\n' || byte == '\r') {
      text[length] = 0;
      return true;
    }
    if (length + 1 < size) text[length++] = (char)byte;
  }
}
