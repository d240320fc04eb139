import { createHash } from 'node:crypto';
import { createMemoryGate } from '@tallygate/gate';
import { type Attribution, type BudgetGate, nanoFromUsd, UNASSIGNED } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { breakLedger, type TestPlane, testPlane } from '../testing/planes.ts';
import {
  budgetOf,
  clock,
  configurationOf,
  NOW_MS,
  reconciliationOf,
  storedReportOf,
} from '../testing/served-world.ts';

const HOSTILE = `<script>alert("x")</script>'&<img src=x onerror=y>`;

async function pageOf(plane: TestPlane): Promise<string> {
  const response = await plane.get('/');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8');
  return response.text();
}

/** What a person reads: without tags, without the runs of white space between them. */
function textOf(page: string): string {
  const body = page.slice(page.indexOf('<body>')).replace(/<[^>]+>/g, ' ');
  return body
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replace(/\s+/g, ' ')
    .replace(/ ([,.:])/g, '$1');
}

async function spentGate(): Promise<BudgetGate> {
  const budgets = [
    budgetOf('company', '50'),
    budgetOf('support', '10', { team: 'support' }),
    { ...budgetOf('chat-day', '4', { team: 'support', feature: 'chat' }), period: 'day' as const },
    budgetOf('growth', '5', { team: 'growth' }),
  ];
  const configuration = configurationOf(budgets, { support: 'Customer Support', growth: 'Growth' });
  const gate = createMemoryGate({ organization: 'acme', clock, configuration });
  await charge(gate, 'attempt-1', 'support', '3', '3.25');
  await charge(gate, 'attempt-2', 'growth', '4', '5.5');
  await charge(gate, 'attempt-3', 'support', '0.5', null);
  return gate;
}

async function charge(
  gate: BudgetGate,
  attemptId: string,
  team: string,
  held: string,
  charged: string | null,
) {
  const attribution: Attribution = {
    team,
    feature: 'chat',
    environment: 'production',
    userPseudonym: null,
    workflow: null,
    taskType: null,
    tags: {},
  };
  const amount = nanoFromUsd(held);
  const limits = { expectedNanoUsd: amount, worstNanoUsd: amount, ttlMs: 60_000, configVersion: 1 };
  const reply = await gate.reserve({ attemptId, attribution, models: [], ...limits, enforce: true });
  if (reply.kind !== 'held') throw new Error(`${attemptId} must fit.`);
  if (charged !== null) await gate.settle({ hold: reply.hold, amountNanoUsd: nanoFromUsd(charged) });
}

async function spentPlane(): Promise<TestPlane> {
  const plane = testPlane(await spentGate());
  const endedAtMs = NOW_MS - 60_000;
  plane.history.calls.push(
    { team: 'support', feature: 'chat', endedAtMs, costNanoUsd: nanoFromUsd('3.25') },
    { team: 'growth', feature: 'copy', endedAtMs, costNanoUsd: nanoFromUsd('5.5') },
    { team: UNASSIGNED, feature: 'unnamed', endedAtMs, costNanoUsd: nanoFromUsd('1.25') },
    { team: 'support', feature: 'chat', endedAtMs: Date.UTC(2026, 9, 31), costNanoUsd: nanoFromUsd('99') },
  );
  plane.history.denialsAtMs.push(NOW_MS - 5, NOW_MS - 4, Date.UTC(2026, 9, 31));
  plane.history.reports.push(storedReportOf(reconciliationOf()));
  return plane;
}

describe('the overview of a month', () => {
  it('leads with the total of the month and the budget of the organization', async () => {
    const text = textOf(await pageOf(await spentPlane()));
    expect(text).toContain('November 2026, to date $10.00 3 calls by 2 teams');
    expect(text).toContain(
      'November: $8.75 and $0.50 held of $50.00 18% used, resets 1 Dec 00:00 Europe/Berlin',
    );
  });

  it('shows each team against its budgets; one without a budget by its spend alone', async () => {
    const text = textOf(await pageOf(await spentPlane()));
    expect(text).toContain('Growth 1 call, 55% of the total $5.50 $5.50 of $5.00 $0.50 over the limit');
    expect(text).toContain(
      'Customer Support 1 call, 33% of the total $3.25 $3.25 and $0.50 held of $10.00 37% used',
    );
    expect(text).toContain(
      'chat, 21 November: $3.25 and $0.50 held of $4.00 93% used, resets 22 Nov 00:00 Europe/Berlin',
    );
    expect(text).toContain('Unassigned 1 call, 13% of the total, no budget $1.25');
  });

  it('shows a pool by its name, and beside a budget which one it has', async () => {
    const budgets = [
      { ...budgetOf('support', '1', { team: 'support' }), pool: 'reserve' },
      { ...budgetOf('reserve', '3'), isPool: true as const },
    ];
    const configuration = configurationOf(budgets, { support: 'Customer Support' });
    const gate = createMemoryGate({ organization: 'acme', clock, configuration });
    await charge(gate, 'attempt-1', 'support', '3.9', '3.8');
    const text = textOf(await pageOf(testPlane(gate)));
    expect(text).toContain('$1.00 of $1.00, then pool reserve used up');
    expect(text).toContain('pool reserve, November: $2.80 of $3.00 93% used');
    expect(text).toContain('pool reserve, November 93% used');
  });

  it('says beside a budget what its breaker is', async () => {
    const velocity = { floorNanoUsd: nanoFromUsd('5'), times: 4, pauseMinutes: 10 };
    const configuration = configurationOf([{ ...budgetOf('company', '50'), velocity }], {});
    const text = textOf(
      await pageOf(testPlane(createMemoryGate({ organization: 'acme', clock, configuration }))),
    );
    expect(text).toContain(
      '$0.00 of $50.00, breaks above $5.00 in 5 minutes and 4 times the median, for 10 minutes',
    );
  });

  it('leads from ours to the bill, exact to the last digit, with how fresh that is', async () => {
    const text = textOf(await pageOf(await spentPlane())).replace(/(\.\d\d) (\d)/g, '$1$2');
    for (const line of [
      'to 14:05 UTC, 3 min old',
      '1 day open: usage may still arrive.',
      '1 day provisional: the provider may still adjust.',
      'A part of the bill has no explanation yet.',
      'Recorded here at list price, as the provider bills $1.2500000000',
      '+$0.0024000000',
      '−$0.0000000004',
      '+$0.0006000004',
      'Residual not explained by any evidence +$0.0100000000',
      'Billed by the provider $1.2630000000',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('shows the bill of each organization of the provider by itself, with its own freshness', async () => {
    const plane = await spentPlane();
    const { toMs } = reconciliationOf();
    const lab = { createdAtMs: NOW_MS - 3_600_000, toMs, billedPicoUsd: 7_000_000_000_000n };
    for (const [id, changes] of [
      ['org-main', {}],
      ['org-<lab', lab],
    ] as const)
      plane.history.reports.push(storedReportOf(reconciliationOf(changes), id));
    const page = await pageOf(plane);
    const bills = textOf(page).split('Against the bill').slice(1);
    expect(bills.map((bill) => /of org-\S+/.exec(bill)?.[0])).toEqual(['of org-<lab', 'of org-main']);
    for (const told of ['to 13:08 UTC, 1 h old', 'Billed by the provider $7.00'])
      expect(bills[0]).toContain(told);
    for (const told of ['to 14:05 UTC, 3 min old', 'Billed by the provider $1.26'])
      expect(bills[1]).toContain(told);
    const ids = [...page.matchAll(/\sid="(bill[^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual(['bill', 'bill-2']);
  });

  it('counts the denials of this month and names the budgets with the least room', async () => {
    const text = textOf(await pageOf(await spentPlane()));
    expect(text).toContain('2 calls this month');
    expect(text).toContain('Growth, November $0.50 over the limit');
    expect(text).toContain('chat of Customer Support, 21 November 93% used');
  });

  it('ends the list of features with the total', async () => {
    const text = textOf(await pageOf(await spentPlane()));
    expect(text).toContain('copy Growth Growth 1 $5.50 55%');
    expect(text).toContain('All features 3 $10.00');
  });
});

describe('the overview says what to do next', () => {
  const fresh = () => testPlane(createMemoryGate({ organization: 'acme', clock }));

  it('before the first call, the first budget and the first reconciliation', async () => {
    const text = textOf(await pageOf(fresh()));
    for (const step of ['tally.wrap(new Anthropic())', 'tallygate apply', 'tallygate reconcile']) {
      expect(text).toContain(step);
    }
  });

  it('where the ledger does not answer: the reason and the cure, no zero in its place', async () => {
    const plane = testPlane(await spentGate());
    breakLedger(plane);
    const text = textOf(await pageOf(plane));
    expect(text).toContain('The ledger is away. Check the ClickHouse URL');
    expect(text).toContain('to date unknown');
    expect(text).toContain('Customer Support unknown $3.25 and $0.50 held of $10.00');
    expect(text).not.toMatch(/calls this month|Against the bill|\$0\.00/);
  });

  it('where the gate does not answer', async () => {
    const plane = await spentPlane();
    await plane.runtime.gate.close();
    const text = textOf(await pageOf(plane));
    expect(text).toContain('The gate was closed');
    expect(text).toContain('$10.00 3 calls');
    expect(text).not.toContain('No budget is published');
  });

  it('where the ledger is silent: the page does not wait with it', async () => {
    const plane = testPlane(await spentGate());
    breakLedger(plane, () => new Promise<never>(() => {}));
    expect(textOf(await pageOf(plane))).toContain('The ledger gave no answer within 50 ms.');
  });
});

describe('the overview is safe to open', () => {
  it('writes every name from outside as text', async () => {
    const budgets = [
      budgetOf('company', '50'),
      budgetOf('hostile', '9', { team: HOSTILE, feature: HOSTILE }),
      budgetOf('hostile-feature', '9', { feature: HOSTILE }),
    ];
    const configuration = configurationOf(budgets, { [HOSTILE]: `name ${HOSTILE}` });
    const plane = testPlane(createMemoryGate({ organization: 'acme', clock, configuration }));
    const endedAtMs = NOW_MS - 1;
    plane.history.calls.push(
      { team: HOSTILE, feature: HOSTILE, endedAtMs, costNanoUsd: 5n },
      { team: `other ${HOSTILE}`, feature: `"><svg onload=z>`, endedAtMs, costNanoUsd: 5n },
    );
    const caveats = [{ caveat: 'key_unresolved' as const, detail: HOSTILE }];
    plane.history.reports.push(storedReportOf(reconciliationOf({ caveats })));
    const page = await pageOf(plane);
    expect(page).not.toMatch(/<script|<img|<svg onload|onerror=y>(?!&)/);
    expect(
      page.match(/&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;/g)?.length,
    ).toBeGreaterThanOrEqual(7);
  });

  it('writes the text of an outage as text', async () => {
    const plane = testPlane(await spentGate());
    const { TallygateError } = await import('@tallygate/usage');
    breakLedger(plane, async () => {
      throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: HOSTILE });
    });
    const page = await pageOf(plane);
    expect(page).not.toMatch(/<script|<img/);
    expect(page).toContain('&lt;script&gt;');
  });

  it('isolates names, so that right-to-left text turns nothing around it', async () => {
    const plane = await spentPlane();
    plane.history.calls.push({
      team: 'a',
      feature: '\u202eevil',
      endedAtMs: NOW_MS - 1,
      costNanoUsd: 10n ** 10n,
    });
    expect(await pageOf(plane)).toContain('<bdi>\u202eevil</bdi>');
  });

  it('loads nothing, runs nothing, and has the one style that the policy knows by its hash', async () => {
    const response = await (await spentPlane()).get('/');
    const page = await response.text();
    expect(page).not.toMatch(
      /<script|<link|<img|<iframe|<form|\ssrc=|https?:|url\((?!#held)|@import|\sstyle=|\son[a-z]+=/,
    );
    const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style = '']) => style);
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256')
      .update(styles[0] ?? '')
      .digest('base64');
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  it('is stored nowhere, framed nowhere and sniffed by nobody; every answer is', async () => {
    const plane = await spentPlane();
    for (const path of ['/', '/v1/budgets', '/nothing', '/healthz']) {
      const { headers } = await plane.get(path);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
