import { CONFIGURATION_FILE, type LoadedConfig } from '../configuration/load.ts';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { needsNoDirectory } from '../runtime/usable-directory.ts';
import { attempt, type Check, describeCheck, fail, ok, warn } from './check.ts';
import { checkAdminKeys } from './check-admin-key.ts';
import { checkDataDirectory } from './check-data-directory.ts';
import { checkRedis } from './check-redis.ts';
import { checkRuntime } from './check-runtime.ts';
import { checkSpoolFiles } from './check-spool.ts';
import type { CliContext, CommandOutcome, GlobalOptions } from './context.ts';
import { loadFor } from './with-runtime.ts';

/** `tallygate doctor`: looks at everything a process needs, and says what to do about what it finds. Exit 3 when one fails. */
export async function doctorCommand(context: CliContext, options: GlobalOptions): Promise<CommandOutcome> {
  const checks = [checkNode(context.versions.node), ...(await checkConfigured(context, options))];
  const healthy = !checks.some(({ status }) => status === 'fail');
  return {
    exitCode: healthy ? 0 : 3,
    document: { schema: 'tallygate.doctor/1', versions: context.versions, healthy, checks },
    text: checks.map(describeCheck).join(''),
  };
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const supported = major > 20 || (major === 20 && minor >= 19);
  return supported
    ? ok('node', version)
    : fail('node', `${version} is too old`, 'Install Node.js 20.19 or newer.');
}

async function checkConfigured(context: CliContext, options: GlobalOptions): Promise<Check[]> {
  const loaded = await attempt('settings', () => loadFor(context, options));
  // Every other check would be about settings that are not the intended ones.
  if ('failed' in loaded) return [loaded.failed];
  const { config } = loaded.value;
  return [
    checkSettings(config),
    checkFile(loaded.value),
    checkDataDirectory(config.dataDirectory, context.userId, !needsNoDirectory(config)),
    ...(await checkSpoolFiles(context, config)),
    checkEngine(config, context.versions.chdb),
    ...(await checkAdminKeys(context, loaded.value)),
    ...(await checkRedis(context, config)),
    ...(await checkRuntime(context, loaded.value)),
  ];
}

function checkSettings({ organization, mode, url, redisUrl }: ResolvedConfig): Check {
  if (url !== null && redisUrl !== null)
    return warn(
      'settings',
      'a control plane and a Redis are both set',
      'Unset TALLYGATE_URL or TALLYGATE_REDIS_URL.',
    );
  return ok('settings', `organization ${organization}, mode ${mode}`);
}

function checkFile({ config, desired }: LoadedConfig): Check {
  if (desired === null || config.configFile === null)
    return warn(
      'file',
      `no ${CONFIGURATION_FILE}`,
      'Write one with "tallygate init" to list teams and budgets.',
    );
  return ok('file', `${config.configFile}: ${desired.teams.length} teams, ${desired.budgets.length} budgets`);
}

function checkEngine({ clickhouseUrl, url }: ResolvedConfig, chdb: string | null): Check {
  if (clickhouseUrl !== null) return ok('engine', 'a ClickHouse server');
  if (url !== null) return ok('engine', 'of the control plane');
  if (chdb !== null) return ok('engine', `embedded (chdb ${chdb})`);
  const cure = 'Install it with "npm install chdb", or set TALLYGATE_CLICKHOUSE_URL.';
  return warn('engine', 'chdb is not installed: usage is recorded and waits in the spool', cure);
}
