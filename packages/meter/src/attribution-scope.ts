import { AsyncLocalStorage } from 'node:async_hooks';
import { createHmac } from 'node:crypto';
import {
  type Attribution,
  type CallAttribution,
  type ConfigurationSnapshot,
  resolveTeam,
  UNASSIGNED,
} from '@tallygate/usage';

const scope = new AsyncLocalStorage<CallAttribution>();

/** Attributes every call made inside `work`, also after awaits. Scopes nest: the inner one wins field by field. */
export function withAttribution<Result>(attribution: CallAttribution, work: () => Result): Result {
  return scope.run(layered(scope.getStore() ?? {}, attribution), work);
}

export interface AttributionDefaults {
  team: string | null;
  feature: string | null;
  environment: string | null;
}

export interface AttributionResolver {
  defaults: AttributionDefaults;
  /** Key of the HMAC over user ids. Without one, users are not recorded at all. */
  pseudonymKey: string | null;
  /** Only an enforcing meter may refuse a call for its team; an observing one charges it to `unassigned`. */
  mode: 'off' | 'observe' | 'enforce';
}

/**
 * Request option over scope over defaults, resolved against the team registry and frozen.
 * @throws AttributionError in enforce mode, when the registry refuses unknown teams and the call names none, or one it does
 * not list.
 */
export function resolveAttribution(
  resolver: AttributionResolver,
  snapshot: ConfigurationSnapshot,
  requested: CallAttribution | undefined,
): Attribution {
  const named = layered(scope.getStore() ?? {}, requested ?? {});
  return Object.freeze({
    team: teamOf(resolver, snapshot, named.team ?? resolver.defaults.team),
    feature: named.feature ?? resolver.defaults.feature ?? 'unnamed',
    environment: named.environment ?? resolver.defaults.environment ?? 'development',
    userPseudonym: pseudonym(resolver.pseudonymKey, named.user),
    workflow: named.workflow ?? null,
    taskType: named.taskType ?? null,
    tags: allowedTags(named.tags, snapshot.tagAllowList),
  });
}

function teamOf(
  resolver: AttributionResolver,
  snapshot: ConfigurationSnapshot,
  named: string | null,
): string {
  try {
    return resolveTeam(snapshot, named);
  } catch (error) {
    if (resolver.mode === 'enforce') throw error;
    return UNASSIGNED;
  }
}

function layered(outer: CallAttribution, inner: CallAttribution): CallAttribution {
  const named = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
  return { ...outer, ...named };
}

function pseudonym(key: string | null, user: string | undefined): string | null {
  if (key === null || user === undefined) return null;
  return createHmac('sha256', key).update(user).digest('base64url').slice(0, 22);
}

function allowedTags(
  tags: Record<string, string> | undefined,
  allowList: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(tags ?? {}).filter(([name]) => allowList.includes(name)));
}
