// Loaded before a program: its clock is off by so much, as on a board whose clock has lost its battery.
// What counts seconds (timers, `performance`) is not touched, as it is not there.
const shiftMs = Number(process.env['TEST_CLOCK_SHIFT_MS']);
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct: (real, args: unknown[]) => {
    const [value = real.now() + shiftMs] = args as [number?];
    return new real(value);
  },
  get: (real, name) =>
    name === 'now' ? () => real.now() + shiftMs : (Reflect.get(real, name) as unknown),
});
