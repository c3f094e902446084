/** Something that runs until it is stopped. */
export interface Running {
  /** Resolves when the run that was under way has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * Runs a task again and again, never twice at once. A run that fails is reported, and the next one comes
 * all the same.
 */
export function every(
  milliseconds: number,
  task: () => Promise<void>,
  failed: (cause: unknown) => void,
): Running {
  let run = Promise.resolve();
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    run = task()
      .catch(failed)
      .finally(() => {
        isRunning = false;
      });
  }, milliseconds);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return run;
    },
  };
}
