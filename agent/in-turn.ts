/** Runs one piece of work at a time, in the order it was asked for. */
export type InTurn = <R>(work: () => Promise<R>) => Promise<R>;

/** A turn of its own: for whoever owns files that two callers could write at once. */
export function inTurn(): InTurn {
  let busy: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = busy.then(work, work);
    busy = done.catch(() => undefined); // whoever asked for it hears of it
    return done;
  };
}
