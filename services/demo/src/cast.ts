import { type Budget, type ConfigurationSnapshot, nanoFromUsd } from '@tallygate/usage';

/**
 * Who plays in the demonstration. Four teams with keys of their own; aborted streams have a key and a model to themselves,
 * so that what they really cost can be read from the provider's minute buckets instead of being inferred from a difference.
 */
export interface CastTeam {
  id: string;
  name: string;
  features: string[];
  model: string;
  apiKey: string;
  apiKeyId: string;
}

const key = (name: string) => `sk-ant-api03-${name}-opens-only-the-simulator-${'0'.repeat(24)}`;

export const TEAMS: readonly CastTeam[] = [
  {
    id: 'support',
    name: 'Support',
    features: ['ticket-summary', 'reply-draft'],
    model: 'claude-haiku-5-5',
    apiKey: key('sup'),
    apiKeyId: 'apikey_01Support',
  },
  {
    id: 'search',
    name: 'Search',
    features: ['query-rewrite', 'answer'],
    model: 'claude-sonnet-5-5',
    apiKey: key('sea'),
    apiKeyId: 'apikey_01Search',
  },
  {
    id: 'research',
    name: 'Research',
    features: ['deep-dive', 'web-research'],
    model: 'claude-opus-5-5',
    apiKey: key('res'),
    apiKeyId: 'apikey_01Research',
  },
  {
    id: 'growth',
    name: 'Growth',
    features: ['copywriting'],
    model: 'claude-sonnet-4-6',
    apiKey: key('gro'),
    apiKeyId: 'apikey_01Growth',
  },
];

/** Streams that callers leave half-way. They belong to the search team, under a key and model nobody else uses. */
export const ABORTS = { model: 'claude-opus-4-8', apiKey: key('abo'), apiKeyId: 'apikey_01Aborts' } as const;

const budget = (id: string, limitUsd: string, period: 'day' | 'month', scope: Budget['scope']): Budget => ({
  id,
  scope,
  period,
  timeZone: 'Europe/Berlin',
  limit: nanoFromUsd(limitUsd),
  onOutage: 'block',
});

/** Growth's budget is made to run out; everybody else has room. */
const BUDGETS: readonly Budget[] = [
  budget('company', '50', 'month', {}),
  budget('support', '5', 'month', { team: 'support' }),
  budget('search', '10', 'month', { team: 'search' }),
  budget('research', '20', 'month', { team: 'research' }),
  budget('growth', '0.25', 'month', { team: 'growth' }),
  budget('deep-dive-day', '8', 'day', { team: 'research', feature: 'deep-dive' }),
];

export function demoConfiguration(live: ConfigurationSnapshot): ConfigurationSnapshot {
  return {
    ...live,
    version: live.version + 1,
    teams: TEAMS.map(({ id, name }) => ({ id, name, aliases: [], costCentre: null, owners: [] })),
    budgets: [...BUDGETS],
  };
}
