import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { findOnPath, type RunningRedis, startServer } from './redis.ts';

/** Three primaries on the loopback that share the slots in thirds, as real as Redis makes them. */
export interface RedisCluster {
  /** Of one of them: a client finds the others. */
  url: string;
  primaries: readonly Redis[];
  client: Cluster;
  slotOf(key: string): Promise<number>;
  ownerOf(slot: number): Promise<Redis>;
  /** As `redis-cli --cluster reshard` does: key by key, while the slot stands open on both sides. */
  moveSlot(slot: number, to: Redis, onKey?: () => Promise<void>): Promise<void>;
  /** Slots, all at once, with nothing in them: whatever the cluster held is dropped first. */
  giveAway(slots: readonly number[], toIndex: number): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const PRIMARIES = 3;

/** Null where these tests were given a Redis of somebody else's: no cluster can be made of it. */
export const clusterProgram = findOnPath('redis-server');

export async function startRedisCluster(program = clusterProgram ?? ''): Promise<RedisCluster> {
  const servers = await Promise.all(Array.from({ length: PRIMARIES }, () => startMember(program)));
  const primaries = servers.map(({ url }) => new Redis(url));
  const [first] = primaries as [Redis, ...Redis[]];
  await shareSlots(primaries);
  const client = new Cluster(
    primaries.map(({ options }) => ({ host: '127.0.0.1', port: options.port ?? 0 })),
  );
  const ownerOf = async (slot: number) => primaryWithId(primaries, await ownerId(first, slot));
  return {
    url: servers[0]?.url ?? '',
    primaries,
    client,
    slotOf: (key) => first.cluster('KEYSLOT', key),
    ownerOf,
    moveSlot: async (slot, to, onKey = async () => {}) =>
      moveSlot(slot, { from: await ownerOf(slot), to, primaries, onKey }),
    giveAway: (slots, toIndex) => giveAway(slots, primaries, toIndex),
    stop: async () => {
      client.disconnect();
      for (const primary of primaries) primary.disconnect();
      await Promise.all(servers.map(({ stop }) => stop()));
    },
  };
}

function startMember(program: string): Promise<RunningRedis> {
  return startServer(program, [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '2000',
    '--cluster-allow-replica-migration',
    'no',
  ]);
}

async function shareSlots(primaries: readonly Redis[]): Promise<void> {
  const share = Math.ceil(SLOTS / primaries.length);
  for (const [index, primary] of primaries.entries()) {
    const last = Math.min(SLOTS, (index + 1) * share) - 1;
    await primary.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last);
    for (const other of primaries)
      if (other !== primary) await primary.cluster('MEET', '127.0.0.1', other.options.port ?? 0);
  }
  for (const primary of primaries)
    while (
      !(await primary.cluster('INFO')).includes('cluster_state:ok') ||
      !(await knowsAll(primary, primaries))
    )
      await sleep(20);
}

async function knowsAll(primary: Redis, primaries: readonly Redis[]): Promise<boolean> {
  const ranges = await primary.cluster('SLOTS');
  return ranges.length === primaries.length;
}

interface Move {
  from: Redis;
  to: Redis;
  primaries: readonly Redis[];
  onKey(): Promise<void>;
}

async function moveSlot(slot: number, { from, to, primaries, onKey }: Move): Promise<void> {
  const [fromId, toId] = [await from.cluster('MYID'), await to.cluster('MYID')];
  await to.cluster('SETSLOT', slot, 'IMPORTING', fromId);
  await from.cluster('SETSLOT', slot, 'MIGRATING', toId);
  for (;;) {
    const [key] = await from.cluster('GETKEYSINSLOT', slot, 1);
    if (key === undefined) break;
    await from.call('MIGRATE', '127.0.0.1', to.options.port ?? 0, key, 0, 5_000);
    await onKey();
  }
  for (const primary of [to, from, ...primaries]) await primary.cluster('SETSLOT', slot, 'NODE', toId);
}

async function giveAway(
  slots: readonly number[],
  primaries: readonly Redis[],
  toIndex: number,
): Promise<void> {
  const toId = (await primaries[toIndex]?.cluster('MYID')) ?? '';
  const last = primaries.filter((_primary, index) => index !== toIndex);
  for (const primary of [...primaries.slice(toIndex, toIndex + 1), ...last]) {
    await primary.flushall();
    const pipeline = primary.pipeline();
    for (const slot of slots) pipeline.cluster('SETSLOT', slot, 'NODE', toId);
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    // Else what the last owner told others before it was asked may take the slots back.
    if (primary === primaries[toIndex]) await primary.call('CLUSTER', 'BUMPEPOCH');
  }
  for (const primary of primaries)
    for (const slot of [slots.at(0), slots.at(-1)])
      while (slot !== undefined && (await ownerId(primary, slot)) !== toId) await sleep(20);
}

async function ownerId(asked: Redis, slot: number): Promise<string> {
  const ranges = await asked.cluster('SLOTS');
  const [, , node] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
  if (node === undefined) throw new Error(`Nobody has slot ${slot}.`);
  return node[2];
}

async function primaryWithId(primaries: readonly Redis[], id: string): Promise<Redis> {
  for (const primary of primaries) if ((await primary.cluster('MYID')) === id) return primary;
  throw new Error(`No primary is ${id}.`);
}
