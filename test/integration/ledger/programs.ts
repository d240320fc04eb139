import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** A real process of its own, on the sources: what is killed here is really killed. */
export function startProgram(
  file: string,
  parameters: string[],
): ChildProcessByStdio<Writable, Readable, Readable> {
  const flags = ['--conditions=@tallygate/source', '--import', 'tsx', join(import.meta.dirname, file)];
  return spawn(process.execPath, [...flags, ...parameters], { stdio: ['pipe', 'pipe', 'pipe'] });
}
