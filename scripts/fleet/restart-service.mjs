// What a device's boot control calls after it has switched slots: `restart-service.mjs FOLDER PORT`.
// Ends the service that runs, and starts the one in the current slot. The board's init system would
// do this; here a process id in a file has to.
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [folder, port] = process.argv.slice(2);
const pidFile = join(folder, 'service.pid');

await stopRunning();
const program = join(folder, 'slots', 'current', 'service', 'server.mjs');
if (existsSync(program)) start(program);

async function stopRunning() {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  rmSync(pidFile);
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    if (!send(pid, signal)) return;
    for (let waited = 0; waited < 3_000 && send(pid, 0); waited += 20) await pause(20);
  }
}

function start(path) {
  const log = openSync(join(folder, 'service.log'), 'a');
  const service = spawn(process.execPath, [path], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, PORT: port },
  });
  writeFileSync(pidFile, String(service.pid));
  service.unref();
}

function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it is gone, which is what we want
  }
}
