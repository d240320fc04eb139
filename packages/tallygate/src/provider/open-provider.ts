import { type AdminApi, createAdminApi, isNotOffered, type ReportName } from '@tallygate/admin-api';
import { type Logger, TallygateError } from '@tallygate/usage';
import type { ProviderAccess } from '../configuration/provider-access.ts';
import type { PullHooks } from '../pulls/index.ts';

/** The reports of one organization of the provider, by whichever of its keys may read each. `hooks` store what is read. */
export function openProvider(access: ProviderAccess, logger: Logger, hooks?: PullHooks): AdminApi {
  const { keys, organizationId, providerUrl } = access;
  const open = ({ apiKey }: ProviderAccess['keys'][number]) =>
    createAdminApi({
      ...{ apiKey, logger, ...hooks },
      ...(providerUrl === null ? {} : { baseUrl: providerUrl }),
      ...(organizationId === null ? {} : { organizationId }),
    });
  const [key, ...others] = keys;
  return others.length === 0 ? open(key) : firstThatMay([open(key), ...others.map(open)]);
}

type Apis = readonly [AdminApi, ...AdminApi[]];

/** Each report from the first key that may read it. What none may is answered as the last one was. */
function firstThatMay(apis: Apis): AdminApi {
  return {
    messagesUsage: (question) => first(apis, (api) => api.messagesUsage(question)),
    costs: (question) => first(apis, (api) => api.costs(question)),
    analyticsUsage: (question) => first(apis, (api) => api.analyticsUsage(question)),
    analyticsCost: (question) => first(apis, (api) => api.analyticsCost(question)),
    claudeCode: (dayMs) => first(apis, (api) => api.claudeCode(dayMs)),
    apiKeys: () => first(apis, (api) => api.apiKeys()),
    workspaces: () => first(apis, (api) => api.workspaces()),
    async readableReports(nowMs) {
      const readable = new Set<ReportName>();
      for (const api of apis) for (const name of await api.readableReports(nowMs)) readable.add(name);
      return readable;
    },
  };
}

async function first<Answer>(
  [api, next, ...others]: Apis,
  ask: (api: AdminApi) => Promise<Answer>,
): Promise<Answer> {
  if (next === undefined) return ask(api);
  try {
    const answer = await ask(api);
    if (answer !== null) return answer;
  } catch (error) {
    if (!mayAnother(error)) throw error;
  }
  return first([next, ...others], ask);
}

/** A key that was revoked says nothing of the next one. An outage does. */
function mayAnother(error: unknown): boolean {
  const isRejected = TallygateError.isInstance(error) && error.code === 'TALLYGATE_KEY_REJECTED';
  return isRejected || isNotOffered(error);
}
