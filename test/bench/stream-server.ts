import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./stream-server-main.ts', import.meta.url));

/** Runs the work against a provider of ours on loopback, which sends each event of its stream by a write of its own. */
export async function withStreamServer<Result>(work: (baseURL: string) => Promise<Result>): Promise<Result> {
  const child = fork(MAIN, [], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  try {
    const failed = exited.then(([code]) => {
      throw new Error(`The server of the bench ended (exit ${code}).`);
    });
    const [port] = await Promise.race([once(child, 'message'), failed]);
    return await Promise.race([work(`http://127.0.0.1:${port}`), failed]);
  } finally {
    if (child.connected) child.disconnect();
    await exited;
  }
}
