import { connect, createServer, type Socket } from 'node:net';
import { TallygateError } from '@tallygate/usage';

export interface LocalBridge {
  /** The port that was taken; the system's choice where 0 was asked for. */
  port: number;
  close(): Promise<void>;
}

/**
 * Offers the owner's unix socket on 127.0.0.1 as well, for processes that cannot reach the file (containers, other tools).
 * Bytes pass unread, so the routes, and the bearer token that they demand, are exactly the socket's own.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when the port cannot be taken.
 */
export async function openLocalBridge(port: number, socketPath: string): Promise<LocalBridge> {
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(socketPath);
    for (const [near, far] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(near);
      near.on('close', () => open.delete(near));
      // Either end may break at any time; the other one must not wait for bytes that will never come.
      near.on('error', () => far.destroy());
      near.pipe(far);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(portTaken(port, cause)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function portTaken(port: number, cause: NodeJS.ErrnoException): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Port ${port} of 127.0.0.1 cannot be taken (${cause.code ?? 'unknown'}).`,
    cure: 'Choose another with --port; 0 takes any free one.',
    cause,
  });
}
