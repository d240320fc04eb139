/**
 * What `tallygate init` writes: a file that applies as it is (and changes nothing), with an example of everything beside it.
 */
export const STARTER_FILE = `# Who pays for calls to Claude, and how much they may spend.
# See what would change: tallygate plan    Put it in force: tallygate apply --reason "..."
version: 1
# organization: acme

# Calls of a team that is not listed: unassigned (charged there and listed in reports) or refuse.
unknownTeams: unassigned

teams: []
#  - id: support
#    name: Customer support
#    aliases: [helpdesk]          # former or other names; their calls are charged to this team
#    costCentre: "4711"
#    owners: [ann@example.com]
#    apiKeys: [apikey_01...]       # the provider's ids, as "tallygate bill" lists them: whose usage on the bill is theirs
#    workspaces: [wrkspc_01...]
#    charging: chargeback          # what its monthly statement is for: showback, quota or chargeback (the default)

budgets: []
#  - id: support-monthly
#    scope: { team: support }     # and/or feature; without scope: the whole organization
#    each: user                   # one budget of this limit for each user, team, feature, environment, workflow or model
#    limit: { usd: "500.00" }
#    period: month                # or day
#    timeZone: Europe/Berlin      # its calendar decides when the period begins
#    mode: enforce                # or observe: deny nobody, record who would have been
#    overage: 10%                 # how far calls in flight may pass the limit at their worst; 0% where it is left out
#    pool: reserve                # holds what does not fit; listed under pools, and shared by all budgets that name it
#    onOutage: block              # or allow, or allowance: what happens while the gate cannot answer
#    ladder:                      # tried in this order before a call that does not fit is denied; without it: denied at once
#      - { step: trim, minOutputTokens: 1024 }            # lower max_tokens, to no less than this
#      - { step: standard-speed }                         # take fast mode off
#      - { step: downgrade, model: claude-haiku-5-5 }     # ask this model, where it is cheaper

pools: []
#  - id: reserve
#    limit: { usd: "200.00" }     # in the measure of its budgets
#    period: month                # also timeZone, overage and alerts, as for budgets

# What becomes of an answer whose caller leaves: cut (ended at the provider, its output estimated; as for features that are not
# listed) or drain (read on behind the caller for its exact usage: for backends that bill the whole of it anyway).
features: []
#  - id: ticket-summary
#    onLeave: drain
#    drainSeconds: 60             # at most so long and so much of it; what is beyond is cut
#    drainMegabytes: 32

contractPrices: []
#  - id: order-form-2026
#    model: claude-opus-5-5       # left out: every model
#    effectiveFrom: 2026-01-01    # 00:00 UTC; effectiveTo is the day after the last
#    discountPercent: "12.5"      # off list price; or usdPerMtok: { input, cacheRead, cacheWrite5m, cacheWrite1h, output }
#    source: order form of 2026-01-05

# How the provider's bill becomes statements and journals; what is left out stays at the unallocated cost centre.
finance:
#  billing: invoiced              # or prepaid: usage is drawn from credit that was bought before
#  shared: proportional           # tax, credits, commitments: by what each team spent; or even, unallocated, { team: support }
#  unattributed: unallocated      # usage of no listed team, and usage that was not metered; as shared
#  entity: ACME Inc.
#  expenseAccount: "6450"
#  clearingAccount: "2190"
#  clearingCostCentre: "4000"
#  unallocatedCostCentre: "4999"
#  toleranceUsd: "0.05"           # what reconcile may leave unexplained, either way, and still exit 0

# Keys of the tags that calls may carry; others are dropped.
tagAllowList: []

# A model without a price: dearest (priced as the dearest one), deny, or { like: <model> }.
unpricedModels: dearest
`;
