/**
 * The start time of an update (TUF 5.1): the device's clock, but never before what it knows has
 * already passed, so that a dead clock cannot make expired metadata fresh again (A9).
 */
export function startTime(clock: Date, ...floors: readonly Date[]): Date {
  return new Date(Math.max(clock.getTime(), ...floors.map((floor) => floor.getTime())));
}
