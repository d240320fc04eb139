import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import {
  answerRemoteCall,
  type RemoteAnswer,
  type RemoteBackend,
  requireBearer,
  toWireError,
} from '@tallygate/remote';
import { type Logger, TallygateError, toWireJson } from '@tallygate/usage';

export interface OwnerServerOptions {
  socketPath: string;
  token: string;
  /** Calls that arrive before the backend is ready wait for it: a client is told nothing false while a gate is rebuilt. */
  backend: Promise<RemoteBackend>;
  logger: Logger;
}

export interface OwnerServer {
  /** Takes no more calls, lets those in progress finish, removes the socket. */
  close(): Promise<void>;
}

/** A sealed segment is about 1 MiB; more than this is no request of ours. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Serves gate and ledger of this process to the others of the directory. Keeps no process alive: an application that is
 * done ends, and one of its clients becomes the owner.
 *
 * Only the holder of the lock may call this: it removes whatever stands at the socket's path.
 */
export async function serveOwner(options: OwnerServerOptions): Promise<OwnerServer> {
  let closing = false;
  const server = createServer(async (request, response) => {
    const answer = await respond(options, request);
    // A kept connection would keep a server that is closing from being closed.
    if (closing) response.setHeader('connection', 'close');
    send(response, answer);
  });
  server.on('connection', (socket) => socket.unref());
  mkdirSync(dirname(options.socketPath), { recursive: true, mode: 0o700 });
  rmSync(options.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socketPath, resolve);
  });
  server.unref();
  chmodSync(options.socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        closing = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function respond(options: OwnerServerOptions, request: IncomingMessage): Promise<RemoteAnswer> {
  try {
    requireBearer(request.headers.authorization, options.token);
    if (request.method !== 'POST') {
      throw new TallygateError('TALLYGATE_ROUTE_UNKNOWN', {
        message: `There is no ${request.method} route.`,
      });
    }
    const body = await readJson(request);
    const backend = await options.backend;
    return await answerRemoteCall(backend, request.url ?? '', body, options.logger);
  } catch (error) {
    const known = TallygateError.isInstance(error)
      ? error
      : new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
          message: 'The owner process could not start.',
          cause: error,
        });
    return { status: known.httpStatus, body: toWireError(known) };
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw bodyInvalid(`The body is larger than ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw bodyInvalid('The body is not JSON.');
  }
}

function bodyInvalid(message: string): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', { message });
}

function send(response: ServerResponse, { status, body }: RemoteAnswer): void {
  const payload = Buffer.from(toWireJson(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': payload.length });
  response.end(payload);
}
