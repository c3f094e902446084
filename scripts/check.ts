// `npm run check`: everything that must hold before a commit, fastest first. CI runs the same.
import { parseArgs } from 'node:util';
import { runStep } from './check/run-step.ts';
import { chooseSteps, STEPS, type Step } from './check/steps.ts';

const steps = stepsFromArguments();
const failed: Step[] = [];
for (const step of steps) {
  if (process.stdout.isTTY) process.stdout.write(`...     ${step.name}\r`);
  const { seconds, isGood, output } = await runStep(step);
  console.log(`${isGood ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(16)} ${seconds.toFixed(1)} s`);
  if (isGood) continue;
  console.log(output);
  failed.push(step);
  // A type error makes the slow steps after it fail for the same reason.
  if (step.name === 'types') break;
}

if (failed.length > 0) {
  console.error(`\n${failed.length} of ${steps.length} steps failed:`);
  for (const { name, hint } of failed) console.error(`  ${name}: ${hint}`);
  process.exitCode = 1;
} else {
  console.log(`\nall ${steps.length} steps hold`);
}

function stepsFromArguments(): readonly Step[] {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string' }, skip: { type: 'string' } },
    });
    return chooseSteps(STEPS, values);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('usage: npm run check -- [--only a,b] [--skip a,b]');
    process.exit(2);
  }
}
