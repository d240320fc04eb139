import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A wire between a gate and a real Redis that breaks in the ways wires break. The commands always arrive; what the test
 * decides is whether and when the answers come back.
 */
export interface FaultyRedis {
  url: string;
  /** Answers wait here until `deliverReplies`. */
  holdReplies(): void;
  deliverReplies(): void;
  /** How many have arrived here and wait. */
  waitingReplies(): number;
  /** Drops held answers and every connection. New ones are accepted. */
  cut(): void;
  /** Drops every connection and accepts none. */
  goDown(): void;
  comeUp(): void;
  /** Changes answers on their way. */
  rewriteReplies(rewrite: (reply: string) => string): void;
  close(): Promise<void>;
}

interface Wire {
  near: Socket;
  far: Socket;
  waiting: Buffer[];
}

/** @param redis may be another one for each connection. */
export async function startFaultyRedis(redis: string | (() => string)): Promise<FaultyRedis> {
  const targetNow = () => new URL(typeof redis === 'string' ? redis : redis());
  const wires = new Set<Wire>();
  let isHolding = false;
  let isDown = false;
  let rewrite = (reply: string): string => reply;

  const drop = (wire: Wire): void => {
    wires.delete(wire);
    wire.near.destroy();
    wire.far.destroy();
  };
  const cut = (): void => {
    for (const wire of wires) drop(wire);
  };
  const accept = (near: Socket): void => {
    if (isDown) {
      near.destroy();
      return;
    }
    const target = targetNow();
    const far = connect(Number(target.port || 6379), target.hostname);
    const wire: Wire = { near, far, waiting: [] };
    wires.add(wire);
    near.on('data', (command) => far.write(command));
    far.on('data', (reply) => {
      if (isHolding) wire.waiting.push(reply);
      else near.write(rewrite(reply.toString('latin1')), 'latin1');
    });
    for (const socket of [near, far]) {
      socket.on('error', () => drop(wire));
      socket.on('close', () => drop(wire));
    }
  };
  const server = createServer(accept);
  const port = await listen(server);
  const url = targetNow();
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    holdReplies: () => {
      isHolding = true;
    },
    deliverReplies: () => {
      isHolding = false;
      for (const { near, waiting } of wires) for (const reply of waiting.splice(0)) near.write(reply);
    },
    waitingReplies: () => [...wires].reduce((sum, { waiting }) => sum + waiting.length, 0),
    cut: () => {
      isHolding = false;
      cut();
    },
    goDown: () => {
      isDown = true;
      cut();
    },
    comeUp: () => {
      isDown = false;
    },
    rewriteReplies: (change) => {
      rewrite = change;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no free port.');
  return address.port;
}
