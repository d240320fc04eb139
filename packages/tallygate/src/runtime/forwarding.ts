import type { BatchOwners, BudgetGate, SpendHistory } from '@tallygate/usage';

/** A port that asks whoever answers at the moment. `ask` runs once per call and may open, replace or refuse. */
export function gateThrough(
  ask: <Reply>(question: (gate: BudgetGate) => Promise<Reply>) => Promise<Reply>,
  close: () => Promise<void>,
): BudgetGate {
  return {
    reserve: (request) => ask((gate) => gate.reserve(request)),
    settle: (request) => ask((gate) => gate.settle(request)),
    release: (hold) => ask((gate) => gate.release(hold)),
    extend: (hold, ttlMs) => ask((gate) => gate.extend(hold, ttlMs)),
    nowMs: () => ask((gate) => gate.nowMs()),
    balances: (only) => ask((gate) => gate.balances(only)),
    configuration: () => ask((gate) => gate.configuration()),
    publish: (snapshot) => ask((gate) => gate.publish(snapshot)),
    rebuild: () => ask((gate) => gate.rebuild()),
    outbox: {
      take: (most, forMs) => ask(({ outbox }) => outbox.take(most, forMs)),
      put: (alerts, forMs) => ask(({ outbox }) => outbox.put(alerts, forMs)),
      remove: (alerts) => ask(({ outbox }) => outbox.remove(alerts)),
      waiting: () => ask(({ outbox }) => outbox.waiting()),
    },
    close,
  };
}

export function historyThrough(
  ask: <Reply>(question: (history: SpendHistory) => Promise<Reply>) => Promise<Reply>,
): SpendHistory {
  return {
    spend: (query) => ask((history) => history.spend(query)),
    usage: (question) => ask((history) => history.usage(question)),
    counts: (range) => ask((history) => history.counts(range)),
    unknownUsage: (range) => ask((history) => history.unknownUsage(range)),
    estimates: (range) => ask((history) => history.estimates(range)),
    settledTotals: (organization, selection) =>
      ask((history) => history.settledTotals(organization, selection)),
    settlementGaps: (range) => ask((history) => history.settlementGaps(range)),
    usagePage: (query) => ask((history) => history.usagePage(query)),
    knownEvents: (query) => ask((history) => history.knownEvents(query)),
    lastReports: (organization, range) => ask((history) => history.lastReports(organization, range)),
    saveReport: (report) => ask((history) => history.saveReport(report)),
    lastConfigVersion: (organization) => ask((history) => history.lastConfigVersion(organization)),
    denial: (query) => ask((history) => history.denial(query)),
    configVersion: (query) => ask((history) => history.configVersion(query)),
    saveConfigVersion: (record) => ask((history) => history.saveConfigVersion(record)),
    recordAlert: (alert) => ask((history) => history.recordAlert(alert)),
    endAlert: (alert) => ask((history) => history.endAlert(alert)),
    sentAlerts: (query) => ask((history) => history.sentAlerts(query)),
    reportVersions: {
      append: (pull) => ask(({ reportVersions }) => reportVersions.append(pull)),
      newest: (question) => ask(({ reportVersions }) => reportVersions.newest(question)),
      list: (range) => ask(({ reportVersions }) => reportVersions.list(range)),
      read: (version) => ask(({ reportVersions }) => reportVersions.read(version)),
    },
    appendFinanceRecord: (record) => ask((history) => history.appendFinanceRecord(record)),
    financeRecords: (query) => ask((history) => history.financeRecords(query)),
  };
}

export function batchOwnersThrough(
  ask: <Reply>(question: (owners: BatchOwners) => Promise<Reply>) => Promise<Reply>,
): BatchOwners {
  return {
    put: (owner) => ask((owners) => owners.put(owner)),
    get: (key) => ask((owners) => owners.get(key)),
    markEnded: (key, endedAtMs) => ask((owners) => owners.markEnded(key, endedAtMs)),
    countedItems: (key) => ask((owners) => owners.countedItems(key)),
    markItemsCounted: (key, eventIds) => ask((owners) => owners.markItemsCounted(key, eventIds)),
  };
}
