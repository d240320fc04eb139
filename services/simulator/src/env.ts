import { isObject, listOf } from './json.ts';
import type { ApiKey } from './keys.ts';
import type { ServerOptions } from './server.ts';

/** The variables of `main.ts`. Another `SIMULATOR_…` name is refused: a misspelt setting must not pass as a default. */
const VARIABLES = [
  'SIMULATOR_ADMIN_KEY',
  'SIMULATOR_API_KEYS',
  'SIMULATOR_EVENT_DELAY_MS',
  'SIMULATOR_EXTRA_BILLED_USD',
  'SIMULATOR_PORT',
  'SIMULATOR_SEED',
];

/** @throws RangeError with the variable and what it should be. Values of key variables are never quoted. */
export function optionsFromEnvironment(environment: NodeJS.ProcessEnv): ServerOptions {
  for (const name of Object.keys(environment)) {
    if (name.startsWith('SIMULATOR_') && !VARIABLES.includes(name)) {
      throw new RangeError(`${name} is not a setting; known are ${VARIABLES.join(', ')}.`);
    }
  }
  const options: ServerOptions = {};
  const { SIMULATOR_ADMIN_KEY: adminKey, SIMULATOR_EXTRA_BILLED_USD: extraBilledUsd } = environment;
  const apiKeys = readApiKeys(environment['SIMULATOR_API_KEYS']);
  const port = readInteger(environment, 'SIMULATOR_PORT');
  const seed = readInteger(environment, 'SIMULATOR_SEED');
  const eventDelayMs = readInteger(environment, 'SIMULATOR_EVENT_DELAY_MS');
  if (adminKey !== undefined) options.adminKey = adminKey;
  if (extraBilledUsd !== undefined) options.extraBilledUsd = extraBilledUsd;
  if (apiKeys !== undefined) options.apiKeys = apiKeys;
  if (port !== undefined) options.port = port;
  if (seed !== undefined) options.seed = seed;
  if (eventDelayMs !== undefined) options.eventDelayMs = eventDelayMs;
  return options;
}

function readInteger(environment: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${name} is "${text}"; it must be a whole number.`);
  return Number(text);
}

const KEYS_FORM = 'SIMULATOR_API_KEYS must be a JSON list of { "key", "id", "workspaceId": string or null }.';

function readApiKeys(text: string | undefined): ApiKey[] | undefined {
  if (text === undefined) return undefined;
  const apiKeys = listOf(parsed(text)).flatMap(apiKeyFrom);
  if (apiKeys.length === 0) throw new RangeError(KEYS_FORM);
  return apiKeys;
}

function apiKeyFrom(value: unknown): ApiKey[] {
  if (!isObject(value)) throw new RangeError(KEYS_FORM);
  const { key, id, workspaceId = null } = value;
  if (typeof key !== 'string' || typeof id !== 'string') throw new RangeError(KEYS_FORM);
  if (workspaceId !== null && typeof workspaceId !== 'string') throw new RangeError(KEYS_FORM);
  return [{ key, id, workspaceId }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which holds keys.
    throw new RangeError(KEYS_FORM);
  }
}
