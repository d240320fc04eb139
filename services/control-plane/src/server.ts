import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { TallygateError } from '@tallygate/usage';
import { type ControlPlaneOptions, createControlPlane } from './app.ts';

export interface StartOptions extends ControlPlaneOptions {
  /** 0 takes any free one. */
  port: number;
  /** Nothing else: whoever sits at this machine may read without a token. TLS and other machines belong to a proxy in front. */
  host: '127.0.0.1';
}

export interface RunningControlPlane {
  url: string;
  port: number;
  /**
   * Takes no more connections, lets requests in progress finish, resolves when the port is free. May be called again. The
   * runtime stays open: it belongs to the caller.
   */
  close(): Promise<void>;
}

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when the port cannot be had. */
export async function startControlPlane(options: StartOptions): Promise<RunningControlPlane> {
  const { port: wantedPort, host, ...parts } = options;
  const { app } = createControlPlane(parts);
  // Whatever else runs in this process keeps the platform's own Request and Response.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  const port = await listen(server, wantedPort, host);
  const close = drainOnce(server);
  return { url: `http://${host}:${port}`, port, close };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => reject(portUnavailable(port, cause));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function portUnavailable(port: number, cause: NodeJS.ErrnoException): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Port ${port} of 127.0.0.1 cannot be had (${cause.code ?? cause.name}).`,
    cure: 'Choose another one with TALLYGATE_CONSOLE_PORT; 0 takes any free one.',
    cause,
  });
}

/**
 * Clients keep their connections for the next call, and a refused one may still be sending: whatever no answer is under way
 * on is dropped at once, the others as soon as their answer is out.
 */
function drainOnce(server: Server): () => Promise<void> {
  const waiting = new Set<Socket>();
  let closing: Promise<void> | null = null;
  server.on('connection', (socket: Socket) => {
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket);
    response.once('close', () => {
      if (closing !== null) socket.destroySoon();
      else if (!socket.destroyed) waiting.add(socket);
    });
  });
  return () => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of waiting) socket.destroy();
    });
    return closing;
  };
}
