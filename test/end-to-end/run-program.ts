import { type ChildProcess, spawn } from 'node:child_process';
import { builtProgram } from '../setup/built-programs.ts';

export interface ProgramResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningProgram {
  process: ChildProcess;
  /** Resolves as soon as stderr holds the text; rejects when the program ends without it. */
  said(text: string): Promise<void>;
  /** What stderr holds so far. */
  errorText(): string;
  ended: Promise<ProgramResult>;
}

const variables = (extra: Record<string, string>) => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TALLYGATE_|ANTHROPIC_|NODE_ENV$|VITEST)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...extra };
};

/** Starts a program of the repository, named by its source as `services/demo/src/main.ts`, in a working directory of its own. */
export function startProgram(
  path: string,
  args: string[],
  options: { cwd: string; environment?: Record<string, string> },
): RunningProgram {
  const child = spawn(process.execPath, [builtProgram(path), ...args], {
    cwd: options.cwd,
    env: variables(options.environment ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<ProgramResult>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, ...output }));
  });
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => output.stderr.includes(text) && resolve();
      child.stderr.on('data', look);
      void ended.then(() => reject(new Error(`It ended without saying "${text}":\n${output.stderr}`)));
      look();
    });
  return { process: child, said, errorText: () => output.stderr, ended };
}

export function runProgram(...start: Parameters<typeof startProgram>): Promise<ProgramResult> {
  return startProgram(...start).ended;
}
