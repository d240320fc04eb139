import type Anthropic from '@anthropic-ai/sdk';
import type { ClientOptions } from '@anthropic-ai/sdk';
import type { TokenUsage } from '@tallygate/usage';

/** Loads a module of the folder that the peers are installed in, which has an SDK of its own. */
export type Load = (specifier: string) => unknown;

/** The part of the SDK's module that is used, which some peers replace with theirs. */
export interface SdkModule {
  Anthropic: new (options: ClientOptions) => Anthropic;
}

/** What a peer says of one call, in our words. */
export interface Figures {
  model: string;
  usage: TokenUsage;
  /** US dollars that the peer computed itself; null where it records tokens only. */
  costUsd: number | null;
}

export interface OpenPeer {
  /** A client whose calls the peer records. */
  client(options: ClientOptions): Anthropic;
  /** Ends what is under way and hands over what was exported since the last time, one record for each call. */
  take(): Promise<unknown[]>;
  /** The peer's documented fields of a record. */
  figuresOf(record: unknown): Figures;
}

/** A wrapper or instrumentation of others. Its export ends in memory, so that writing and sending burden none of them. */
export interface Peer {
  name: string;
  /** All that its process has of an environment. */
  environment: Record<string, string>;
  open(load: Load): OpenPeer | Promise<OpenPeer>;
}

type Json = Record<string, unknown>;

/** The object at a path of keys, empty where there is none. */
export function objectAt(value: unknown, ...path: string[]): Json {
  const found = path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
  return isObject(found) ? found : {};
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

export function textOf(...values: unknown[]): string {
  return values.find((value): value is string => typeof value === 'string' && value !== '') ?? '';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
