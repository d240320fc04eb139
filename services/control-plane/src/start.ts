import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { TallygateError } from '@tallygate/usage';
import { isLoopbackAddress } from './access.ts';
import { type ControlPlaneOptions, createControlPlane } from './control-plane.ts';

export interface StartOptions extends Omit<ControlPlaneOptions, 'isLoopback'> {
  /** 0 takes any free one. */
  port: number;
  /** Default 127.0.0.1. On any other address reading needs the token too. */
  host?: string;
}

export interface RunningControlPlane {
  url: string;
  port: number;
  /** Takes no more requests and resolves when the port is free. The runtime stays open: it belongs to the caller. */
  close(): Promise<void>;
}

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when the port cannot be taken. */
export async function startControlPlane(options: StartOptions): Promise<RunningControlPlane> {
  const { port: wantedPort, host = '127.0.0.1', ...parts } = options;
  const { app } = createControlPlane({ ...parts, isLoopback: isLoopbackAddress(host) });
  // Whatever else runs in this process keeps the platform's own Request and Response.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  const port = await listen(server, wantedPort, host);
  let closing: Promise<void> | null = null;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close() {
      closing ??= stop(server);
      return closing;
    },
  };
}

function listen(server: ServerType, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(portTaken(port, host, cause)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Requests in progress may finish; connections that only wait are dropped. */
function stop(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}

function portTaken(port: number, host: string, cause: NodeJS.ErrnoException): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Port ${port} of ${host} cannot be taken (${cause.code ?? 'unknown'}).`,
    cure: 'Set TALLYGATE_CONSOLE_PORT to another port; 0 takes any free one.',
    cause,
  });
}
