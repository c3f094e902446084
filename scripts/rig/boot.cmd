# The board's boot script: takes the first slot of BOOT_ORDER that has tries left, and takes one try.
# The environment stands twice in the first partition, each copy with its own checksum; a power cut
# while one is written leaves the other.
setenv ea 0x48000000
setenv whole 0
part start virtio 0 1 first
setexpr second ${first} + 0x80
if virtio read ${ea} ${first} 0x80 && env import -c ${ea} 0x10000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT; then
  setenv whole 1
elif virtio read ${ea} ${second} 0x80 && env import -c ${ea} 0x10000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT; then
  setenv whole 2
fi
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
echo "##ENV copy=${whole} order=${BOOT_ORDER} A=${BOOT_A_LEFT} B=${BOOT_B_LEFT}"
setenv slot
for candidate in ${BOOT_ORDER}; do
  if test -n "${slot}"; then
    true
  elif test "${candidate}" = A; then
    if test ${BOOT_A_LEFT} -gt 0; then
      setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
      setenv slot A
      setenv part 3
    fi
  elif test "${candidate}" = B; then
    if test ${BOOT_B_LEFT} -gt 0; then
      setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
      setenv slot B
      setenv part 4
    fi
  fi
done
if test -z "${slot}"; then
  # Nothing is left to try: begin again rather than stand still for ever, but never with a slot that
  # is not in the order: it may be half written.
  echo "##NOSLOT"
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
fi
env export -c -s 0x10000 ${ea} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
virtio write ${ea} ${first} 0x80
virtio write ${ea} ${second} 0x80
test -n "${slot}" || reset
setenv bootargs "console=ttyAMA0 root=/dev/vda${part} slot=${slot} panic=1 quiet"
echo "##BOOT slot=${slot}"
if load virtio 0:${part} ${kernel_addr_r} /boot/Image && load virtio 0:${part} ${ramdisk_addr_r} /boot/initrd; then
  booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
fi
echo "##BOOTFAIL slot=${slot}"
reset
