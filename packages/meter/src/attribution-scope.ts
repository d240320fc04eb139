import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attribution,
  type CallAttribution,
  type ConfigurationSnapshot,
  resolveTeam,
  UNASSIGNED,
} from '@tallygate/usage';
import { looksLikeEmailAddress, pseudonymOf, withoutAddress } from './pseudonym.ts';

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
  /**
   * Key of the HMAC over user ids and stable prefixes. Without one, users and prefixes are not recorded at all, and what looks
   * like an e-mail address is recorded as "redacted".
   */
  pseudonymKey: string | null;
  /** Only an enforcing meter may refuse a call for its team; an observing one charges it to `unassigned`. */
  mode: 'off' | 'observe' | 'enforce';
}

/**
 * Nothing in it names a person: the user is a pseudonym, tags are those of the allow-list, and a value that looks like an e-mail
 * address is replaced, unless `tallygate.yaml` itself uses it as the name of a team or in a budget.
 *
 * Request option over scope over defaults, resolved against the team registry and frozen.
 * @throws AttributionError in enforce mode, when the registry refuses unknown teams and the call names none, or one it does
 * not list.
 */
export function resolveAttribution(
  resolver: AttributionResolver,
  snapshot: ConfigurationSnapshot,
  requested: CallAttribution | undefined,
): Attribution {
  const scoped = scope.getStore() ?? {};
  const named = requested ? layered(scoped, requested) : scoped;
  const { defaults, pseudonymKey } = resolver;
  // A caller without types may pass a number: it is recorded, and the call goes on.
  const plain = (value: string) => nameless(String(value), pseudonymKey, snapshot);
  return Object.freeze({
    team: teamOf(resolver, snapshot, orNull(named.team ?? defaults.team, plain)),
    feature: plain(named.feature ?? defaults.feature ?? 'unnamed'),
    environment: plain(named.environment ?? defaults.environment ?? 'development'),
    userPseudonym:
      pseudonymKey === null ? null : orNull(named.user, (id) => pseudonymOf(pseudonymKey, String(id))),
    workflow: orNull(named.workflow, plain),
    taskType: orNull(named.taskType, plain),
    tags: allowedTags(named.tags, snapshot.tagAllowList, plain),
  });
}

function orNull(value: string | null | undefined, change: (value: string) => string): string | null {
  return value === null || value === undefined ? null : change(value);
}

/** Names that the platform team has given to teams and budgets are its own choice; replaced, their budgets would not be found. */
function nameless(value: string, key: string | null, { teams, budgets }: ConfigurationSnapshot): string {
  if (!looksLikeEmailAddress(value)) return value;
  const name = value.trim();
  const isConfigured =
    teams.some((team) => team.id === name || team.aliases.includes(name)) ||
    budgets.some(({ scope: covered }) => covered.team === name || covered.feature === name);
  return isConfigured ? value : withoutAddress(value, key);
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

function allowedTags(
  tags: Record<string, string> | undefined,
  allowList: readonly string[],
  plain: (value: string) => string,
): Record<string, string> {
  if (!tags) return {};
  const allowed = Object.entries(tags).filter(([name]) => allowList.includes(name));
  return Object.fromEntries(allowed.map(([name, value]) => [name, plain(value)]));
}
