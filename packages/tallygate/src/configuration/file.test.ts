import { FINANCE_DEFAULTS, TallygateError, usdFromNano } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfigurationYaml, readConfigurationFile } from './file.ts';
import { STARTER_FILE } from './starter-file.ts';

const parse = (text: string) => parseConfigurationYaml(text, 'tallygate.yaml');

function refusal(text: string): TallygateError {
  try {
    parse(text);
  } catch (error) {
    if (TallygateError.isInstance(error)) return error;
    throw error;
  }
  throw new Error(`accepted:\n${text}`);
}

const COMPLETE = `version: 1
organization: acme
unknownTeams: refuse
tagAllowList: [tenant, locale]
unpricedModels: { like: claude-opus-5 }
teams:
  - id: support
    name: Customer support
    aliases: [helpdesk, cs]
    costCentre: 0042
    owners: [ann@example.com]
  - id: search
budgets:
  - id: support-monthly
    scope: { team: support, feature: summary }
    limit: { usd: "500.00" }
    period: month
    timeZone: Europe/Berlin
    onOutage: allow
  - id: everything-daily
    limit: { usd: 100.10 }
    period: day
    mode: observe
    overage: 12.05%
    velocity: { floorUsd: "5.00", times: 4, pauseMinutes: 10 }
  - id: words
    limit: { tokens: 2000000 }
    period: hour
`;

/** A file that is complete but for one budget field. */
const withBudget = (fields: string) => `version: 1
teams: [{ id: support, aliases: [helpdesk] }]
budgets:
  - id: b1
    period: month
    limit: { usd: "5" }
    ${fields}
`;
const withPeriod = (period: string, field = '') => `version: 1
budgets:
  - id: b1
    period: ${period}
    limit: { usd: "5" }
    ${field}
`;
const withLimit = (usd: string) => `version: 1
budgets:
  - id: b1
    period: month
    limit: { usd: ${usd} }
`;

describe('a well-formed tallygate.yaml', () => {
  it('becomes the desired configuration, exact to the nano-dollar', () => {
    expect(parse(COMPLETE)).toEqual({
      organization: 'acme',
      unknownTeams: 'refuse',
      tagAllowList: ['tenant', 'locale'],
      unpricedModels: { like: 'claude-opus-5' },
      teams: [
        {
          id: 'support',
          name: 'Customer support',
          aliases: ['helpdesk', 'cs'],
          costCentre: '0042',
          owners: ['ann@example.com'],
        },
        { id: 'search', name: 'search', aliases: [], costCentre: null, owners: [] },
      ],
      budgets: [
        {
          id: 'support-monthly',
          scope: { team: 'support', feature: 'summary' },
          period: 'month',
          timeZone: 'Europe/Berlin',
          limit: 500_000_000_000n,
          onOutage: 'allow',
        },
        {
          id: 'everything-daily',
          scope: {},
          period: 'day',
          timeZone: 'UTC',
          limit: 100_100_000_000n,
          mode: 'observe',
          overageBasisPoints: 1_205,
          onOutage: 'block',
          velocity: { floorNanoUsd: 5_000_000_000n, times: 4, pauseMinutes: 10 },
        },
        {
          id: 'words',
          scope: {},
          period: 'hour',
          timeZone: 'UTC',
          measure: 'tokens',
          limit: 2_000_000n,
          onOutage: 'block',
        },
      ],
    });
  });

  it('needs only its version', () => {
    const nothing = {
      organization: null,
      teams: [],
      budgets: [],
      tagAllowList: [],
      unpricedModels: 'dearest',
    };
    expect(parse('version: 1')).toEqual({ ...nothing, unknownTeams: 'unassigned' });
    expect(parse('version: "1"\nteams:\nbudgets: ~\n')).toEqual({ ...nothing, unknownTeams: 'unassigned' });
  });

  it('keeps names that YAML of old would have turned into something else', () => {
    const [team] = parse(
      'version: 1\nteams: [{ id: no, name: on, costCentre: 1e3, owners: [null0, 007] }]',
    ).teams;
    expect(team).toMatchObject({ id: 'no', name: 'on', costCentre: '1e3', owners: ['null0', '007'] });
  });

  it('reads any amount exactly as it is written, quoted or not', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 63n - 1n), fc.boolean(), (amountNanoUsd, quoted) => {
        const usd = usdFromNano(amountNanoUsd);
        const [budget] = parse(withLimit(quoted ? `"${usd}"` : usd)).budgets;
        expect(budget?.limit).toBe(amountNanoUsd);
      }),
      { seed: 20261121 },
    );
  });

  it('lets an amount begin with zeros', () => {
    expect(parse(withLimit('000000000000500.50')).budgets[0]?.limit).toBe(500_500_000_000n);
  });

  it('is what init writes, with examples that apply once their comment signs are gone', () => {
    expect(parse(STARTER_FILE)).toMatchObject({ teams: [], budgets: [] });
    const uncommented = STARTER_FILE.replace(
      /^(teams|budgets|pools|features|contractPrices): \[\]$/gm,
      '$1:',
    ).replace(/^#( {2}.*)$/gm, '$1');
    expect(parse(uncommented)).toMatchObject({
      teams: [{ id: 'support', costCentre: '4711' }],
      budgets: [
        { id: 'support-monthly', limit: 500_000_000_000n, timeZone: 'Europe/Berlin', pool: 'reserve' },
        { id: 'reserve', isPool: true },
      ],
      features: [{ id: 'ticket-summary', onLeave: 'drain', drainSeconds: 60, drainMegabytes: 32 }],
      contractPrices: [{ model: 'claude-opus-5-5', effectiveFrom: '2026-01-01', discountPercent: '12.5' }],
      finance: { billing: 'invoiced', shared: 'proportional', expenseAccount: '6450' },
    });
  });
});

describe('what a file says about finance', () => {
  it('takes its defaults for what it leaves out, and is nothing where it says nothing', () => {
    expect(parse('version: 1\nfinance:\n').finance).toBeUndefined();
    const { finance, teams } = parse(
      'version: 1\nteams: [{ id: a, charging: quota }]\nfinance: { shared: { team: a }, expenseAccount: 0042 }',
    );
    expect(finance).toEqual({ ...FINANCE_DEFAULTS, shared: { team: 'a' }, expenseAccount: '0042' });
    expect(teams[0]?.charging).toBe('quota');
    expect(parse('version: 1\nfinance: { toleranceUsd: 0.05 }').finance?.toleranceUsd).toBe('0.05');
  });

  it.each([
    ['shared: { team: nobody }', 'finance.shared.team "nobody" is not listed under teams'],
    ['unattributed: silently', 'finance.unattributed "silently" is not a way to bear a cost'],
    ['billing: free', 'finance.billing "free" is not one of invoiced, prepaid'],
    ['glAccount: 1', 'finance.glAccount is not a known field'],
    ['toleranceUsd: some', 'finance.toleranceUsd "some" is not a plain decimal amount'],
    ['toleranceUsd: -1', 'finance.toleranceUsd "-1" is not a plain decimal amount'],
  ])('refuses %s', (written, problem) => {
    expect(() => parse(`version: 1\nteams: [{ id: a }]\nfinance: { ${written} }`)).toThrow(problem);
  });
});

describe('a tallygate.yaml with a mistake is refused with line, column, field and cure', () => {
  it.each([
    ['', 'tallygate.yaml:1:1: The file is empty. Begin it with "version: 1".'],
    ['- a', 'tallygate.yaml:1:1: The file is not a map of fields.'],
    ['teams: []', 'tallygate.yaml:1:1: version is missing. Write "version: 1".'],
    ['version: one', 'tallygate.yaml:1:10: version "one" is not one of 1.'],
    ['version: 1\nbugets: []', 'tallygate.yaml:2:1: bugets is not a known field. Did you mean budgets?'],
    ['version: 1\nxyzzyx: 1', 'tallygate.yaml:2:1: xyzzyx is not a known field. Known here are version,'],
    ['version: 1\nteams: support', 'tallygate.yaml:2:8: teams "support" is not a list.'],
    ['version: 1\nteams: [support]', 'tallygate.yaml:2:9: teams[0] "support" is not a map of fields.'],
    ['version: 1\nteams: [{ id: Support }]', 'tallygate.yaml:2:15: teams[0].id "Support" is not an id.'],
    [
      'version: 1\nteams: [{ id: unassigned }]',
      'tallygate.yaml:2:15: teams[0].id "unassigned" is the name for calls',
    ],
    ['version: 1\nteams: [{ id: a }, { id: a }]', 'tallygate.yaml:2:26: teams[1].id "a" is listed twice.'],
    [
      'version: 1\nteams: [{ id: a, aliases: [x] }, { id: b, aliases: [x] }]',
      'tallygate.yaml:2:53: teams[1].aliases[0] "x" already stands for team a.',
    ],
    [
      'version: 1\nteams: [{ id: a }, { id: b, aliases: [a] }]',
      'tallygate.yaml:2:39: teams[1].aliases[0] "a" already stands for team a.',
    ],
    [
      'version: 1\nteams: [{ id: a, costCenter: 1 }]',
      'tallygate.yaml:2:18: teams[0].costCenter is not a known field. Did you mean costCentre?',
    ],
    [
      'version: 1\nunpricedModels: cheapest',
      'tallygate.yaml:2:17: unpricedModels "cheapest" is not a choice',
    ],
    [
      'version: 1\nunpricedModels: { lik: a }',
      'tallygate.yaml:2:19: unpricedModels.lik is not a known field. Did you mean like?',
    ],
    [
      'version: 1\nunknownTeams: drop',
      'tallygate.yaml:2:15: unknownTeams "drop" is not one of unassigned, refuse.',
    ],
    [withLimit('-5'), 'tallygate.yaml:5:19: budgets[0].limit.usd "-5" is negative.'],
    [withLimit('"-0.01"'), 'tallygate.yaml:5:19: budgets[0].limit.usd "-0.01" is negative.'],
    [withLimit('5e2'), 'tallygate.yaml:5:19: budgets[0].limit.usd "5e2" is not a plain decimal amount.'],
    [withLimit('.5'), 'tallygate.yaml:5:19: budgets[0].limit.usd ".5" is not a plain decimal amount.'],
    [withLimit('5.'), 'tallygate.yaml:5:19: budgets[0].limit.usd "5." is not a plain decimal amount.'],
    [withLimit('.inf'), 'tallygate.yaml:5:19: budgets[0].limit.usd ".inf" is not a plain decimal amount.'],
    [withLimit('"$500"'), 'tallygate.yaml:5:19: budgets[0].limit.usd "$500" is not a plain decimal amount.'],
    [
      withLimit('"1,000"'),
      'tallygate.yaml:5:19: budgets[0].limit.usd "1,000" is not a plain decimal amount.',
    ],
    [withLimit(''), 'tallygate.yaml:5:20: budgets[0].limit.usd is empty.'],
    [withLimit('""'), 'tallygate.yaml:5:19: budgets[0].limit.usd is empty.'],
    [
      withLimit('0.0000000001'),
      'tallygate.yaml:5:19: budgets[0].limit.usd "0.0000000001" has more than nine digits',
    ],
    [
      withLimit('9223372036.854775808'),
      'tallygate.yaml:5:19: budgets[0].limit.usd "9223372036.854775808" is more than',
    ],
    [
      withLimit('99999999999'),
      'tallygate.yaml:5:19: budgets[0].limit.usd "99999999999" is more than a budget can hold',
    ],
    [
      'version: 1\nbudgets: [{ id: b, period: day }]',
      'tallygate.yaml:2:11: budgets[0].limit is missing. Write one of limit: { usd: "500.00" }, { tokens: 2000000 } and { requests: 1000 }.',
    ],
    [
      'version: 1\nbudgets: [{ id: b, period: day, limit: 500 }]',
      'tallygate.yaml:2:40: budgets[0].limit "500" is not a map of fields.',
    ],
    [
      'version: 1\nbudgets: [{ id: b, period: day, limt: { usd: 5 } }]',
      'tallygate.yaml:2:33: budgets[0].limt is not a known field. Did you mean limit?',
    ],
    [
      withBudget('timeZone: Europe/Berln'),
      'tallygate.yaml:7:15: budgets[0].timeZone "Europe/Berln" is not a time zone. Did you mean Europe/Berlin?',
    ],
    [
      withBudget('timeZone: Mars'),
      'tallygate.yaml:7:15: budgets[0].timeZone "Mars" is not a time zone. Write an IANA name',
    ],
    [
      withBudget('onOutage: fail'),
      'tallygate.yaml:7:15: budgets[0].onOutage "fail" is not one of allow, block, allowance.',
    ],
    [
      withBudget('overage: 100.01%'),
      'tallygate.yaml:7:14: budgets[0].overage "100.01%" is no overage. Write a percentage of the limit from 0% to 100%, with at most two digits after the point, such as 10%.',
    ],
    [
      withBudget('velocity: { floorUsd: "0", times: 4, pauseMinutes: 10 }'),
      'tallygate.yaml:7:27: budgets[0].velocity.floorUsd is nothing. Write what five minutes may always cost, more than nothing, such as "5.00".',
    ],
    [
      withBudget('velocity: { floorUsd: "5", times: 1, pauseMinutes: 10 }'),
      'tallygate.yaml:7:39: budgets[0].velocity.times "1" is not from 2 to 100. Write a whole number from 2 to 100, such as 4.',
    ],
    [
      withBudget('velocity: { floorUsd: "5", times: 4, pauseMinutes: 1.5 }'),
      'tallygate.yaml:7:56: budgets[0].velocity.pauseMinutes "1.5" is not from 1 to 1440.',
    ],
    [
      withBudget('velocity: { floorUsd: "5", times: 4, pauseMinutes: 10 }').replace(
        '{ usd: "5" }',
        '{ tokens: 5 }',
      ),
      'tallygate.yaml:7:15: budgets[0].velocity is for budgets in USD. Leave velocity out.',
    ],
    [withBudget('overage: 10'), 'tallygate.yaml:7:14: budgets[0].overage "10" is no overage.'],
    [
      withBudget('mode: dry-run'),
      'tallygate.yaml:7:11: budgets[0].mode "dry-run" is not one of enforce, observe.',
    ],
    [
      'version: 1\nbudgets:\n  - id: b1\n    period: month\n    limit: { tokens: 5, requests: 5 }\n',
      'tallygate.yaml:5:12: budgets[0].limit is in two measures. Write one of limit: { usd: "500.00" }, { tokens: 2000000 } and { requests: 1000 }.',
    ],
    [
      'version: 1\nbudgets:\n  - id: b1\n    period: month\n    limit: {}\n',
      'tallygate.yaml:5:12: budgets[0].limit is in nothing.',
    ],
    [
      'version: 1\nbudgets:\n  - id: b1\n    period: month\n    limit: { tokens: 1e6 }\n',
      'tallygate.yaml:5:22: budgets[0].limit.tokens "1e6" is not a whole number.',
    ],
    [
      'version: 1\nbudgets:\n  - id: b1\n    period: month\n    limit: { requests: 5 }\n    onOutage: allowance\n    allowance: { usd: 5 }\n',
      'tallygate.yaml:7:16: budgets[0].allowance is in usd, and the limit in requests. Write both in one.',
    ],
    [
      withBudget('onOutage: allowance'),
      'tallygate.yaml:7:15: budgets[0].onOutage names no amount. Write allowance: { usd: "5.00" } beside onOutage: allowance.',
    ],
    [
      withBudget('allowance: { usd: 5 }'),
      'tallygate.yaml:7:16: budgets[0].allowance belongs to onOutage: allowance, not to block.',
    ],
    [
      withBudget('onOutage: allowance\n    allowance: { usd: 1e3 }'),
      'tallygate.yaml:8:23: budgets[0].allowance.usd "1e3" is not a plain decimal amount.',
    ],
    [
      withBudget('scope: { team: suport }'),
      'tallygate.yaml:7:20: budgets[0].scope.team "suport" is not listed under teams. Did you mean support?',
    ],
    [
      withBudget('scope: { team: helpdesk }'),
      'tallygate.yaml:7:20: budgets[0].scope.team "helpdesk" is an alias of team support. Write team: support.',
    ],
    [
      withBudget('scope: { feature: chat }\n    each: feature'),
      'tallygate.yaml:8:11: budgets[0].each the scope is of one feature, "chat". Leave out each, or feature in the scope.',
    ],
    [
      withBudget('each: person'),
      'tallygate.yaml:7:11: budgets[0].each "person" is not one of team, feature, environment, workflow, user, model.',
    ],
    [
      withPeriod('{ rolling: 24h }', 'each: user'),
      'tallygate.yaml:4:24: budgets[0].period.rolling a budget for each user has no window. Write a period such as day',
    ],
    ...['0h', '91d', '1.5h', '30s', '24'].map((window): [string, string] => [
      withPeriod(`{ rolling: ${window} }`),
      `tallygate.yaml:4:24: budgets[0].period.rolling "${window}" is no window. Write whole minutes, hours or days`,
    ]),
    [withBudget('scope: { users: u1 }'), 'tallygate.yaml:7:14: budgets[0].scope.users is not a known field.'],
    [
      withBudget('scope: { user: u-42 }'),
      'tallygate.yaml:7:20: budgets[0].scope.user "u-42" is no pseudonym of a user. Write the pseudonym that',
    ],
    [
      withBudget('scope: { model: claude-sonet-5 }'),
      'tallygate.yaml:7:21: budgets[0].scope.model "claude-sonet-5" is not a known model. Did you mean claude-sonnet-5?',
    ],
    [
      withBudget('scope: { model: global.anthropic.claude-haiku-5-5 }'),
      'tallygate.yaml:7:21: budgets[0].scope.model "global.anthropic.claude-haiku-5-5" is another name of claude-haiku-5-5. Write model: claude-haiku-5-5.',
    ],
    [
      `${withBudget('')}  - { id: b1, period: day, limit: { usd: 1 } }\n`,
      'tallygate.yaml:8:11: budgets[1].id "b1" is listed twice.',
    ],
    ['version: 1\nteams:\n  - id: a\n   name: b', 'tallygate.yaml:4:1:'],
    ['version: 1\nversion: 1', 'tallygate.yaml:2:1: Map keys must be unique.'],
    ['version: 1\nteams: "open', 'tallygate.yaml:2:13: Missing closing "quote.'],
    ['version: 1\n--- \nversion: 1', 'tallygate.yaml:2:1:'],
    ['version: !!float 1', 'tallygate.yaml:1:10:'],
  ])('%j', (text, sentence) => {
    const error = refusal(text);
    expect(error.message).toContain(sentence);
    expect(error.message).not.toContain('\n');
    expect(error.code).toBe('TALLYGATE_CONFIGURATION_INVALID');
    expect(error.exitCode).toBe(2);
    expect(error.cure.length).toBeGreaterThan(8);
  });

  it('says "newer" before it calls anything in a newer file a mistake', () => {
    const error = refusal('fancyNewThing: 5\nversion: 2\n');
    expect(error.code).toBe('TALLYGATE_VERSION_UNSUPPORTED');
    expect(error.message).toContain(
      'tallygate.yaml:2:10: The file has version 2, this tallygate reads version 1.',
    );
  });

  it('does not let aliases of a small file grow without end', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`,
    );
    expect(refusal(['version: 1', 'a0: &a0 [x]', ...levels].join('\n')).message).toContain(
      'expand to too much',
    );
  });

  it('answers any text at all with a configuration or with one of our errors', () => {
    const fragment = fc.constantFrom(
      'version: 1\n',
      'teams:\n',
      '  - id: a\n',
      'budgets: ',
      '{',
      '[',
      '*x',
      '&x ',
      '!!y ',
      '\t',
      ': ',
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fragment, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          parse(parts.join(''));
        } catch (error) {
          expect(TallygateError.isInstance(error)).toBe(true);
        }
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });

  it('names a file that does not exist, and the command that writes one', () => {
    expect(() => readConfigurationFile('/nowhere/tallygate.yaml')).toThrow(
      '/nowhere/tallygate.yaml does not exist. Write one with "tallygate init", or correct --config.',
    );
  });
});
