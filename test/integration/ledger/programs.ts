import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A real process of its own, on the sources: what is killed here is really killed. */
export function startProgram(
  file: URL,
  parameters: string[],
): ChildProcessByStdio<Writable, Readable, Readable> {
  const flags = ['--conditions=@tallygate/source', '--import', 'tsx', fileURLToPath(file)];
  return spawn(process.execPath, [...flags, ...parameters], { stdio: ['pipe', 'pipe', 'pipe'] });
}
