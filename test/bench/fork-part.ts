import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ShowProgress } from './run.ts';

export interface PartReply<Result> {
  result: Result;
  /** The largest the process ever was, engine and all. */
  peakMemoryMb: number;
}
type PartMessage = { reply: PartReply<unknown> } | { progress: Parameters<ShowProgress> };

/**
 * Runs a part of a bench in a process of its own: what one of them takes is not the next one's peak. Rejects when it ends without a
 * reply; what went wrong stands on its stderr.
 * @param main module of the process, which calls `replyFrom`.
 */
export function forkPart<Result>(
  main: URL,
  args: readonly string[],
  showProgress: ShowProgress,
): Promise<PartReply<Result>> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(main), args);
    child.on('message', (message: PartMessage) => {
      if ('reply' in message) resolve(message.reply as PartReply<Result>);
      else showProgress(...message.progress);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      reject(new Error(`"${args[0]}" ended without a reply: ${signal ?? code}`)),
    );
  });
}

/** In the process: does the work that its arguments name, and replies. */
export async function replyFrom(
  work: (args: string[], showProgress: ShowProgress) => Promise<unknown>,
): Promise<void> {
  const say = (message: PartMessage) => process.send?.(message);
  const result = await work(process.argv.slice(2), (...progress) => say({ progress }));
  say({ reply: { result, peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1_024) } });
  process.disconnect();
}
