import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Runs the work against a server on loopback, in a process of its own so that what it does is not measured.
 * @param main module of the server: it sends its port to its parent, and ends with it.
 */
export async function withServer<Result>(
  main: URL,
  work: (baseURL: string) => Promise<Result>,
): Promise<Result> {
  const child = fork(fileURLToPath(main), [], {
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

/** A provider of ours, which sends each event of its stream by a write of its own. */
export function withStreamServer<Result>(work: (baseURL: string) => Promise<Result>): Promise<Result> {
  return withServer(new URL('./stream-server-main.ts', import.meta.url), work);
}
