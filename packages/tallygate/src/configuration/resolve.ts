import { resolve } from 'node:path';
import type { RetentionSetting } from '@tallygate/ledger';
import { nearestName, TallygateError } from '@tallygate/usage';
import type { z } from 'zod';
import type { ConfigOptions, SettingName } from './options.ts';
import type { ResolvedConfig } from './resolved.ts';
import { SETTING_NAMES, SETTINGS, type Setting, settingsSchema } from './settings.ts';

export interface ConfigSources {
  options?: ConfigOptions;
  flags?: ConfigOptions;
  environment: Record<string, string | undefined>;
  /** Absolute. Relative paths of every source start here. */
  workingDirectory: string;
  /** What was read from tallygate.yaml, by `loadConfig`. */
  file?: { path: string; organization: string | null } | null;
}

const PREFIX = 'TALLYGATE_';
/** As the tables are made. */
export const RAW_DAYS = 400;
const PROVIDER_ID_DAYS = 60;

/** A value and what the user calls the place it came from. */
interface Given {
  value: unknown;
  source: string;
}

/**
 * Decides every setting: option > flag > environment > file > default. Pure: the environment is a value. An empty variable
 * counts as unset, because compose files and CI systems pass unset ones that way.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for an unknown `TALLYGATE_*` variable or option (with the nearest
 * name) and for a value that does not fit. No secret is ever part of the message.
 */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  refuseUnknownVariables(sources.environment);
  refuseUnknownOptions(sources.options ?? {});
  const given = collect(sources);
  const values = parse(given);
  const absolute = (path: string) => resolve(sources.workingDirectory, path);
  const { team, feature, environment, rawRetentionDays, providerIdRetentionDays, ...settings } = values;
  return {
    ...settings,
    dataDirectory: absolute(values.dataDirectory),
    configFile: values.configFile === null ? (sources.file?.path ?? null) : absolute(values.configFile),
    production: sources.environment['NODE_ENV'] === 'production',
    defaults: { team, feature, environment },
    retention: retentionFrom(rawRetentionDays, providerIdRetentionDays, given),
  };
}

/** Neither named: what other processes have set is not undone. Ids are never kept longer than the rows that they stand in. */
function retentionFrom(
  rawDays: number | null,
  providerIdDays: number | null,
  given: Map<SettingName, Given>,
): RetentionSetting | null {
  if (rawDays === null && providerIdDays === null) return null;
  const kept = rawDays ?? RAW_DAYS;
  if (providerIdDays === null) return { rawDays: kept, providerIdDays: Math.min(PROVIDER_ID_DAYS, kept) };
  if (providerIdDays <= kept) return { rawDays: kept, providerIdDays };
  const name = 'providerIdRetentionDays';
  throw invalidSetting(name, given.get(name), `is longer than rows are kept, which is ${kept} days`);
}

/** The first source that has the setting wins; later ones are not even looked at. */
function collect(sources: ConfigSources): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>();
  for (const name of SETTING_NAMES) {
    const found =
      fromOptions(sources.options, name, `Option "${name}"`) ??
      fromOptions(sources.flags, name, flagOf(name)) ??
      fromEnvironment(sources.environment, name) ??
      fromFile(sources.file, name);
    if (found) given.set(name, found);
  }
  return given;
}

function flagOf(name: SettingName): string {
  const setting: Setting = SETTINGS[name];
  return setting.flag ?? name;
}

function fromOptions(options: ConfigOptions | undefined, name: SettingName, source: string): Given | null {
  const value = options?.[name];
  return value === undefined ? null : { value, source };
}

function fromEnvironment(environment: ConfigSources['environment'], name: SettingName): Given | null {
  for (const variable of SETTINGS[name].variables) {
    const value = environment[variable]?.trim() ?? '';
    if (value !== '') return { value, source: variable };
  }
  return null;
}

function fromFile(file: ConfigSources['file'], name: SettingName): Given | null {
  if (!file || name !== 'organization' || file.organization === null) return null;
  return { value: file.organization, source: `"organization" in ${file.path}` };
}

function parse(given: Map<SettingName, Given>): z.output<typeof settingsSchema> {
  const input = [...given].map(([name, { value }]) => [name, value ?? undefined] as const);
  const parsed = settingsSchema.safeParse(Object.fromEntries(input));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue?.path[0] as SettingName;
  throw invalidSetting(name, given.get(name), issue?.message ?? 'is not valid');
}

function invalidSetting(name: SettingName, given: Given | undefined, problem: string): TallygateError {
  const { secret, cure } = SETTINGS[name];
  const shown = secret || given === undefined ? '' : ` (${JSON.stringify(given.value)?.slice(0, 60)})`;
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `${given?.source ?? name}${shown} ${problem}.`,
    cure,
  });
}

/** A misspelt variable that is silently ignored is a budget that is silently not enforced. */
function refuseUnknownVariables(environment: ConfigSources['environment']): void {
  const known = SETTING_NAMES.flatMap((name): readonly string[] => SETTINGS[name].variables);
  const ours = Object.keys(environment).filter((variable) => variable.startsWith(PREFIX));
  const unknown = ours.filter((variable) => !known.includes(variable)).sort()[0];
  if (unknown === undefined) return;
  // Compared without the prefix, which would make every name look near.
  const endings = known.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
  const near = nearestName(unknown.slice(PREFIX.length), endings);
  throw unknownName(
    `Environment variable ${unknown}`,
    near === null ? null : `${PREFIX}${near}`,
    'Unset it.',
  );
}

function refuseUnknownOptions(options: ConfigOptions): void {
  const unknown = Object.keys(options).find((name) => !(SETTING_NAMES as string[]).includes(name));
  if (unknown === undefined) return;
  const cure = `Known options are ${SETTING_NAMES.join(', ')}.`;
  throw unknownName(`Option "${unknown}"`, nearestName(unknown, SETTING_NAMES), cure);
}

function unknownName(what: string, near: string | null, otherwise: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `${what} is not known.`,
    cure: near === null ? otherwise : `Did you mean ${near}?`,
  });
}
