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
  const once = (path: string, body: string, timeoutMs: number) =>
    sendOnce(target, { path: target.basePath + path, headers }, body, timeoutMs);

  let closed = false;

  return {
    async post(path, body, timeoutMs) {
      if (closed) throw new Error('This end was closed.');
      try {
        return await once(path, body, timeoutMs);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        return await once(path, body, timeoutMs);
      }
    },
    close() {
      closed = true;
      target.agent.destroy();
    },
  };
}

/** The server closed a kept-alive connection just as it was used again: says nothing about whether it lives. */
class StaleConnection extends Error {}

function targetOf(address: RemoteAddress): Target {
  if ('socketPath' in address) {
    const options = { socketPath: address.socketPath, host: 'localhost' };
    return { options, basePath: '', send: httpRequest, agent: new HttpAgent({ keepAlive: true }) };
  }
  const url = new URL(address.url);
  const secure = url.protocol === 'https:';
  return {
    options: { protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port },
    basePath: url.pathname.replace(/\/+$/, ''),
    send: secure ? httpsRequest : httpRequest,
    agent: secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true }),
  };
}

function sendOnce(
  target: Target,
  { path, headers }: { path: string; headers: Record<string, string> },
  body: string,
  timeoutMs: number,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const payload = Buffer.from(body);
    const outgoing = target.send({
      ...target.options,
      path,
      method: 'POST',
      agent: target.agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': payload.length },
      // One deadline for connecting, sending and reading: a socket that trickles must not outlive it.
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    const fail = (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
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
