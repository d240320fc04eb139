import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DesiredConfiguration, readConfigurationFile } from './file.ts';
import { type ConfigSources, resolveConfig } from './resolve.ts';
import type { ResolvedConfig } from './resolved.ts';

/** The name that is looked for in the working directory when nothing names a file. */
export const CONFIGURATION_FILE = 'tallygate.yaml';

export interface LoadedConfig {
  config: ResolvedConfig;
  /** What the configuration file asks for; null when there is none. */
  desired: DesiredConfiguration | null;
}

/**
 * `resolveConfig` with the configuration file read: the named one, which must exist, else ./tallygate.yaml where there is
 * one. The only part of configuration that touches the disk.
 */
export function loadConfig(sources: Omit<ConfigSources, 'file'>): LoadedConfig {
  const named = resolveConfig(sources);
  const standard = resolve(sources.workingDirectory, CONFIGURATION_FILE);
  const path = named.configFile ?? (existsSync(standard) ? standard : null);
  if (path === null) return { config: named, desired: null };
  const desired = readConfigurationFile(path);
  const file = { path, organization: desired.organization };
  return { config: resolveConfig({ ...sources, file }), desired };
}
