import { backendSchema } from '@tallygate/usage';
import { z } from 'zod';
import type { SettingName } from './options.ts';

/**
 * Every setting once: where it may come from, what is wrong with a bad value, and what to write instead. The schema below
 * judges values; its error texts complete the sentence "<source> (<value>) …".
 */
export interface Setting {
  /** In order of preference; the first that is set counts. */
  variables: readonly string[];
  /** What the command line calls it, where it has a flag. */
  flag?: string;
  /** Its value is a secret or can carry one (URLs hold passwords), so it never appears in an error. */
  secret: boolean;
  cure: string;
}

const plain = (variable: string, cure: string, flag?: string): Setting => ({
  variables: [variable],
  secret: false,
  cure,
  ...(flag === undefined ? {} : { flag }),
});
const secret = (variables: readonly string[], cure: string): Setting => ({ variables, secret: true, cure });

/** Of a process that was told no other: with another it shares no budget. */
export const DEFAULT_ORGANIZATION = 'default';

const NAME_CURE = 'Use up to 128 printable characters.';

export const SETTINGS = {
  organization: plain(
    'TALLYGATE_ORGANIZATION',
    'Use letters, digits, dots, dashes and underscores, such as "acme".',
    '--organization',
  ),
  mode: plain('TALLYGATE_MODE', 'Set it to off, observe or enforce.'),
  dataDirectory: plain('TALLYGATE_DATA', 'Name a directory on a local disk.', '--data'),
  url: secret(['TALLYGATE_URL'], 'Set it to the control plane, such as https://tallygate.example.com.'),
  token: secret(['TALLYGATE_TOKEN'], 'Copy the token again, without blanks or line ends.'),
  redisUrl: secret(['TALLYGATE_REDIS_URL'], 'Set it to a URL such as redis://localhost:6379.'),
  redisAttested: plain('TALLYGATE_REDIS_ATTESTED', 'Set it to yes or no.'),
  leaseTtlMs: plain('TALLYGATE_LEASE_TTL_MS', 'Set it to milliseconds, such as 1000, or leave it out.'),
  ledgerMemoryMb: plain('TALLYGATE_LEDGER_MEMORY_MB', 'Set it to MiB, such as 512.'),
  clickhouseUrl: secret(['TALLYGATE_CLICKHOUSE_URL'], 'Set it to a URL such as http://localhost:8123.'),
  clickhouseInserts: plain('TALLYGATE_CLICKHOUSE_INSERTS', 'Set it to direct or gathered.'),
  rawRetentionDays: plain('TALLYGATE_RAW_RETENTION_DAYS', 'Set it to days, such as 400.'),
  providerIdRetentionDays: plain(
    'TALLYGATE_PROVIDER_ID_RETENTION_DAYS',
    'Set it to days, such as 60, and to no more than TALLYGATE_RAW_RETENTION_DAYS.',
  ),
  pseudonymKey: secret(['TALLYGATE_PSEUDONYM_KEY'], 'Set it to a long random text.'),
  // Not secret by nature, but the mistake to expect is a key in its place.
  apiKeyId: secret(['TALLYGATE_API_KEY_ID'], 'Set it to the id that the provider lists, such as apikey_01….'),
  backend: plain('TALLYGATE_BACKEND', 'Set it to anthropic, bedrock, vertex or foundry, or leave it out.'),
  telemetry: plain('TALLYGATE_TELEMETRY', 'Set it to on or off.'),
  durability: plain('TALLYGATE_DURABILITY', 'Set it to memory, os, group or fsync.'),
  spoolMaxBytes: plain('TALLYGATE_SPOOL_MAX_BYTES', 'Set it to bytes, such as 1073741824.'),
  spoolFull: plain('TALLYGATE_SPOOL_FULL', 'Set it to deny-calls, aggregate or drop.'),
  drainMs: plain('TALLYGATE_DRAIN_MS', 'Set it to milliseconds, such as 5000.'),
  team: plain('TALLYGATE_TEAM', NAME_CURE),
  feature: plain('TALLYGATE_FEATURE', NAME_CURE),
  environment: plain('TALLYGATE_ENVIRONMENT', NAME_CURE),
  configFile: plain('TALLYGATE_CONFIG', 'Name the tallygate.yaml to read.', '--config'),
  providerUrl: secret(['TALLYGATE_PROVIDER_URL'], 'Set it to a URL such as https://api.anthropic.com.'),
  adminKey: secret(
    ['ANTHROPIC_ADMIN_KEY', 'ANTHROPIC_ADMIN_API_KEY'],
    'Copy the admin key (sk-ant-admin01-…) again, without blanks or line ends.',
  ),
  alertWebhookUrl: secret(
    ['TALLYGATE_ALERT_WEBHOOK_URL'],
    'Set it to a URL that takes POST, such as https://hooks.slack.com/services/….',
  ),
  consolePort: plain(
    'TALLYGATE_CONSOLE_PORT',
    'Set it to a port, such as 8787, or 0 for any free one.',
    '--port',
  ),
} as const satisfies Record<SettingName, Setting>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

const notText = 'is not text';
const text = z.string({ error: notText });
const printable = text
  .max(128, 'is longer than 128 characters')
  .regex(/^\P{C}*$/u, 'holds control characters');
const path = text.regex(/^[^\0]+$/, 'is not a path');
const headerText = text.regex(/^[\x21-\x7e]+$/, 'holds blanks or characters that no header can carry');

const urlOf = (...schemes: string[]) => {
  const error = `is not a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`;
  const accepts = (value: string) => URL.canParse(value) && schemes.includes(new URL(value).protocol);
  return z.string({ error }).refine((value) => accepts(value) && new URL(value).hostname !== '', { error });
};

const wholeNumber = (most: number, what: string, least = 0) => {
  const error = `is not ${what} from ${least} to ${most}`;
  return z
    .union([z.number(), z.string()], { error })
    .transform((value) => (typeof value === 'number' || /^\d+$/.test(value) ? Number(value) : Number.NaN))
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, { error });
};

/** Values of all settings after the sources were merged; absent ones become their defaults. */
export const settingsSchema = z.object({
  organization: text
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'is not a name that keys can carry')
    .default(DEFAULT_ORGANIZATION),
  mode: z.enum(['off', 'observe', 'enforce'], { error: 'is not a mode' }).default('observe'),
  dataDirectory: path.default('.tallygate'),
  url: urlOf('http:', 'https:').nullable().default(null),
  token: headerText.nullable().default(null),
  redisUrl: urlOf('redis:', 'rediss:').nullable().default(null),
  redisAttested: z.enum(['yes', 'no'], { error: 'is neither yes nor no' }).default('no'),
  leaseTtlMs: wholeNumber(60_000, 'a whole number of milliseconds', 100).nullable().default(null),
  ledgerMemoryMb: wholeNumber(2 ** 20, 'a whole number of MiB', 256)
    .nullable()
    .default(null),
  clickhouseUrl: urlOf('http:', 'https:').nullable().default(null),
  clickhouseInserts: z.enum(['direct', 'gathered'], { error: 'is not a way to insert' }).default('direct'),
  rawRetentionDays: wholeNumber(10_000, 'a whole number of days', 2).nullable().default(null),
  providerIdRetentionDays: wholeNumber(10_000, 'a whole number of days', 1).nullable().default(null),
  pseudonymKey: text.nullable().default(null),
  apiKeyId: headerText
    .refine((value) => !value.startsWith('sk-'), { error: 'holds a key, not the id of one' })
    .nullable()
    .default(null),
  backend: z.enum(backendSchema.options, { error: 'is not a backend' }).nullable().default(null),
  telemetry: z.enum(['off', 'on'], { error: 'is neither on nor off' }).default('on'),
  durability: z
    .enum(['memory', 'os', 'group', 'fsync'], { error: 'is not a level of durability' })
    .default('os'),
  spoolMaxBytes: wholeNumber(2 ** 50, 'a whole number of bytes')
    .nullable()
    .default(null),
  spoolFull: z
    .enum(['deny-calls', 'aggregate', 'drop'], { error: 'is not what can be done' })
    .default('deny-calls'),
  drainMs: wholeNumber(600_000, 'a whole number of milliseconds').default(5000),
  team: printable.nullable().default(null),
  feature: printable.nullable().default(null),
  environment: printable.nullable().default(null),
  configFile: path.nullable().default(null),
  providerUrl: urlOf('http:', 'https:').nullable().default(null),
  adminKey: headerText.nullable().default(null),
  alertWebhookUrl: urlOf('http:', 'https:').nullable().default(null),
  consolePort: wholeNumber(65_535, 'a port').nullable().default(null),
});
