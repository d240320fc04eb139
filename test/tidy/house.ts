/**
 * The house as data: which folder stands on which rank, and which packages of others may enter it. Everything that a
 * reader may want to change about directions and homes is in this file; the rules only read it.
 */

export interface House {
  folder: string;
  /** Imports go only to a lower one. */
  rank: number;
  /** Packages of others that live here; `@scope/*` covers a scope. `anything` is for what is never published. */
  npm: readonly string[] | 'anything';
  /** Of those, the ones of which only types are used: nothing of them is loaded at run time. */
  typesOnly?: readonly string[];
  /** True: no files, sockets or processes. What it computes depends on its arguments alone. */
  pure?: true;
  /** True: imports nothing of ours, so that it can disagree with us. */
  stranger?: true;
}

export const HOUSES: readonly House[] = [
  { rank: 0, folder: 'packages/usage', npm: ['zod', 'temporal-polyfill'], pure: true },
  { rank: 1, folder: 'packages/pricing', npm: ['zod'], pure: true },
  { rank: 1, folder: 'packages/admin-api', npm: ['@anthropic-ai/sdk', 'zod'] },
  {
    rank: 2,
    folder: 'packages/meter',
    npm: ['@anthropic-ai/sdk', '@opentelemetry/api'],
    typesOnly: ['@anthropic-ai/sdk'],
  },
  { rank: 2, folder: 'packages/gate', npm: ['ioredis'] },
  { rank: 2, folder: 'packages/ledger', npm: ['@clickhouse/client', 'chdb'] },
  { rank: 2, folder: 'packages/remote', npm: [] },
  { rank: 3, folder: 'packages/reconcile', npm: [], pure: true },
  { rank: 3, folder: 'packages/report', npm: [] },
  { rank: 4, folder: 'packages/tallygate', npm: ['yaml', 'zod', '@anthropic-ai/sdk'] },
  {
    rank: 5,
    folder: 'services/control-plane',
    npm: ['hono', '@hono/*', 'zod', 'd3-scale', 'd3-shape', 'jose', 'nodemailer'],
  },
  { rank: 5, folder: 'services/reconciler', npm: ['hono', '@hono/*'] },
  { rank: 5, folder: 'services/simulator', npm: ['hono', '@hono/*'], stranger: true },
  { rank: 6, folder: 'services/demo', npm: [] },
  // Above the house: tests may start even the main job, and nothing imports them.
  { rank: 7, folder: 'test', npm: 'anything' },
  { rank: 7, folder: 'scripts', npm: 'anything' },
];

/** Errors that are no TallygateError, each with the reason why the caller is better served by it. */
export const PLAIN_ERRORS: readonly { path: string; error: string; reason: string }[] = [
  {
    path: 'packages/meter/src/watching/shadow.ts',
    error: 'TypeError',
    reason: 'never leaves the package: a response that nobody can mark is passed on unwatched',
  },
  {
    path: 'packages/remote/src/exchange.ts',
    error: 'Error',
    reason: 'never leaves the package: it becomes the cause of an outage',
  },
];

/** Guests: packages beyond the table, each with the reason why it may stay. */
export const GUESTS: readonly { folder: string; npm: string; reason: string }[] = [
  { folder: 'packages/ledger', npm: 'zod', reason: 'rows of queries are parsed where they enter' },
  { folder: 'packages/remote', npm: 'zod', reason: 'replies over HTTP are parsed where they enter' },
  {
    folder: 'packages/tallygate',
    npm: 'commander',
    reason: 'the command line is part of what people install',
  },
  {
    folder: 'packages/tallygate',
    npm: 'chdb',
    reason: 'optional peer, declared to those who install; used in ledger',
  },
  {
    folder: 'packages/tallygate',
    npm: '@opentelemetry/api',
    reason: 'optional peer, declared to those who install; used in meter',
  },
  {
    folder: 'services/demo',
    npm: '@anthropic-ai/sdk',
    reason: 'it plays the application, which builds the client',
  },
];

/** What tests beside the source may use in every house. */
export const TEST_TOOLS: readonly string[] = ['vitest', 'fast-check'];

export function houseOf(path: string): House | undefined {
  return HOUSES.find((house) => path.startsWith(`${house.folder}/`));
}

/** The published name of a house: `tallygate` for the one that people install, `@tallygate/<folder>` for the others. */
export function nameOf(house: House): string {
  const folder = house.folder.slice(house.folder.lastIndexOf('/') + 1);
  return folder === 'tallygate' ? folder : `@tallygate/${folder}`;
}

/** The house that a specifier names, whatever subpath follows. */
export function houseNamed(specifier: string): House | undefined {
  return HOUSES.find((house) => specifier === nameOf(house) || specifier.startsWith(`${nameOf(house)}/`));
}

export function welcomes(house: House, npmName: string): boolean {
  if (house.npm === 'anything') return true;
  const scope = `${npmName.split('/')[0]}/*`;
  return (
    house.npm.includes(npmName) ||
    house.npm.includes(scope) ||
    GUESTS.some((guest) => guest.folder === house.folder && guest.npm === npmName)
  );
}

/** "@scope/name" or "name" of an import specifier; undefined for relative paths, node's own modules and ours. */
export function npmNameOf(specifier: string): string | undefined {
  if (/^(\.|node:|#)/.test(specifier) || houseNamed(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
