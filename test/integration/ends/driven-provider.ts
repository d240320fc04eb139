import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One request at a provider that does only what the test tells it to. */
export interface Exchange {
  /** Sends status and headers. */
  begin(contentType?: string): void;
  /** Sends one piece of the body and waits until it left; false when the connection is gone and nothing was sent. */
  send(piece: string): Promise<boolean>;
  /** Ends the answer as it should end. */
  end(): void;
  /** Cuts the connection. */
  destroy(): void;
  /** Pieces that went out. */
  readonly sent: number;
  /** Resolves when the connection of the answer is over: "whole" after `end`, else "cut". */
  closed: Promise<'whole' | 'cut'>;
}

export interface DrivenProvider {
  url: string;
  /** The next request that arrives. */
  arrived(): Promise<Exchange>;
}

/** A real server on the loopback. It is stopped when the test is over. */
export async function startDrivenProvider(): Promise<DrivenProvider> {
  const waiting: ((exchange: Exchange) => void)[] = [];
  const arrived: Exchange[] = [];
  const server = createServer(async (request, response) => {
    const exchange = exchangeOf(request, response);
    for await (const _chunk of request);
    const resolve = waiting.shift();
    if (resolve) resolve(exchange);
    else arrived.push(exchange);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived: () =>
      new Promise((resolve) => {
        const exchange = arrived.shift();
        if (exchange) resolve(exchange);
        else waiting.push(resolve);
      }),
  };
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  let sent = 0;
  const closed = once(response, 'close').then(() => (response.writableFinished ? 'whole' : 'cut'));
  // A request that is aborted while it is read has been answered by nobody.
  request.on('error', () => {});
  return {
    begin(contentType = 'text/event-stream') {
      response.writeHead(200, { 'content-type': contentType, 'request-id': 'req_driven' });
      response.flushHeaders();
    },
    send: (piece) =>
      new Promise((resolve) => {
        if (response.closed || response.destroyed) return resolve(false);
        // What waits for a connection that closes is never called back.
        void closed.then(() => resolve(false));
        response.write(piece, (error) => {
          if (!error) sent += 1;
          resolve(!error);
        });
      }),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
    get sent() {
      return sent;
    },
    closed,
  };
}
