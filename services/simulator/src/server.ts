import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { SimulatorOptions } from './options.ts';
import { createSimulator, type Simulator } from './simulator.ts';

/** The stand-in answers to this machine only: it accepts keys that everybody knows. */
const LOOPBACK = '127.0.0.1';

export interface ServerOptions extends SimulatorOptions {
  /** 0, the default: a free one. */
  port?: number;
  host?: '127.0.0.1';
}

export interface RunningSimulator {
  /** What an SDK takes as `baseURL`. */
  url: string;
  port: number;
  simulator: Simulator;
  /** Drops open connections and resolves when the port is free. May be called again. */
  close(): Promise<void>;
}

/**
 * @throws RangeError for a host other than the loopback, or another option that cannot be meant.
 * Rejects when the port is taken.
 */
export async function startSimulator(options: ServerOptions = {}): Promise<RunningSimulator> {
  const { port: wantedPort = 0, host = LOOPBACK, ...simulatorOptions } = options;
  if (host !== LOOPBACK) throw new RangeError(`host is ${host}; the simulator binds ${LOOPBACK} only.`);
  const simulator = createSimulator(simulatorOptions);
  // The SDK under test lives in this process too: its Request and Response must stay the platform's own.
  const server = createAdaptorServer({ fetch: simulator.app.fetch, overrideGlobalObjects: false });
  const port = await listen(server, wantedPort);
  let closing: Promise<void> | null = null;
  return {
    url: `http://${LOOPBACK}:${port}`,
    port,
    simulator,
    close() {
      closing ??= close(server);
      return closing;
    },
  };
}

function listen(server: ServerType, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: ServerType): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
