/** What people see of the demo. */
export interface Screen {
  readonly begin: (title: string) => void;
  /** A line below the step that runs. */
  readonly progress: (line: string) => void;
  readonly done: (says: string, seconds: number) => void;
  readonly failed: (error: string, seconds: number) => void;
  /** Text that belongs to no step. */
  readonly say: (text: string) => void;
}

/** Plain lines, so that a log of the demo reads like the terminal did. */
export function plainScreen(print: (line: string) => void): Screen {
  let number = 0;
  return {
    begin: (title) => {
      number += 1;
      print(`${String(number).padStart(2)}  ${title}`);
    },
    progress: (line) => {
      print(`      . ${line}`);
    },
    done: (says, seconds) => {
      print(`      ${says}  (${seconds.toFixed(1)} s)\n`);
    },
    failed: (error, seconds) => {
      print(`      FAILED after ${seconds.toFixed(1)} s: ${error}\n`);
    },
    say: print,
  };
}
