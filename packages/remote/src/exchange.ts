import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Where the other process listens. */
export type RemoteAddress = { socketPath: string } | { url: string };

export interface Exchange {
  /** Sends one POST with a JSON body and reads the whole reply. Rejects only when no reply arrived in time. */
  post(path: string, body: string, timeoutMs: number): Promise<{ status: number; text: string }>;
  close(): void;
}

interface Target {
  options: RequestOptions;
  basePath: string;
  send: typeof httpRequest;
  agent: HttpAgent;
}

/** Connections are kept: one per call would cost more than the call on a unix socket, and a handshake over TCP. */
export function openExchange(address: RemoteAddress, token: string | null): Exchange {
  const target = targetOf(address);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const once = (path: string, body: string, deadline: AbortSignal) =>
    sendOnce(target, { path: target.basePath + path, headers }, body, deadline);
  let closed = false;

  return {
    async post(path, body, timeoutMs) {
      if (closed) throw new Error('This end was closed.');
      const deadline = AbortSignal.timeout(Math.ceil(timeoutMs));
      for (;;) {
        try {
          return await once(path, body, deadline);
        } catch (error) {
          if (!(error instanceof NotReceived) || deadline.aborted) throw error;
          if (error.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, error.pauseMs));
        }
      }
    },
    close() {
      closed = true;
      target.agent.destroy();
    },
  };
}

/** The other side lives, or lived a moment ago, and did not take this request: it is worth sending again. */
class NotReceived extends Error {
  readonly pauseMs: number;

  constructor(cause: Error, pauseMs: number) {
    super(cause.message, { cause });
    this.pauseMs = pauseMs;
  }
}

/** The queue of a socket that listens is full. Unlike a refusal this says that somebody does listen. */
const QUEUE_FULL = 'EAGAIN';
const QUEUE_PAUSE_MS = 10;

/** What a kept connection ends with when the server closed it just as it was used again. */
const CLOSED_MEANWHILE = ['ECONNRESET', 'EPIPE'];

/** More at once would not be answered sooner, and a thousand would overflow the queue of the socket. */
const AGENT = { keepAlive: true, maxSockets: 64 };

function targetOf(address: RemoteAddress): Target {
  if ('socketPath' in address) {
    const options = { socketPath: address.socketPath, host: 'localhost' };
    return { options, basePath: '', send: httpRequest, agent: new HttpAgent(AGENT) };
  }
  const url = new URL(address.url);
  const secure = url.protocol === 'https:';
  return {
    options: { protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port },
    basePath: url.pathname.replace(/\/+$/, ''),
    send: secure ? httpsRequest : httpRequest,
    agent: secure ? new HttpsAgent(AGENT) : new HttpAgent(AGENT),
  };
}

function sendOnce(
  target: Target,
  { path, headers }: { path: string; headers: Record<string, string> },
  body: string,
  deadline: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const payload = Buffer.from(body);
    const outgoing = target.send({
      ...target.options,
      path,
      method: 'POST',
      agent: target.agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': payload.length },
      // One deadline for waiting, connecting, sending and reading: a socket that trickles must not outlive it.
      signal: deadline,
    });
    const fail = (error: NodeJS.ErrnoException) => {
      const closed = outgoing.reusedSocket && CLOSED_MEANWHILE.includes(error.code ?? '');
      if (closed) reject(new NotReceived(error, 0));
      else reject(error.code === QUEUE_FULL ? new NotReceived(error, QUEUE_PAUSE_MS) : error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', fail);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.end(payload);
  });
}
