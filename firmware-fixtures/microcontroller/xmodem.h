#pragma once
#include "board.h"

// Receives a file by XMODEM-CRC (blocks of 128 or 1024 bytes). False when it did not come whole.
bool xmodem_receive(uint8_t *target, size_t size);
