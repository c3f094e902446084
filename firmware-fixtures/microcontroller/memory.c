// What the compiler calls by itself: there is no C library on the board.
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  for (size_t at = 0; at < size; at++) ((char *)to)[at] = ((const char *)from)[at];
  return to;
}

void *memset(void *to, int byte, size_t size) {
  for (size_t at = 0; at < size; at++) ((char *)to)[at] = (char)byte;
  return to;
}

int memcmp(const void *one, const void *other, size_t size) {
  for (size_t at = 0; at < size; at++) {
    int apart = ((const unsigned char *)one)[at] - ((const unsigned char *)other)[at];
    if (apart) return apart;
  }
  return 0;
}
