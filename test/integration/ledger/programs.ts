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

/** The same, alone on a disk of 512 kB, mounted at that directory for it only. */
export function startOnSmallDisk(
  file: URL,
  directory: string,
  ...parameters: string[]
): ChildProcessByStdio<Writable, Readable, Readable> {
  const program = [
    process.execPath,
    '--conditions=@tallygate/source',
    '--import',
    'tsx',
    fileURLToPath(file),
  ];
  const script = 'mkdir -p "$0" && mount -t tmpfs -o size=512k tmpfs "$0" && exec "$@" "$0"';
  const isolated = [
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
    directory,
    ...program,
    ...parameters,
  ];
  return spawn('unshare', isolated, { stdio: ['pipe', 'pipe', 'pipe'] });
}
